package dev.picos.std.internal;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The timed forms of waits: for so long and no longer. */
public final class TimeLimit {
  private static final Exception OVER =
      new Exception("waited long enough", null, false, false) {
        private static final long serialVersionUID = 1L;
      };

  private TimeLimit() {}

  /** A wait that ends, without success, when {@code limit} completes. */
  @FunctionalInterface
  public interface Wait {
    /** Waits; returns whether what was waited for has come. */
    boolean until(Computation<?> limit);
  }

  /**
   * Refuses a negative duration. To be called ahead of the attempt that may make a wait needless.
   *
   * @throws IllegalArgumentException if {@code duration} is negative
   */
  public static void check(Duration duration) {
    if (duration.isNegative()) {
      throw new IllegalArgumentException("duration must not be negative: " + duration);
    }
  }

  /**
   * Waits for {@code duration} at most, by the clock of the scheduler; for no time at all if that
   * is zero. Throws the reason if the calling fiber is canceled. Nothing is left of the timeout
   * afterwards.
   */
  public static boolean within(Duration duration, Wait wait) {
    if (duration.isZero()) {
      Fiber.current().check();
      return false;
    }
    Computation<@Nullable Void> limit = new Computation<>(Computation.Mode.LIFO);
    limit.cancelAfter(duration, OVER);
    try {
      return wait.until(limit);
    } finally {
      limit.tryReturn(null);
    }
  }
}
