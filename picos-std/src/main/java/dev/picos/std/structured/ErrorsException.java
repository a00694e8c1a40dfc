package dev.picos.std.structured;

import java.io.Serial;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * Thrown by a scope when several of its fibers have failed.
 *
 * <p>A single error comes out of a scope as it is; two or more are collected here, in the order in
 * which they occurred. What a fiber was terminated with is no error and is never among them. An
 * object that several fibers throw is there once. The first error is also the {@linkplain
 * #getCause() cause}, and the others are {@linkplain #getSuppressed() suppressed}, so that a
 * printed stack trace shows all. The message names the first few, and says how many more there are.
 */
public final class ErrorsException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  /** How many errors the message names, and how many characters of each. */
  private static final int MOST_NAMED = 8;

  private static final int MOST_CHARACTERS = 500;

  private final Throwable[] errors;

  ErrorsException(List<Throwable> errors) {
    super(describe(errors), errors.get(0));
    this.errors = errors.toArray(Throwable[]::new);
    errors.stream().skip(1).forEach(this::addSuppressed);
  }

  private static String describe(List<Throwable> errors) {
    StringBuilder message = new StringBuilder();
    for (Throwable error : errors.subList(0, Math.min(errors.size(), MOST_NAMED))) {
      message.append(message.isEmpty() ? "[" : "; ").append(shortened(error.toString()));
    }
    if (errors.size() > MOST_NAMED) {
      message.append("; and ").append(errors.size() - MOST_NAMED).append(" more");
    }
    return message.append("]").toString();
  }

  private static String shortened(String text) {
    return text.length() <= MOST_CHARACTERS ? text : text.substring(0, MOST_CHARACTERS) + "...";
  }

  /** Whether this suppresses anything but its errors and stops. */
  boolean hidesFailure() {
    Set<Throwable> known = Collections.newSetFromMap(new IdentityHashMap<>());
    Collections.addAll(known, errors);
    for (Throwable suppressed : getSuppressed()) {
      if (!(suppressed instanceof TerminateException) && !known.contains(suppressed)) {
        return true;
      }
    }
    return false;
  }

  /** Returns the errors, at least two, in the order in which they occurred. */
  public List<Throwable> errors() {
    return List.of(errors);
  }
}
