package dev.picos.std.resource;

import dev.picos.core.BlockWith;
import dev.picos.core.BodyWith;
import dev.picos.core.Fiber;
import dev.picos.std.structured.TerminateException;
import org.jspecify.annotations.Nullable;

/** How a resource is released: with cancelation forbidden, and without losing an exception. */
final class Release {
  private Release() {}

  /** Releases {@code resource}. Allocates nothing: this may have to work when memory is short. */
  static <R extends @Nullable Object, E extends Exception> void now(
      R resource, BlockWith<? super R, E> release) throws E {
    Fiber fiber = Fiber.current();
    boolean forbade = fiber.exchangeForbidCancelation(true);
    try {
      release.run(resource);
    } finally {
      fiber.setForbidCancelation(forbade);
    }
  }

  /** Runs {@code body} with {@code resource}, and releases it however {@code body} ends. */
  static <
          R extends @Nullable Object,
          T extends @Nullable Object,
          C extends Exception,
          E extends Exception>
      T after(R resource, BlockWith<? super R, C> release, BodyWith<? super R, ? extends T, E> body)
          throws C, E {
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
   * Decides which exception is thrown when a release failed after its body had failed: returns
   * whether it is {@code failed}, that of the release. The one that is thrown suppresses the other.
   *
   * <p>It is the exception of the body, unless that takes no suppressed ones, or is a {@code
   * TerminateException}, which is no error and must not hide one.
   */
  static boolean replaces(Throwable failed, Throwable thrown) {
    if (failed == thrown) {
      return false;
    }
    boolean thrownIsStop = thrown instanceof TerminateException;
    if (thrownIsStop != failed instanceof TerminateException) {
      boolean unused = thrownIsStop ? takes(failed, thrown) : takes(thrown, failed);
      return thrownIsStop;
    }
    return !takes(thrown, failed) && takes(failed, thrown);
  }

  /** Makes {@code thrown} suppress {@code other}; returns whether it does. */
  private static boolean takes(Throwable thrown, Throwable other) {
    try {
      thrown.addSuppressed(other);
      return thrown.getSuppressed().length > 0;
    } catch (OutOfMemoryError full) {
      return false; // throwing one of them matters more
    }
  }
}
