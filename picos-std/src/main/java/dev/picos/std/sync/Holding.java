package dev.picos.std.sync;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.internal.Headroom;
import dev.picos.std.internal.Bodies;
import dev.picos.std.internal.Failures;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs bodies while something is held. It is known how to give that back before it is taken, so
 * that no lack of memory can come in between, and there is stack for it; and a failure to give it
 * back never hides a failure of the body.
 */
final class Holding {
  private Holding() {}

  /** Runs {@code failed}, instead of {@code release}, with what {@code body} throws. */
  static <T extends @Nullable Object, E extends Exception> T call(
      Runnable acquire, Body<? extends T, E> body, Runnable release, Consumer<Throwable> failed)
      throws E {
    Objects.requireNonNull(body, "body");
    Headroom.requireToHold();
    acquire.run();
    T value;
    try {
      value = body.run();
    } catch (Throwable thrown) {
      try {
        failed.accept(thrown);
      } catch (Throwable another) {
        Throwable unused = Failures.joined(thrown, another);
      }
      throw thrown;
    }
    release.run();
    return value;
  }

  static <E extends Exception> void run(
      Runnable acquire, Block<E> block, Runnable release, Consumer<Throwable> failed) throws E {
    Holding.<@Nullable Void, E>call(acquire, Bodies.of(block), release, failed);
  }
}
