package dev.picos.std.sync;

import java.time.Duration;

/**
 * How long the stress tests of what may be slept on wait before they say that it was in vain. One
 * that is not woken finds out what it has missed when its time is over, and then goes on; so it is
 * the time that tells.
 */
final class Patience {
  /** Never used up unless a wake-up is lost. */
  static final Duration LONG = Duration.ofSeconds(20);

  /** For twins, where wake-ups are lost often. */
  static final Duration SHORT = Duration.ofMillis(50);

  private Patience() {}

  /** Something that may take as long as that. */
  interface Attempt {
    boolean within(Duration duration);
  }

  /** Returns whether an attempt succeeds before patience is over. */
  static boolean suffices(Duration patience, Attempt attempt) {
    long start = System.nanoTime();
    return attempt.within(patience) && System.nanoTime() - start < patience.toNanos();
  }
}
