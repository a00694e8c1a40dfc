package dev.picos.core;

import java.io.Serial;

/**
 * An exception left the {@code main} of a fiber, and the scheduler that ran it has stopped.
 *
 * <p>{@code main} must handle what its body throws; nobody else can. So an exception that escapes
 * is a defect of the library that spawned the fiber, and not recoverable within the run: every
 * domain leaves at its next dispatch, the fibers that are left are not unwound, and wake-ups of
 * them are dropped. The {@linkplain #getCause() cause} is what escaped first; what escaped from
 * other fibers meanwhile is suppressed in this error.
 */
public final class FatalFiberError extends Error {
  @Serial private static final long serialVersionUID = 1L;

  private final String stopped;
  private final boolean isMade;
  private long left;

  /**
   * Makes an error.
   *
   * @param cause what escaped from the fiber
   * @param left how many fibers had not ended when the scheduler stopped
   */
  public FatalFiberError(Throwable cause, long left) {
    this();
    escaped(cause, left);
    fillInStackTrace();
  }

  /**
   * Makes an error that names the scheduler.
   *
   * @param cause what escaped from the fiber
   * @param left how many fibers had not ended when the scheduler stopped
   * @param scheduler describes the scheduler, with what it takes to repeat the run
   */
  public FatalFiberError(Throwable cause, long left, String scheduler) {
    this("a run of " + scheduler);
    escaped(cause, left);
    fillInStackTrace();
  }

  /** Makes an error in advance, which has neither a cause nor a stack trace yet. */
  FatalFiberError() {
    this("its scheduler");
  }

  private FatalFiberError(String stopped) {
    this.stopped = stopped;
    isMade = true;
  }

  /** Notes what escaped from a fiber. What escapes first becomes the cause, and takes no memory. */
  synchronized void escaped(Throwable thrown, long left) {
    if (getCause() == null) {
      initCause(thrown);
      this.left = left;
      return;
    }
    try {
      addSuppressed(thrown);
    } catch (OutOfMemoryError full) {
      // The first one is thrown nonetheless.
    }
  }

  /**
   * Fills the trace in, but not when the error is made: few of those made in advance are thrown.
   */
  @Override
  public synchronized Throwable fillInStackTrace() {
    return isMade ? super.fillInStackTrace() : this;
  }

  /** Says what has happened, and how many fibers are left behind. */
  @Override
  public String getMessage() {
    return "an exception left the main of a fiber and stopped "
        + stopped
        + "; fibers left behind: "
        + left;
  }
}
