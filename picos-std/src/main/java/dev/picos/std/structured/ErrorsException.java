package dev.picos.std.structured;

import java.io.Serial;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Several fibers of a scope failed.
 *
 * <p>A single error comes out of a scope as it is; two or more are collected here, in the order in
 * which they occurred. {@link Terminate} is not an error and is never among them, and one object
 * thrown by several fibers is there once. The first error is also the {@linkplain #getCause()
 * cause}, and the others are {@linkplain #getSuppressed() suppressed}, so that a printed stack
 * trace shows all.
 */
public final class ErrorsException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  private final Throwable[] errors;

  ErrorsException(List<Throwable> errors) {
    super(
        errors.stream().map(Throwable::toString).collect(Collectors.joining("; ", "[", "]")),
        errors.get(0));
    this.errors = errors.toArray(Throwable[]::new);
    errors.stream().skip(1).forEach(this::addSuppressed);
  }

  /** Returns the errors, at least two, in the order in which they occurred. */
  public List<Throwable> errors() {
    return List.of(errors);
  }
}
