package dev.picos.std.sync;

import java.io.Serial;

/**
 * Thrown when a fiber asks exclusively for a lock that has been frozen: what it protects can only
 * be read, for ever. It is cheap, and has no stack trace.
 */
public final class FrozenException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  FrozenException() {
    super("frozen: what the lock protects can only be read, for ever", null, false, false);
  }
}
