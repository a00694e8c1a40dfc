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
 * The end of the time that one wait may take. The fiber that waits makes it before the wait, and
 * closes it after.
 */
public final class Deadline implements AutoCloseable {
  // For maintainers.
  //
  // The time is a computation that the timer of the fiber's handler cancels. The triggers of the
  // wait are attached to it, as they are to the fiber's own computation. So a wait with a deadline
  // is a wait that can be canceled from one more side. Closing completes the computation, which
  // removes the timeout from the timer at once.
  //
  // The end of the time decides nothing. It only wakes the fiber that waits, which then decides,
  // with one compare-and-set on what it waits for, whether it gives up or has got it after all.

  /** The result of a wait whose time was over. It is never thrown, and is no fiber's reason. */
  public static final Throwable PASSED =
      new Exception("the deadline has passed", null, false, false) {
        @Serial private static final long serialVersionUID = 1L;
      };

  private final Computation<@Nullable Void> time = new Computation<>(Computation.Mode.LIFO);

  private final @Nullable Computation<?> end;
  private final @Nullable Trigger canceler;

  /**
   * Starts the clock; when {@code timeout} is zero, the deadline has passed already.
   *
   * <p>Cancelation: throws the reason if the calling fiber is canceled, and sets no timeout.
   */
  public Deadline(Duration timeout) {
    this(timeout, null);
  }

  /** As {@link #Deadline(Duration)}; the time is also over once {@code end} is canceled. */
  public Deadline(Duration timeout, @Nullable Computation<?> end) {
    this.end = end;
    canceler = end == null ? null : Computation.canceler(end, time);
    if (timeout.isZero()) {
      Fiber.current().check();
      pass();
    } else {
      time.cancelAfter(timeout, PASSED);
    }
    if (end != null && canceler != null && !end.tryAttach(canceler)) {
      pass();
    }
  }

  /**
   * Runs {@code wait}, which must wait no longer than until the computation that it is given is
   * completed; that happens after {@code timeout}. If the timeout is zero, {@code wait} does not
   * run.
   *
   * <p>Cancelation: as {@link #Deadline}, and then as {@code wait}.
   *
   * @return what {@code wait} returned; {@code false} if it did not run
   */
  public static boolean within(Duration timeout, Predicate<? super Computation<?>> wait) {
    try (Deadline deadline = new Deadline(timeout)) {
      return !deadline.hasPassed() && wait.test(deadline.time);
    }
  }

  /** Throws if {@code timeout} is negative; to be called before anything is done. */
  public static void require(Duration timeout) {
    if (timeout.isNegative()) {
      throw new IllegalArgumentException("timeout must not be negative: " + timeout);
    }
  }

  /** Ends the time now. */
  public void pass() {
    time.tryCancel(PASSED);
  }

  /** The computation that is completed when the time or the wait is over. */
  public Computation<?> limit() {
    return time;
  }

  /** Returns whether the time is over. */
  public boolean hasPassed() {
    return !time.isRunning();
  }

  /**
   * Awaits {@code trigger}, no longer than until this deadline passes.
   *
   * @return {@code null} after a signal; {@link #PASSED} when the time is over, also if a signal
   *     has come at the same moment; or the reason that the fiber was canceled with
   */
  public @Nullable Throwable await(Trigger trigger) {
    // Attaching fails if there is nothing to wait for: the trigger is signaled, or the time is
    // over.
    Throwable reason = time.tryAttach(trigger) ? trigger.await() : null;
    return reason == null && hasPassed() ? PASSED : reason;
  }

  /** Removes the timeout. Not cancelable. */
  @Override
  public void close() {
    time.tryReturn(null);
    if (end != null && canceler != null) {
      end.detach(canceler);
    }
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
