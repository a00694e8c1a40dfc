package dev.picos.std.sync;

import java.io.Serial;

/**
 * What is asked for has been poisoned: a fiber failed, or was canceled, at a time when others
 * relied on it, and so nobody can rely on what is protected any more.
 *
 * <p>Cheap, for every fiber that comes later is told: it has no stack trace, no cause, and records
 * nothing as suppressed. The failure that was the reason is thrown where it happened.
 */
public final class PoisonedException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  PoisonedException() {
    super(
        "poisoned: a fiber failed that others relied on; replace what it left", null, false, false);
  }
}
