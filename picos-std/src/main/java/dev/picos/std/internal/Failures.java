package dev.picos.std.internal;

import org.jspecify.annotations.Nullable;

/** What goes wrong while many are told something, and all are to be told. */
public final class Failures {
  private Failures() {}

  /**
   * The first that was thrown, with {@code thrown} suppressed in it if there is memory for that.
   */
  public static Throwable joined(@Nullable Throwable first, Throwable thrown) {
    if (first == null) {
      return thrown;
    }
    try {
      if (first != thrown) {
        first.addSuppressed(thrown);
      }
    } catch (OutOfMemoryError full) {
      // To go on matters more.
    }
    return first;
  }
}
