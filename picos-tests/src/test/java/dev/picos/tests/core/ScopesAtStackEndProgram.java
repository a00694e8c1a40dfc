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
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * What {@link StackEndTest} runs in JVMs of its own: a fiber calls itself until its stack ends, and
 * enters and leaves something in each call. However that ends, the fiber is as it was.
 */
final class ScopesAtStackEndProgram {
  private static final int ROUNDS = 20;

  /**
   * The scopes that are entered once in each descent, at every fifth depth or so. A fiber that
   * waits leaves its stack to the heap and goes on with one that is empty, so it could descend for
   * ever.
   */
  private static final Set<String> WAIT = Set.of("bundle", "promise", "flock");

  private static final int STEP = 5;

  private final String name = System.getProperty("picos.program");
  private final boolean waits = WAIT.contains(name);
  private final AtomicInteger open = new AtomicInteger();
  private final AtomicInteger ended = new AtomicInteger();
  private final Mutex mutex = new Mutex();
  private final int pad;
  private final Block<?> scope;
  private Fiber fiber = Fiber.current();
  private Computation<?> computation = fiber.computation();
  private int forked;
  private int depth;
  private int target;
  private int left;
  private int broken;

  private ScopesAtStackEndProgram(int pad) {
    this.pad = pad;
    this.scope =
        switch (name) {
          case "bundle" ->
              () ->
                  Bundle.run(
                      bundle -> {
                        bundle.fork(() -> child());
                        forked++;
                      });
          case "promise" ->
              () ->
                  Bundle.run(
                      bundle -> {
                        var unused = bundle.forkAsPromise(this::child);
                        forked++;
                      });
          case "flock" ->
              () ->
                  Flock.run(
                      () -> {
                        Flock.fork(() -> child());
                        forked++;
                      });
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
    ended.incrementAndGet();
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
    int ends = 0;
    while (ends < (waits ? 10 : 1)) {
      depth = 0;
      target += STEP;
      try {
        descend(pad % 9);
      } catch (StackOverflowError expected) {
        ends++;
      }
    }
    check();
    enterAndLeave();
  }

  private void descend(int waste) {
    if (waste > 0) {
      descend(waste - 1);
      return;
    }
    depth++;
    try {
      if (!waits || depth == target) {
        enterAndLeave();
      }
      if (!waits || depth < target) {
        descend(20 + pad % 9);
      }
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
    if (fiber.forbidsCancelation()
        || fiber.computation() != computation
        || open.get() != 0
        || ended.get() != forked) {
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
