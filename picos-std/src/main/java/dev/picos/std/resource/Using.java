package dev.picos.std.resource;

import dev.picos.core.Block;
import dev.picos.core.Body;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Bodies of work at whose end something is released, however they end.
 *
 * {@snippet :
 * String answer = Using.resource(
 *     () -> connect(host), // acquires
 *     Connection::close,   // releases
 *     connection -> {
 *       connection.send("hello");
 *       return connection.receive();
 *     });
 * }
 *
 * <p>The release runs exactly once, in the calling fiber, after the body has returned or thrown,
 * and with cancelation forbidden: it may wait, and is not cut short. What comes out is what the
 * body returned or threw, that very object.
 *
 * <p>A release that throws is not overlooked: its exception comes out, and that of the body, if it
 * threw as well, is {@linkplain Throwable#getSuppressed suppressed} by it. (In a {@code try} with
 * resources it is the other way round.) Only when the exception of the release takes no suppressed
 * ones, and that of the body does, they change places.
 *
 * <p>A lambda for the body that is a single call needs braces, a parameter type, or to be a method
 * reference, for the compiler to tell the methods with a result from those without.
 *
 * <p>Space: nothing but stack.
 */
// Only a lambda that is a single expression is ambiguous.
@SuppressWarnings({"overloads", "FunctionalInterfaceClash"})
public final class Using {
  private Using() {}

  /**
   * Acquires a resource, runs {@code body} with it, releases it, and returns what {@code body}
   * returned.
   *
   * <p>Cancelation: the affair of {@code acquire} and {@code body}; this method does not look. If
   * {@code acquire} throws, there is nothing to release.
   *
   * @throws E what one of the three threw
   */
  public static <R extends @Nullable Object, T extends @Nullable Object, E extends Exception>
      T resource(
          Body<? extends R, E> acquire,
          ResourceBlock<? super R, E> release,
          ResourceBody<? super R, ? extends T, E> body)
          throws E {
    Objects.requireNonNull(release, "release");
    Objects.requireNonNull(body, "body");
    return Release.<R, T, E>after(acquire.run(), release, body);
  }

  /** As {@link #resource(Body, ResourceBlock, ResourceBody)}, for a body that returns nothing. */
  public static <R extends @Nullable Object, E extends Exception> void resource(
      Body<? extends R, E> acquire,
      ResourceBlock<? super R, E> release,
      ResourceBlock<? super R, E> body)
      throws E {
    Objects.requireNonNull(body, "body");
    Using.<R, @Nullable Void, E>resource(
        acquire,
        release,
        resource -> {
          body.run(resource);
          return null;
        });
  }

  /**
   * Runs {@code body} and then {@code action}, as the release of a resource, and returns what
   * {@code body} returned.
   *
   * {@snippet :
   * Using.lastly(done::decr, () -> work());
   * }
   *
   * @throws E what one of them threw
   */
  public static <T extends @Nullable Object, E extends Exception> T lastly(
      Block<E> action, Body<? extends T, E> body) throws E {
    Objects.requireNonNull(action, "action");
    Objects.requireNonNull(body, "body");
    return Release.<Block<E>, T, E>after(action, Block::run, theAction -> body.run());
  }

  /** As {@link #lastly(Block, Body)}, for a body that returns nothing. */
  public static <E extends Exception> void lastly(Block<E> action, Block<E> body) throws E {
    Objects.requireNonNull(body, "body");
    Using.<@Nullable Void, E>lastly(
        action,
        () -> {
          body.run();
          return null;
        });
  }
}
