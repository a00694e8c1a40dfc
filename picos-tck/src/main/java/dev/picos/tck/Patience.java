package dev.picos.tck;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import java.lang.ref.WeakReference;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for something that nothing announces, but not for ever. */
final class Patience {
  /** The number of collections that have begun. Suites that run at the same time share them. */
  private static final AtomicInteger COLLECTIONS = new AtomicInteger();

  private Patience() {}

  /** Waits in a plain thread. */
  static void until(Rules rules, String what, BooleanSupplier condition) {
    RuleRunner.waitingFor(what);
    while (!condition.getAsBoolean()) {
      check(rules, what);
      LockSupport.parkNanos(100_000);
    }
  }

  /** Waits in a fiber that does nothing but yield. */
  static void yieldUntil(Rules rules, String what, BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      check(rules, what);
      Fiber.yield();
    }
  }

  /** Waits in a fiber that does nothing at all. */
  static void spinUntil(Rules rules, String what, BooleanSupplier condition) {
    while (!condition.getAsBoolean()) {
      check(rules, what);
      Thread.onSpinWait();
    }
  }

  /** Waits until nothing refers to all but a few of {@code references}. */
  static void untilCollected(Rules rules, List<? extends WeakReference<?>> references, int but) {
    until(
        rules,
        "the garbage collector to clear all but " + but + " of " + references.size(),
        () -> {
          collectGarbage();
          boolean collected = references.stream().filter(each -> each.get() != null).count() <= but;
          if (!collected) {
            LockSupport.parkNanos(20_000_000); // collecting stops all threads
          }
          return collected;
        });
  }

  /** Has a collection made that begins after the call, with others who wait for one. */
  private static void collectGarbage() {
    int before = COLLECTIONS.get();
    synchronized (COLLECTIONS) {
      if (COLLECTIONS.get() == before) {
        COLLECTIONS.incrementAndGet();
        System.gc();
      }
    }
  }

  /** Does something, in a plain thread of its own, once a fiber awaits {@code trigger}. */
  static void onceAwaited(Rules rules, Trigger trigger, Runnable action) {
    Task.start(
        () -> {
          until(rules, "a fiber to await the trigger", () -> isAwaited(trigger));
          action.run();
          return true;
        });
  }

  /** Suspends the calling fiber until another one awaits {@code trigger}. */
  static void joinOnceAwaited(Rules rules, Trigger trigger) {
    Computation<Boolean> awaited = new Computation<>();
    onceAwaited(rules, trigger, () -> awaited.tryReturn(true));
    awaited.join();
  }

  /** Runs {@code body}, while another thread does something again and again. */
  static void meanwhile(Rules rules, Runnable repeated, Runnable body) {
    AtomicBoolean over = new AtomicBoolean();
    Task.start(
        () -> {
          spinUntil(
              rules,
              "a rule to end",
              () -> {
                repeated.run();
                return over.get();
              });
          return true;
        });
    try {
      body.run();
    } finally {
      over.set(true);
    }
  }

  /** Whether a fiber awaits {@code trigger}, or is just about to be suspended for that. */
  static boolean isAwaited(Trigger trigger) {
    try {
      boolean unused = trigger.isInitial();
      return false;
    } catch (IllegalStateException awaited) {
      return true;
    }
  }

  /** Whether the fiber whose thread this is neither runs nor spins. */
  static boolean isSuspended(Thread thread) {
    return switch (thread.getState()) {
      case WAITING, TIMED_WAITING, BLOCKED -> true;
      default -> false;
    };
  }

  /** Whether it is time to give up. */
  static boolean isOver(Rules rules) {
    return System.nanoTime() - rules.deadline() > 0;
  }

  private static void check(Rules rules, String what) {
    if (isOver(rules)) {
      rules.gaveUp(what); // the run may then not return, and so not tell
      throw new AssertionError("waited in vain for " + what);
    }
  }
}
