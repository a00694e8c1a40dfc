package dev.picos.tests.domains;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import dev.picos.domains.UnfinishedRunException;
import dev.picos.sched.multififo.MultiFifoScheduler;
import dev.picos.testing.Task;
import dev.picos.testing.fibers.Fibers;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;

/**
 * What {@link UnfinishedRunTest} runs in a JVM of its own: runs are given up, one after the other,
 * whose fibers wait for monitors, while fibers of other runs start and end all the time.
 */
final class ManyReportsProgram {
  private static final int REPORTS = 300;

  private final AtomicBoolean stop = new AtomicBoolean();

  private ManyReportsProgram() {}

  public static void main(String[] arguments) throws Exception {
    new ManyReportsProgram().run();
  }

  private void run() throws Exception {
    List<Task<Boolean>> others =
        Stream.of(ThreadScheduler.create(), MultiFifoScheduler.builder().domains(2).build())
            .map(each -> Task.start(() -> spawnUntilStopped(each)))
            .toList();
    Scheduler scheduler =
        MultiFifoScheduler.builder().domains(2).runTimeout(Duration.ofMillis(2)).build();
    int named = 0;
    for (int i = 0; i < REPORTS; i++) {
      named += report(scheduler).contains(", which fiber ") ? 1 : 0;
    }
    stop.set(true);
    for (Task<Boolean> each : others) {
      boolean unused = each.result();
    }
    System.out.println(named > 0 ? "monitors were named" : "none was named");
  }

  private boolean spawnUntilStopped(Scheduler scheduler) {
    while (!stop.get()) {
      scheduler.run(
          () -> {
            for (int i = 0; i < 100; i++) {
              Fibers.start(
                  () -> {
                    synchronized (stop) {
                      Fiber.yield();
                    }
                    return true;
                  });
            }
          });
    }
    return true;
  }

  private static String report(Scheduler scheduler) {
    Object monitor = new Object();
    try {
      scheduler.run(
          () -> {
            Fibers.start(() -> awaitForEverIn(monitor));
            awaitForEverIn(monitor);
          });
    } catch (UnfinishedRunException expected) {
      return expected.getMessage();
    }
    throw new AssertionError("it has ended");
  }

  private static boolean awaitForEverIn(Object monitor) {
    synchronized (monitor) {
      new Computation<>().join();
    }
    return true;
  }
}
