package dev.picos.std.structured;

import dev.picos.std.internal.TellsOfCause;
import java.io.Serial;

/** Thrown to a fiber that has not been stopped and forks in a scope that has. */
final class ScopeStoppedException extends IllegalStateException implements TellsOfCause {
  @Serial private static final long serialVersionUID = 1L;

  ScopeStoppedException(Throwable reason) {
    super("stopped: this scope takes no more fibers", reason);
  }
}
