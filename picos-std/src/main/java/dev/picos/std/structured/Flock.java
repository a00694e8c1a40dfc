package dev.picos.std.structured;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Fiber;
import dev.picos.core.FiberLocal;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Bundle} that need not be passed along: it belongs to the fiber that runs {@link
 * #joinAfter} and to the fibers forked here.
 *
 * {@snippet :
 * Flock.joinAfter(() -> {
 *   Flock.fork(() -> serve(left));
 *   Flock.fork(() -> serve(right));
 * });
 * }
 *
 * <p>Every operation concerns the innermost flock of the calling fiber, and throws {@link
 * IllegalStateException} where there is none. Only fibers forked here are in the flock of their
 * parent; those of {@link Bundle}, of {@link Run} and of {@link Fiber#spawn} are in none. In all
 * else the operations are those of the bundle, which describes what they promise.
 */
public final class Flock {
  private static final FiberLocal<@Nullable Bundle> CURRENT = new FiberLocal<>();

  private Flock() {}

  /**
   * Runs {@code body} with a new flock, waits until every fiber forked in it has ended, and returns
   * what {@code body} returned. For the rest as {@link Bundle#joinAfter(ScopeBody)}.
   *
   * @throws E what {@code body} threw
   * @throws ErrorsException when there are several different errors
   */
  public static <T extends @Nullable Object, E extends Exception> T joinAfter(
      Body<? extends T, E> body) throws E {
    return joinAfter(OnReturn.AWAIT, body);
  }

  /** As {@link #joinAfter(Body)}, for a body that returns nothing. */
  public static <E extends Exception> void joinAfter(Block<E> body) throws E {
    joinAfter(OnReturn.AWAIT, body);
  }

  /**
   * As {@link #joinAfter(Body)}; {@code onReturn} says what becomes of the fibers when {@code body}
   * returns.
   */
  public static <T extends @Nullable Object, E extends Exception> T joinAfter(
      OnReturn onReturn, Body<? extends T, E> body) throws E {
    Objects.requireNonNull(body, "body");
    Fiber fiber = Fiber.current();
    CURRENT.reserve(fiber);
    return Bundle.<T, E>joinAfter(
        onReturn,
        bundle -> {
          Bundle outer = currentOrNull(fiber);
          enter(fiber, bundle);
          try {
            return body.run();
          } finally {
            leave(fiber, outer);
          }
        });
  }

  /** As {@link #joinAfter(OnReturn, Body)}, for a body that returns nothing. */
  public static <E extends Exception> void joinAfter(OnReturn onReturn, Block<E> body) throws E {
    Objects.requireNonNull(body, "body");
    Flock.<@Nullable Void, E>joinAfter(
        onReturn,
        () -> {
          body.run();
          return null;
        });
  }

  /**
   * Starts a fiber in the flock that runs {@code body}.
   *
   * @throws IllegalStateException if the calling fiber is in no flock
   * @see Bundle#fork
   */
  public static void fork(Block<?> body) {
    current().fork(body, true);
  }

  /**
   * Starts a fiber in the flock that runs {@code body}, and returns the promise of what it returns.
   *
   * @throws IllegalStateException if the calling fiber is in no flock
   * @see Bundle#forkAsPromise
   */
  public static <T extends @Nullable Object> Promise<T> forkAsPromise(Body<? extends T, ?> body) {
    return current().forkAsPromise(body, true);
  }

  /**
   * Stops the flock.
   *
   * @throws IllegalStateException if the calling fiber is in no flock
   * @see Bundle#terminate()
   */
  public static void terminate() {
    current().terminate();
  }

  /** As {@link #terminate()}, with {@code reason} for the reason. */
  public static void terminate(Terminate reason) {
    current().terminate(reason);
  }

  /**
   * Arranges that the flock is terminated once {@code delay} has passed.
   *
   * @throws IllegalStateException if the calling fiber is in no flock
   * @throws IllegalArgumentException if {@code delay} is negative
   * @see Bundle#terminateAfter(Duration)
   */
  public static void terminateAfter(Duration delay) {
    current().terminateAfter(delay);
  }

  /** As {@link #terminateAfter(Duration)}, with {@code reason} for the reason. */
  public static void terminateAfter(Duration delay, Terminate reason) {
    current().terminateAfter(delay, reason);
  }

  /**
   * Reports {@code error} as if a fiber of the flock had thrown it.
   *
   * @throws IllegalStateException if the calling fiber is in no flock
   * @see Bundle#error
   */
  public static void error(Throwable error) {
    current().error(error);
  }

  /** Puts {@code fiber}, which is the caller or not spawned yet, into the flock. */
  static void enter(Fiber fiber, Bundle flock) {
    CURRENT.set(fiber, flock);
  }

  private static void leave(Fiber fiber, @Nullable Bundle outer) {
    if (outer == null) {
      CURRENT.remove(fiber);
    } else {
      CURRENT.set(fiber, outer);
    }
  }

  private static Bundle current() {
    Bundle flock = currentOrNull(Fiber.current());
    if (flock == null) {
      throw new IllegalStateException("no flock: the calling fiber was not forked in one");
    }
    return flock;
  }

  private static @Nullable Bundle currentOrNull(Fiber fiber) {
    return CURRENT.getOrDefault(fiber, null);
  }
}
