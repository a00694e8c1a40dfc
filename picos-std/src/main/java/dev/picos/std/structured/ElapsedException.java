package dev.picos.std.structured;

import java.io.Serial;
import java.time.Duration;
import java.util.concurrent.TimeoutException;

/**
 * The exception that a timeout cancels with. It is made when the timeout is set, before it is known
 * whether it will ever be thrown, and so it has no stack trace. At the place where the timeout was
 * set, an exception with a stack trace replaces it.
 */
final class ElapsedException extends TimeoutException {
  @Serial private static final long serialVersionUID = 1L;

  ElapsedException(Duration timeout) {
    super("not done within " + timeout);
  }

  /** Returns the exception to throw instead of {@code thrown}, which has brought this here. */
  TimeoutException thrownHere(Throwable thrown) {
    TimeoutException here = new TimeoutException(getMessage());
    for (Throwable suppressed : thrown.getSuppressed()) {
      here.addSuppressed(suppressed);
    }
    return here;
  }

  @Override
  public Throwable fillInStackTrace() {
    return this;
  }
}
