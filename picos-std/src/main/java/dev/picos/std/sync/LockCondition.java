package dev.picos.std.sync;

import dev.picos.core.Block;
import dev.picos.core.Fiber;
import dev.picos.std.awaitable.AwaitableLong;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What conditions of locks that can be poisoned have in common: a count of the signals. */
final class LockCondition {
  // For maintainers.
  //
  // Who waits takes the count while the lock is held, and then waits for another one. A signal
  // counts first and then wakes the oldest who has an older count, which is everyone who began to
  // wait before it. So no signal falls between the release of the lock and the wait, and one that
  // goes to a canceled waiter is passed on, by the awaitable, to someone it was meant for as well.

  private final AwaitableLong signals = new AwaitableLong(0);

  void signal() {
    signals.getAndIncrement();
    signals.signal();
  }

  void signalAll() {
    signals.getAndIncrement();
    signals.broadcast();
  }

  /**
   * Waits for a signal, or until {@code duration} is over, after {@code release}; runs {@code
   * acquire} before it ends in whatever way, with cancelation forbidden.
   */
  boolean await(
      Block<RuntimeException> release,
      Block<RuntimeException> acquire,
      @Nullable Duration duration) {
    long seen = signals.get();
    release.run();
    try {
      if (duration == null) {
        signals.await(seen);
        return true;
      }
      return signals.await(seen, duration);
    } finally {
      Fiber.current().forbid(acquire);
    }
  }

  int waiterCount() {
    return signals.waiterCount();
  }
}
