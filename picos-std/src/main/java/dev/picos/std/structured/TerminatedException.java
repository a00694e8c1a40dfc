package dev.picos.std.structured;

import dev.picos.std.internal.TellsOfCause;
import java.io.Serial;
import java.util.concurrent.CancellationException;

/**
 * Thrown where there is no value, because what was to give it has been terminated: the fiber of a
 * {@link Promise}, or the body of a scope.
 *
 * <p>It is thrown to other fibers, which wanted the value. The fiber that was asked to stop gets
 * the {@link TerminateException}, which is the {@linkplain #getCause() cause} here.
 */
@SuppressWarnings("exports") // nobody else needs to know that it tells of its cause
public final class TerminatedException extends CancellationException implements TellsOfCause {
  @Serial private static final long serialVersionUID = 1L;

  TerminatedException(String what, Throwable reason) {
    super(what + " was terminated, and so there is no value");
    initCause(reason);
  }
}
