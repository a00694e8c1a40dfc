package dev.picos.std.structured;

import java.io.Serial;

/**
 * Asks a fiber to stop, and is not an error.
 *
 * <p>Scopes, promises and timeouts of this package cancel with it; a fiber that ends with it has
 * done as asked, and no scope reports it. Like any exception it runs {@code finally} blocks on its
 * way; rather than catching it, let it go through.
 *
 * <p>Cheap, for it is thrown in the normal course of things: it has no stack trace unless asked
 * for, no cause, and records nothing as suppressed. To find out where a fiber was asked to stop,
 * make one with a few frames and pass it to the operation that terminates. As it is the very object
 * that the operation delivers, the same way tells one timeout from another:
 *
 * {@snippet :
 * Terminate timeout = new Terminate();
 * try {
 *   Control.terminateAfter(delay, timeout, () -> request());
 * } catch (Terminate stop) {
 *   if (stop != timeout) {
 *     throw stop; // it was somebody else who wanted this fiber to stop
 *   }
 *   giveUp();
 * }
 * }
 */
public final class Terminate extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  /** Makes one without a stack trace. */
  public Terminate() {
    super("asked to stop", null, false, false);
  }

  /**
   * Makes one whose stack trace has at most {@code frames} frames, beginning with the caller.
   *
   * @throws IllegalArgumentException if {@code frames} is negative
   */
  public Terminate(int frames) {
    super("asked to stop", null, false, true);
    if (frames < 0) {
      throw new IllegalArgumentException("frames must not be negative: " + frames);
    }
    // limit() makes the walk stop there, which is what keeps a few frames of a deep stack cheap.
    setStackTrace(
        StackWalker.getInstance()
            .walk(
                stack ->
                    stack
                        .skip(1)
                        .limit(frames)
                        .map(StackWalker.StackFrame::toStackTraceElement)
                        .toArray(StackTraceElement[]::new)));
  }

  /** Does nothing: the constructor takes the frames that were asked for. */
  @Override
  public Throwable fillInStackTrace() {
    return this;
  }
}
