package dev.picos.domains;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;

/**
 * What {@link NoThreadsTest} runs in JVMs of its own: this and that while no thread can be started,
 * because there is no address space for its stack.
 */
final class NoThreadsProgram {
  /** Less than a stack, and more than all else needs. */
  private static final long ROOM = 128L << 20;

  private static final Throwable REASON = new Throwable("reason", null, false, false) {};

  private static volatile boolean begun;
  private static volatile boolean signaled;
  private static int turns;

  private NoThreadsProgram() {}

  public static void main(String[] arguments) throws Exception {
    Limit limit = new Limit();
    limit.set();
    limit.lift(); // loads what is needed
    switch (System.getProperty("picos.program")) {
      case "timer" -> timer(limit);
      case "pool" -> pool(limit);
      case "share" -> share(limit);
      default -> throw new IllegalArgumentException();
    }
    System.exit(0);
  }

  private static void timer(Limit limit) throws IOException {
    limit.set();
    String first = outcome(WheelTimer::shared);
    limit.lift();
    Computation<Object> computation = new Computation<>();
    WheelTimer.shared().cancelAfter(computation, Duration.ZERO, REASON);
    while (computation.isRunning()) {
      Thread.onSpinWait();
    }
    System.out.println(first + ", then canceled");
  }

  private static void pool(Limit limit) throws IOException {
    QueueScheduler scheduler = QueueScheduler.create();
    Execution.checkSupported(); // the JDK starts a thread for virtual threads, and only once
    limit.set();
    String first = outcome(() -> scheduler.run(() -> {}));
    limit.lift();
    System.out.println(first + ", then " + outcome(() -> scheduler.run(() -> {})));
  }

  private static String outcome(Runnable step) {
    try {
      step.run();
      return "done";
    } catch (OutOfMemoryError noThread) {
      return "refused";
    }
  }

  /** Two runs that need the only domain, while no thread can be started for either of them. */
  private static void share(Limit limit) throws Exception {
    Trigger trigger = new Trigger();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread sleeper =
        inRun(
            failure,
            () -> {
              begun = true;
              failure.compareAndSet(null, trigger.await());
            });
    Domains pool = Domains.shared();
    while (!begun || pool.idleCount() == 0) {
      Thread.onSpinWait();
    }
    Thread busy =
        inRun(
            failure,
            () -> {
              turns = 1;
              while (turns < 100) {
                Fiber.yield();
                turns += signaled ? 1 : 0;
              }
            });
    while (pool.idleCount() > 0) {
      Thread.onSpinWait();
    }
    limit.set();
    trigger.signal();
    signaled = true;
    busy.join();
    sleeper.join();
    limit.lift();
    System.out.println("both ended, " + failure.get());
  }

  private static Thread inRun(AtomicReference<Throwable> failure, Runnable main) {
    return Thread.ofPlatform()
        .start(
            () -> {
              try {
                QueueScheduler.create().run(main::run);
              } catch (Throwable thrown) {
                failure.compareAndSet(null, thrown);
              }
            });
  }

  /** Another process that limits the address space of this one, as this needs a thread to fork. */
  private static final class Limit {
    private final PrintStream to;
    private final BufferedReader from;

    Limit() throws IOException {
      Process shell =
          new ProcessBuilder(
                  "sh",
                  "-c",
                  "while read -r limit; do prlimit --pid $0 --as=$limit:; echo done; done",
                  Long.toString(ProcessHandle.current().pid()))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      to = new PrintStream(shell.getOutputStream(), true);
      from = shell.inputReader();
    }

    void set() throws IOException {
      long pages = Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ")[0]);
      change(Long.toString(pages * 4096 + ROOM));
    }

    void lift() throws IOException {
      change("unlimited");
    }

    private void change(String limit) throws IOException {
      to.println(limit);
      if (!"done".equals(from.readLine())) {
        throw new IllegalStateException("the limit is as it was");
      }
    }
  }
}
