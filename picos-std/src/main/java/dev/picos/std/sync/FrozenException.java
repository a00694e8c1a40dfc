package dev.picos.std.sync;

import java.io.Serial;

/**
 * The lock is asked for exclusively but has been frozen: what it protects can only be read, for
 * ever. Cheap, without a stack trace.
 */
public final class FrozenException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  FrozenException() {
    super("frozen: what the lock protects can only be read, for ever", null, false, false);
  }
}
