package dev.picos.std.internal;

import org.jspecify.annotations.Nullable;

/** Collects what goes wrong while many fibers are told something that all must be told. */
public final class Failures {
  private Failures() {}

  /**
   * Returns what was thrown first, with {@code thrown} suppressed in it if there is memory for
   * that.
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
      // Going on matters more.
    }
    return first;
  }
}
