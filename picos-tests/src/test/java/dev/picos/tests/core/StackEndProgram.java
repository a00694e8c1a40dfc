package dev.picos.tests.core;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import dev.picos.core.Trigger;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import java.util.ArrayList;
import java.util.List;

/**
 * What {@link StackEndTest} runs in JVMs of its own: fibers wait, and something that calls itself
 * until its stack ends wakes one of them in each call. The first one that it cannot wake, and all
 * that follow, are woken afterwards.
 */
final class StackEndProgram {
  private static final int ROUNDS = 12;
  private static final int WAITERS = 3_000;
  private static final RuntimeException REASON = new RuntimeException("reason");

  private final boolean completes = System.getProperty("picos.program").equals("complete");
  private final List<Trigger> triggers = new ArrayList<>();
  private final List<Computation<Object>> computations = new ArrayList<>();
  private final int pad;
  private int next;

  private StackEndProgram(int pad) {
    this.pad = pad;
    for (int i = 0; i < WAITERS; i++) {
      triggers.add(new Trigger());
      computations.add(new Computation<>());
    }
  }

  public static void main(String[] arguments) throws Exception {
    Scheduler scheduler =
        System.getProperty("picos.program.scheduler").equals("fifo")
            ? FifoScheduler.create()
            : ThreadScheduler.create();
    for (int round = 0; round < ROUNDS; round++) {
      new StackEndProgram(round).wake(scheduler);
    }
    System.out.println("all woken");
  }

  private void wake(Scheduler scheduler) throws Exception {
    switch (System.getProperty("picos.program.signaler")) {
      case "within" ->
          scheduler.run(
              () -> {
                spawnWaiters();
                awaitWaiters();
                wakeAll();
              });
      case "thread" -> {
        Task<Boolean> run = Task.start(() -> scheduler.run(this::spawnWaiters));
        Wait.until(this::allAwait);
        // on a small stack, which ends elsewhere each time
        Thread deep = new Thread(null, this::wakeAll, "deep", 200_000 + pad * 1_237);
        deep.start();
        deep.join();
        boolean unused = run.result();
      }
      case "other" -> {
        Task<Boolean> run = Task.start(() -> scheduler.run(this::spawnWaiters));
        Wait.until(this::allAwait);
        scheduler.run(this::wakeAll);
        boolean unused = run.result();
      }
      default -> throw new IllegalArgumentException();
    }
  }

  private void spawnWaiters() {
    for (int i = 0; i < WAITERS; i++) {
      int index = i;
      Fiber.spawn(new Fiber(new Computation<>()), fiber -> await(fiber, index));
    }
  }

  private void await(Fiber fiber, int index) {
    if (completes) {
      Computation<Object> inner = new Computation<>();
      Trigger unused = Computation.attachCanceler(computations.get(index), inner);
      fiber.setComputation(inner);
    }
    Throwable reason = triggers.get(index).await();
    if (completes != (reason == REASON)) {
      throw new AssertionError(reason);
    }
  }

  private boolean allAwait() {
    return triggers.stream().noneMatch(each -> each.toString().equals("Trigger[initial]"));
  }

  private void awaitWaiters() {
    while (!allAwait()) {
      Fiber.yield();
    }
  }

  private void wakeAll() {
    try {
      wakeNext(10 + pad % 9);
    } catch (StackOverflowError expected) {
      // as was wanted
    }
    while (next < WAITERS) {
      wakeOne();
    }
  }

  private void wakeNext(int waste) {
    if (waste > 0) {
      wakeNext(waste - 1);
      return;
    }
    wakeOne();
    wakeNext(10 + pad % 9);
  }

  /** If this throws, nothing has happened, and the same one is next. */
  private void wakeOne() {
    if (completes) {
      computations.get(next).tryCancel(REASON);
    } else {
      triggers.get(next).signal();
    }
    next++;
  }
}
