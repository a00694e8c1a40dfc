package dev.picos.testing;

import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for what nobody announces, such as the state of a thread or a garbage collection. */
public final class Wait {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private Wait() {}

  public static void until(BooleanSupplier condition) {
    long start = System.nanoTime();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - start > PATIENCE.toNanos()) {
        throw new AssertionError("still not so after " + PATIENCE);
      }
      LockSupport.parkNanos(50_000);
    }
  }

  /** The same for what is expected to be so in less time than it takes to sleep. */
  public static void untilSoon(BooleanSupplier condition) {
    for (int spins = 0; spins < 2_000; spins++) {
      if (condition.getAsBoolean()) {
        return;
      }
      if (spins % 100 == 99) {
        Thread.yield();
      } else {
        Thread.onSpinWait();
      }
    }
    until(condition);
  }

  /** Waits until {@code reference} is cleared, although {@code holders} are reachable. */
  public static void untilCollected(WeakReference<?> reference, Object... holders) {
    try {
      until(
          () -> {
            System.gc();
            return reference.get() == null;
          });
    } finally {
      Reference.reachabilityFence(holders);
    }
  }
}
