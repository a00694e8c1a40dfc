package dev.picos.std.structured;

import java.io.Serial;

/**
 * Asks a fiber to stop, on behalf of the owner of its scope, and is not an error.
 *
 * <p>Scopes and promises are terminated with it. A fiber of a scope that ends with the very object
 * that its scope, its promise or whatever surrounds the scope was stopped with has done as asked,
 * and no scope reports it. Any other {@code TerminateException} that leaves a fiber is an error
 * like every exception, since that fiber was not asked to stop with it. Timeouts never cancel with
 * it; they use {@link java.util.concurrent.TimeoutException}.
 *
 * <p>Like any exception, it runs {@code finally} blocks on its way. Do not catch it; let it pass.
 *
 * <p>It is cheap, since it is thrown in normal operation: it has no stack trace unless one is asked
 * for, and no cause. To find out where a fiber was asked to stop, make an instance with a few
 * frames and pass it to the operation that terminates. Many fibers may throw the same object. What
 * fails on its way, such as a {@code close()} in a {@code try} with resources, is suppressed by it,
 * as by any exception, and is an error of the scope.
 */
public final class TerminateException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  /** For when there is no memory for another: one that many fibers of many scopes may throw. */
  static final TerminateException SHARED = new TerminateException(false);

  /** Makes an instance without a stack trace. */
  public TerminateException() {
    super("asked to stop", null, true, false);
  }

  private TerminateException(boolean enableSuppression) {
    super("asked to stop", null, enableSuppression, false);
  }

  /**
   * Makes an instance whose stack trace has at most {@code frames} frames, beginning with the
   * caller.
   *
   * @throws IllegalArgumentException if {@code frames} is negative
   */
  public TerminateException(int frames) {
    super("asked to stop", null, true, true);
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
