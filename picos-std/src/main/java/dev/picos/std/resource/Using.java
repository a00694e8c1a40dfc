package dev.picos.std.resource;

import dev.picos.core.Block;
import dev.picos.core.BlockWith;
import dev.picos.core.Body;
import dev.picos.core.BodyWith;
import dev.picos.core.internal.Headroom;
import dev.picos.std.internal.Bodies;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Runs bodies that use a resource, and releases the resource however they end.
 *
 * {@snippet :
 * String answer = Using.call(
 *     () -> connect(host), // acquires
 *     Connection::close,   // releases
 *     connection -> {
 *       connection.send("hello");
 *       return connection.receive();
 *     });
 * }
 *
 * <p>The release runs exactly once, in the calling fiber, after the body has returned or thrown,
 * and with cancelation forbidden: it may wait, and is not cut short. The call returns or throws
 * what the body returned or threw, that very object.
 *
 * <p>No exception is lost. When the body returns and the release throws, the exception of the
 * release comes out. When both throw, the exception of the body comes out, and that of the release
 * is {@linkplain Throwable#getSuppressed suppressed} by it, as in a {@code try} with resources. The
 * two change places only if the exception of the body takes no suppressed ones, or is a {@link
 * dev.picos.std.structured.TerminateException}, which is no error.
 *
 * <p>The acquisition, the release and the body may each throw checked exceptions of a type of their
 * own; a call declares these types and no others.
 *
 * <p>Space: only stack.
 */
public final class Using {
  private Using() {}

  /**
   * Acquires a resource, runs {@code body} with it, and releases it.
   *
   * <p>Cancelation: up to {@code acquire} and {@code body}; this method does not check for it. If
   * {@code acquire} throws, there is nothing to release.
   *
   * @throws A what {@code acquire} threw
   * @throws C what {@code release} threw
   * @throws E what {@code body} threw
   */
  public static <
          R extends @Nullable Object, A extends Exception, C extends Exception, E extends Exception>
      void run(
          Body<? extends R, A> acquire,
          BlockWith<? super R, C> release,
          BlockWith<? super R, E> body)
          throws A, C, E {
    Objects.requireNonNull(release, "release");
    Objects.requireNonNull(body, "body");
    Headroom.requireForScope();
    Release.<R, @Nullable Void, C, E>after(acquire.run(), release, Bodies.of(body));
  }

  /** As {@link #run}, and returns what {@code body} returned. */
  public static <
          R extends @Nullable Object,
          T extends @Nullable Object,
          A extends Exception,
          C extends Exception,
          E extends Exception>
      T call(
          Body<? extends R, A> acquire,
          BlockWith<? super R, C> release,
          BodyWith<? super R, ? extends T, E> body)
          throws A, C, E {
    Objects.requireNonNull(release, "release");
    Objects.requireNonNull(body, "body");
    Headroom.requireForScope();
    return Release.<R, T, C, E>after(acquire.run(), release, body);
  }

  /**
   * Runs {@code body} and then {@code action}, as the release of a resource.
   *
   * {@snippet :
   * Using.runLastly(done::decr, () -> work());
   * }
   *
   * @throws C what {@code action} threw
   * @throws E what {@code body} threw
   */
  public static <C extends Exception, E extends Exception> void runLastly(
      Block<C> action, Block<E> body) throws C, E {
    Objects.requireNonNull(body, "body");
    Using.<@Nullable Void, C, E>callLastly(action, Bodies.of(body));
  }

  /** As {@link #runLastly}, and returns what {@code body} returned. */
  public static <T extends @Nullable Object, C extends Exception, E extends Exception> T callLastly(
      Block<C> action, Body<? extends T, E> body) throws C, E {
    Objects.requireNonNull(action, "action");
    Objects.requireNonNull(body, "body");
    Headroom.requireForScope();
    return Release.<Block<C>, T, C, E>after(action, Block::run, theAction -> body.run());
  }
}
