package dev.picos.domains;

import java.io.Serial;

/** The pool of domains is being closed. Thrown for control flow only, so it has no stack trace. */
public final class DomainsTerminated extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  DomainsTerminated() {
    super("the pool of domains is being closed", null, false, false);
  }
}
