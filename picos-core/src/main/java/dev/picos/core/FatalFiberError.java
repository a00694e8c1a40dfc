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

  /**
   * Makes an error.
   *
   * @param cause what escaped from the fiber
   * @param left how many fibers had not ended when the scheduler stopped
   */
  public FatalFiberError(Throwable cause, long left) {
    super(
        "an exception left the main of a fiber and stopped its scheduler; fibers left behind: "
            + left,
        cause);
  }
}
