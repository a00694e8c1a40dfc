package dev.picos.tests.core;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.std.resource.Owned;
import dev.picos.std.resource.Using;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Flock;
import dev.picos.std.sync.Mutex;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * What {@link StackEndTest} runs in JVMs of its own: a fiber calls itself until its stack ends, and
 * enters and leaves something in each call. However that ends, the fiber is as it was.
 */
final class ScopesAtStackEndProgram {
  private static final int ROUNDS = 20;

  private final AtomicInteger open = new AtomicInteger();
  private final Mutex mutex = new Mutex();
  private final int pad;
  private final Block<?> scope;
  private Fiber fiber = Fiber.current();
  private Computation<?> computation = fiber.computation();
  private int left;
  private int broken;

  private ScopesAtStackEndProgram(int pad) {
    this.pad = pad;
    this.scope =
        switch (System.getProperty("picos.program")) {
          case "bundle" -> () -> Bundle.run(bundle -> bundle.fork(() -> child()));
          case "promise" -> () -> Bundle.run(bundle -> bundle.forkAsPromise(this::child));
          case "flock" -> () -> Flock.run(() -> Flock.fork(() -> child()));
          case "within" -> () -> Control.runWithin(Duration.ofHours(1), () -> {});
          case "shielded" -> () -> Control.runShielded(() -> {});
          case "interruptible" -> () -> Control.runInterruptible(() -> {});
          case "using" ->
              () ->
                  Using.run(
                      open::incrementAndGet, one -> open.decrementAndGet(), one -> waste(pad % 50));
          case "owned" ->
              () ->
                  Owned.run(
                      open::incrementAndGet, one -> open.decrementAndGet(), owned -> owned.drop());
          case "mutex" -> () -> mutex.runLocked(() -> waste(pad % 50));
          default -> throw new IllegalArgumentException();
        };
  }

  private @Nullable Void child() {
    open.incrementAndGet();
    Fiber.yield();
    Fiber.yield();
    open.decrementAndGet();
    return null;
  }

  private void waste(int frames) {
    if (frames > 0) {
      waste(frames - 1);
    }
  }

  private void run() {
    fiber = Fiber.current();
    computation = fiber.computation();
    try {
      descend(pad % 9);
    } catch (StackOverflowError expected) {
      // as was wanted
    }
    check();
    enterAndLeave();
  }

  private void descend(int waste) {
    if (waste > 0) {
      descend(waste - 1);
      return;
    }
    try {
      enterAndLeave();
      descend(20 + pad % 9);
    } finally {
      check();
    }
  }

  private void enterAndLeave() {
    try {
      scope.run();
      left++;
    } catch (Exception unexpected) {
      throw new AssertionError(unexpected);
    }
  }

  /** This calls nothing that needs more stack than what has been left. */
  private void check() {
    if (fiber.forbidsCancelation() || fiber.computation() != computation || open.get() != 0) {
      broken++;
    }
  }

  public static void main(String[] arguments) {
    Scheduler scheduler =
        System.getProperty("picos.program.scheduler").equals("fifo")
            ? FifoScheduler.create()
            : ThreadScheduler.create();
    int left = 0;
    int broken = 0;
    for (int round = 0; round < ROUNDS; round++) {
      ScopesAtStackEndProgram program = new ScopesAtStackEndProgram(round);
      scheduler.run(program::run);
      left += program.left;
      broken += program.broken;
    }
    System.out.println((left > 0 ? "" : "none left, ") + broken + " broken");
  }
}
