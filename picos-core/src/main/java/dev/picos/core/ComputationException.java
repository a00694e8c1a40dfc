package dev.picos.core;

import java.io.Serial;
import java.util.Objects;

/**
 * Carries a checked exception that a {@link Computation} was canceled with out of an operation that
 * declares none. Its {@linkplain #getCause() cause} is that very object. An unchecked reason is
 * never wrapped: it is thrown as it is.
 */
public final class ComputationException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  private ComputationException(Throwable reason) {
    super(reason);
  }

  /**
   * Turns the reason of a cancelation into what an operation throws for it: {@code throw
   * ComputationException.unchecked(reason)}.
   *
   * @return {@code reason} itself when it is a {@link RuntimeException}, else a new exception that
   *     carries it
   * @throws Error {@code reason} itself when it is one
   */
  public static RuntimeException unchecked(Throwable reason) {
    if (reason instanceof RuntimeException unchecked) {
      return unchecked;
    }
    if (reason instanceof Error error) {
      throw error;
    }
    return new ComputationException(Objects.requireNonNull(reason, "reason"));
  }
}
