package dev.picos.std.sync;

import dev.picos.core.Computation;
import dev.picos.core.Trigger;
import dev.picos.std.awaitable.AwaitableInt;
import dev.picos.std.awaitable.Registration;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntPredicate;

/**
 * How long the stress tests of what fibers may sleep on wait before they say that the wait was in
 * vain.
 */
final class Patience {
  /** The limit for an algorithm that is correct; it is never used up unless a wake-up is lost. */
  private static final Duration LONG = Duration.ofSeconds(20);

  /** The limit for twins, where wake-ups are lost often. */
  private static final Duration SHORT = Duration.ofMillis(20);

  private static final RuntimeException OVER = new CancellationException("patience is over");

  private Patience() {}

  /** Something that may take as long as the given time. */
  interface Attempt {
    boolean within(Duration duration);
  }

  /**
   * Returns whether an attempt succeeds before patience is over. An attempt that is not woken finds
   * out what it has missed when its time is over, and then succeeds; so the time is what tells.
   */
  static boolean suffices(Attempt attempt) {
    long start = System.nanoTime();
    return attempt.within(LONG) && System.nanoTime() - start < LONG.toNanos();
  }

  /**
   * For twins: sleeps until there is a signal, if the word is {@code before}. Returns {@code false}
   * if none comes although the word has become {@code free} for a while. Being slow is not enough
   * for that: a correct algorithm would have to stall between its change and its signal.
   */
  static boolean sleepsUntilWoken(AwaitableInt word, int before, IntPredicate free) {
    Trigger trigger = new Trigger();
    Registration awaiter = word.add(trigger);
    while (word.get() == before && !isSignaledSoon(trigger)) {
      trigger = new Trigger();
      boolean lost = free.test(word.get());
      if (lost) {
        LockSupport.parkNanos(SHORT.toNanos()); // the signal may be on its way
      }
      if (!awaiter.remove()) {
        return true;
      }
      if (lost) {
        return false;
      }
      awaiter = word.add(trigger);
    }
    boolean unused = awaiter.remove();
    return true;
  }

  private static boolean isSignaledSoon(Trigger trigger) {
    Computation<Object> limit = new Computation<>();
    limit.cancelAfter(SHORT, OVER);
    if (limit.tryAttach(trigger)) {
      Throwable unused = trigger.await();
    }
    return limit.tryReturn("signaled in time");
  }
}
