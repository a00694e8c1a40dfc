package dev.picos.std.structured;

import dev.picos.std.internal.TellsOfCause;
import java.io.Serial;

/** Thrown to a fiber that has not been stopped and forks in a scope that has. */
final class ScopeStoppedException extends IllegalStateException implements TellsOfCause {
  @Serial private static final long serialVersionUID = 1L;

  ScopeStoppedException(String scope, Throwable reason) {
    super("stopped: " + scope + " takes no more fibers", reason);
  }
}
