package dev.picos.std.resource;

import dev.picos.core.Fiber;
import org.jspecify.annotations.Nullable;

/** How a resource is released: with cancelation forbidden, and without losing an exception. */
final class Release {
  private Release() {}

  /** Releases {@code resource}. Allocates nothing: this may have to work when memory is short. */
  static <R extends @Nullable Object, E extends Exception> void now(
      R resource, ResourceBlock<? super R, E> release) throws E {
    Fiber fiber = Fiber.current();
    boolean forbade = fiber.exchangeForbid(true);
    try {
      release.run(resource);
    } finally {
      fiber.setForbid(forbade);
    }
  }

  /** Runs {@code body} with {@code resource}, and then releases that, however {@code body} ends. */
  static <R extends @Nullable Object, T extends @Nullable Object, E extends Exception> T after(
      R resource, ResourceBlock<? super R, E> release, ResourceBody<? super R, ? extends T, E> body)
      throws E {
    T value;
    try {
      value = body.run(resource);
    } catch (Throwable thrown) {
      try {
        now(resource, release);
      } catch (Throwable failed) {
        if (replaces(failed, thrown)) {
          throw failed;
        }
      }
      throw thrown;
    }
    now(resource, release);
    return value;
  }

  /**
   * Decides which is thrown when a release failed after its body had: returns whether it is {@code
   * failed}, that of the release. The other one is suppressed by it.
   *
   * <p>It is that of the release, unless that takes no suppressed exceptions and the other does: a
   * {@code Terminate}, which is no error, shall not hide one.
   */
  static boolean replaces(Throwable failed, Throwable thrown) {
    return failed == thrown || hasSuppressed(failed, thrown) || !hasSuppressed(thrown, failed);
  }

  private static boolean hasSuppressed(Throwable by, Throwable suppressed) {
    int before = by.getSuppressed().length;
    by.addSuppressed(suppressed);
    return by.getSuppressed().length > before;
  }
}
