package dev.picos.std.internal;

import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import java.io.Serial;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The end of the time that one wait may take. Made before the wait, closed after it, used by the
 * fiber that waits.
 */
public final class Deadline implements AutoCloseable {
  // For maintainers.
  //
  // A computation that nobody returns from is canceled by the timer of the fiber's handler; the
  // triggers of the wait are attached to it as they are to the fiber's own computation. So a wait
  // with a deadline is a wait that can be canceled from one more side. Closing completes the
  // computation, which takes the timeout out of the timer at once.
  //
  // That the time is over decides nothing: it only wakes whoever waits, who then has to decide with
  // one compare-and-set, on what it waits for, whether it gives up or has got it after all.

  /** What a wait ended with whose time was over. Never thrown, and no fiber's reason. */
  public static final Throwable PASSED =
      new Exception("the deadline has passed", null, false, false) {
        @Serial private static final long serialVersionUID = 1L;
      };

  private final Computation<@Nullable Void> time = new Computation<>(Computation.Mode.LIFO);

  /**
   * Starts the clock; when {@code timeout} is zero, the deadline has passed already.
   *
   * <p>Cancelation: throws the reason if the calling fiber is canceled, and sets no timeout.
   */
  public Deadline(Duration timeout) {
    if (timeout.isZero()) {
      Fiber.current().check();
      pass();
    } else {
      time.cancelAfter(timeout, PASSED);
    }
  }

  /**
   * Has {@code wait} wait for what it waits for, no longer than until the computation that it is
   * given is completed, which it is after {@code timeout}; not at all if that is zero.
   *
   * <p>Cancelation: as {@link #Deadline}, and then as {@code wait}.
   *
   * @return whether {@code wait} says that it has come
   */
  public static boolean within(Duration timeout, Predicate<? super Computation<?>> wait) {
    try (Deadline deadline = new Deadline(timeout)) {
      return !deadline.hasPassed() && wait.test(deadline.time);
    }
  }

  /** Refuses what is no timeout, before anything is done. */
  public static void require(Duration timeout) {
    if (timeout.isNegative()) {
      throw new IllegalArgumentException("timeout must not be negative: " + timeout);
    }
  }

  /** Ends the time now. */
  public void pass() {
    time.tryCancel(PASSED);
  }

  /** Returns whether the time is over. */
  public boolean hasPassed() {
    return !time.isRunning();
  }

  /**
   * Awaits {@code trigger}, no longer than until this deadline.
   *
   * @return {@code null} after a signal; {@link #PASSED} when the time is over, also if a signal
   *     has come at the same moment; or the reason that the fiber was canceled with
   */
  public @Nullable Throwable await(Trigger trigger) {
    // It is refused where there is nothing to wait for: signaled, or too late.
    Throwable reason = time.tryAttach(trigger) ? trigger.await() : null;
    return reason == null && hasPassed() ? PASSED : reason;
  }

  /** Forgets the timeout. Not cancelable. */
  @Override
  public void close() {
    time.tryReturn(null);
  }

  /**
   * Waits until {@code computation} is completed, no longer than {@code timeout}, and returns
   * whether it is.
   */
  public static boolean join(Computation<?> computation, Duration timeout) {
    require(timeout);
    if (!computation.isRunning()) {
      return true;
    }
    try (Deadline deadline = new Deadline(timeout)) {
      while (computation.isRunning()) {
        Trigger trigger = new Trigger();
        if (computation.tryAttach(trigger)) {
          Throwable reason = deadline.await(trigger);
          computation.detach(trigger);
          if (reason == PASSED) {
            return !computation.isRunning();
          }
          if (reason != null) {
            throw ComputationException.unchecked(reason);
          }
        }
      }
      return true;
    }
  }

  /** As {@link #join}, and then returns the value or throws the reason. */
  public static <T extends @Nullable Object> T await(Computation<T> computation, Duration timeout)
      throws TimeoutException {
    if (!join(computation, timeout)) {
      throw new TimeoutException("nothing came within " + timeout);
    }
    return computation.await();
  }
}
