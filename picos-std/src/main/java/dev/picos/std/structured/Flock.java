package dev.picos.std.structured;

import dev.picos.core.Block;
import dev.picos.core.BlockWith;
import dev.picos.core.Body;
import dev.picos.core.BodyWith;
import dev.picos.core.Fiber;
import dev.picos.core.FiberLocal;
import dev.picos.std.internal.Bodies;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Bundle} that need not be passed along: it belongs to the fiber that calls {@link #run},
 * and to the fibers forked in it.
 *
 * {@snippet :
 * Flock.run(() -> {
 *   Flock.fork(() -> serve(left));
 *   Flock.fork(() -> serve(right));
 * });
 * }
 *
 * <p>Every operation concerns the innermost flock of the calling fiber, and throws {@link
 * IllegalStateException} where there is none. Only fibers forked by {@link #fork} and its variants
 * are in the flock of their parent; those of {@link Bundle}, of {@link Run} and of {@link
 * Fiber#spawn} are in none. Otherwise the operations are those of {@link Bundle}, which describes
 * them.
 */
public final class Flock {
  private static final FiberLocal<@Nullable Bundle> CURRENT = new FiberLocal<>();

  private Flock() {}

  /**
   * Runs {@code block} with a new flock, and waits until every fiber forked in it has ended.
   * Otherwise as {@link Bundle#run(BlockWith)}.
   *
   * @throws E what {@code block} threw
   * @throws ErrorsException when there are several different errors
   */
  public static <E extends Exception> void run(Block<E> block) throws E {
    run(OnReturn.AWAIT, block);
  }

  /**
   * Runs {@code body} with a new flock, waits until every fiber forked in it has ended, and returns
   * what {@code body} returned. Otherwise as {@link Bundle#call(BodyWith)}.
   *
   * @throws E what {@code body} threw
   * @throws ErrorsException when there are several different errors
   * @throws TerminatedException if there is no value, because the flock was terminated and that has
   *     ended {@code body}
   */
  public static <T extends @Nullable Object, E extends Exception> T call(Body<? extends T, E> body)
      throws E {
    return call(OnReturn.AWAIT, body);
  }

  /**
   * As {@link #run(Block)}; {@code onReturn} says what happens to the fibers when {@code block}
   * returns.
   */
  public static <E extends Exception> void run(OnReturn onReturn, Block<E> block) throws E {
    Objects.requireNonNull(block, "block");
    Fiber fiber = prepared();
    Bundle.<E>run(onReturn, bundle -> within(bundle, fiber, Bodies.of(block)));
  }

  /**
   * As {@link #call(Body)}; {@code onReturn} says what happens to the fibers when {@code body}
   * returns.
   */
  public static <T extends @Nullable Object, E extends Exception> T call(
      OnReturn onReturn, Body<? extends T, E> body) throws E {
    Objects.requireNonNull(body, "body");
    Fiber fiber = prepared();
    return Bundle.<T, E>call(onReturn, bundle -> within(bundle, fiber, body));
  }

  private static Fiber prepared() {
    Fiber fiber = Fiber.current();
    CURRENT.reserve(fiber);
    return fiber;
  }

  private static <T extends @Nullable Object, E extends Exception> T within(
      Bundle flock, Fiber fiber, Body<? extends T, E> body) throws E {
    Bundle outer = currentOrNull(fiber);
    enter(fiber, flock);
    try {
      return body.run();
    } finally {
      leave(fiber, outer);
    }
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
   * Starts a fiber in the flock that runs {@code body}, in a thread that has the given name.
   *
   * @throws IllegalStateException if the calling fiber is in no flock
   * @see Bundle#fork(String, Block)
   */
  public static void fork(String name, Block<?> body) {
    fork(Bundle.named(name, body));
  }

  /**
   * Starts a fiber in the flock that runs {@code body}, which makes blocking calls of the JDK.
   *
   * @throws IllegalStateException if the calling fiber is in no flock
   * @see Bundle#forkInterruptible
   */
  public static void forkInterruptible(Block<?> body) {
    fork(Bundle.interruptible(body));
  }

  /**
   * Starts a fiber in the flock that runs {@code body}, and returns a promise of what {@code body}
   * returns.
   *
   * @throws IllegalStateException if the calling fiber is in no flock
   * @see Bundle#forkAsPromise
   */
  public static <T extends @Nullable Object> Promise<T> forkAsPromise(Body<? extends T, ?> body) {
    return current().forkAsPromise(body, true);
  }

  /**
   * As {@link #forkAsPromise(Body)}, in a thread that has the given name; the promise has that
   * name, too.
   *
   * @throws IllegalStateException if the calling fiber is in no flock
   * @see Bundle#forkAsPromise(String, Body)
   */
  public static <T extends @Nullable Object> Promise<T> forkAsPromise(
      String name, Body<? extends T, ?> body) {
    return Flock.<T>forkAsPromise(Bundle.named(name, body)).named(name);
  }

  /**
   * Stops the flock: cancels its fibers and its main body.
   *
   * @throws IllegalStateException if the calling fiber is in no flock
   * @see Bundle#terminate()
   */
  public static void terminate() {
    current().terminate();
  }

  /** As {@link #terminate()}, with {@code reason} as the reason. */
  public static void terminate(TerminateException reason) {
    current().terminate(reason);
  }

  /**
   * Sets a timeout: once {@code delay} has passed, the flock is stopped, which is an error.
   *
   * @throws IllegalStateException if the calling fiber is in no flock
   * @throws IllegalArgumentException if {@code delay} is negative
   * @see Bundle#timeoutAfter
   */
  public static void timeoutAfter(Duration delay) {
    current().timeoutAfter(delay);
  }

  /**
   * Reports {@code error} as an error of the flock.
   *
   * @throws IllegalStateException if the calling fiber is in no flock
   * @see Bundle#error
   */
  public static void error(Throwable error) {
    current().error(error);
  }

  /** Puts {@code fiber}, which is the caller or has not been spawned yet, into the flock. */
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
