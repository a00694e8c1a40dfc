package dev.picos.std.structured;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a fiber does to itself: give way, sleep, look whether it is canceled, and decide over which
 * part of its work cancelation reaches it, and how.
 *
 * <p>All of it concerns the calling fiber and nobody else.
 */
public final class Control {
  private Control() {}

  /**
   * Lets other fibers that are ready run first.
   *
   * <p>Cancelation: a fiber that is canceled before it continues throws the reason.
   */
  public static void yield() {
    Fiber.yield();
  }

  /**
   * Suspends the calling fiber for at least {@code duration}, by a monotonic clock.
   *
   * <p>Cancelation: a fiber that is canceled before or while it sleeps throws the reason.
   *
   * @throws IllegalArgumentException if {@code duration} is negative
   */
  public static void sleep(Duration duration) {
    Fiber.sleep(duration);
  }

  /** Throws the reason if the calling fiber is canceled. For long work that waits for nothing. */
  public static void check() {
    Fiber.current().check();
  }

  /**
   * Runs {@code body} with cancelation forbidden, restores what was, and returns what {@code body}
   * returned. Cancelation that comes meanwhile is delivered by the next operation after it; this
   * method does not look.
   *
   * <p>For what must not be cut short, such as giving back a resource. In a {@code try} with
   * resources it belongs inside {@code close()}: a canceled fiber throws its reason from every
   * operation that delivers it, and the same object thrown by the block and again by {@code
   * close()} makes Java throw {@link IllegalArgumentException} ("Self-suppression not permitted")
   * in its place.
   *
   * {@snippet :
   * public void close() {
   *   Control.protect(() -> connection.sayGoodbye());
   * }
   * }
   */
  public static <T extends @Nullable Object, E extends Exception> T protect(
      Body<? extends T, E> body) throws E {
    return Fiber.current().forbid(body);
  }

  /** As {@link #protect(Body)}, for a block. */
  public static <E extends Exception> void protect(Block<E> block) throws E {
    Fiber.current().forbid(block);
  }

  /**
   * Waits for cancelation, and throws the reason. Never returns.
   *
   * @throws IllegalStateException if the calling fiber forbids cancelation, or if its computation
   *     was completed by somebody without being canceled, so that none can come
   */
  public static void block() {
    Fiber fiber = Fiber.current();
    if (fiber.hasForbidden()) {
      throw new IllegalStateException("cancelation forbidden: nothing could end the wait");
    }
    // A computation has one completion; to await it from within is to wait for the cancelation.
    fiber.computation().join();
    fiber.check();
    throw new IllegalStateException("computation finished: " + fiber.computation());
  }

  /** Throws a {@link Terminate}, which ends the calling fiber, unless {@code condition} holds. */
  public static void terminateUnless(boolean condition) {
    if (!condition) {
      throw new Terminate();
    }
  }

  /**
   * Runs {@code body}, canceled with a {@link Terminate} once {@code delay} has passed, and returns
   * what it returned; if it returns all the same after the delay, that is still its value. To tell
   * this {@code Terminate} from another, see {@link #terminateAfter(Duration, Terminate, Body)}.
   *
   * <p>Cancelation: a caller whose computation is canceled already throws the reason at once, even
   * if it forbids cancelation, and {@code body} does not run. Cancelation that comes later reaches
   * {@code body} unless that forbids it. This method does not look for cancelation at its end.
   * Nothing is left of the timeout then.
   *
   * @throws E what {@code body} threw
   * @throws IllegalArgumentException if {@code delay} is negative
   */
  public static <T extends @Nullable Object, E extends Exception> T terminateAfter(
      Duration delay, Body<? extends T, E> body) throws E {
    return terminateAfter(delay, new Terminate(), body);
  }

  /** As {@link #terminateAfter(Duration, Body)}, for a block. */
  public static <E extends Exception> void terminateAfter(Duration delay, Block<E> block) throws E {
    terminateAfter(delay, new Terminate(), block);
  }

  /**
   * As {@link #terminateAfter(Duration, Body)}, with {@code reason} for the reason of the timeout;
   * so it is this timeout that has ended {@code body} when that very object is thrown.
   */
  public static <T extends @Nullable Object, E extends Exception> T terminateAfter(
      Duration delay, Terminate reason, Body<? extends T, E> body) throws E {
    Objects.requireNonNull(body, "body");
    Fiber fiber = Fiber.current();
    Computation<?> surrounding = fiber.computation();
    Computation<@Nullable Void> limited = new Computation<>(Computation.Mode.LIFO);
    Trigger canceler = Computation.attachCanceler(surrounding, limited);
    fiber.setComputation(limited);
    try {
      limited.cancelAfter(delay, reason);
      T value = body.run();
      limited.tryReturn(null);
      return value;
    } catch (Throwable thrown) {
      // Whatever else the body associated with the computation is to stop as well.
      limited.tryCancel(thrown);
      throw thrown;
    } finally {
      fiber.setComputation(surrounding);
      surrounding.detach(canceler);
    }
  }

  /** As {@link #terminateAfter(Duration, Terminate, Body)}, for a block. */
  public static <E extends Exception> void terminateAfter(
      Duration delay, Terminate reason, Block<E> block) throws E {
    Objects.requireNonNull(block, "block");
    Control.<@Nullable Void, E>terminateAfter(
        delay,
        reason,
        () -> {
          block.run();
          return null;
        });
  }

  /**
   * Runs {@code body}, which makes a blocking call of the JDK, so that cancelation of the calling
   * fiber interrupts it. Otherwise interrupts and cancelation have nothing to do with each other.
   *
   * {@snippet :
   * Item item = Control.interruptible(() -> blockingQueue.take());
   * }
   *
   * <p>Cancelation: a fiber that is canceled already throws the reason, and {@code body} does not
   * run. When it comes while {@code body} runs, the thread is interrupted. If {@code body} then
   * throws, whatever it throws, the reason is thrown instead; if it returns in spite of that, its
   * value is returned. A fiber that forbids cancelation just runs {@code body}.
   *
   * <p>When this returns or throws, no interrupt that it caused is still to come, and none is left
   * in the thread's interrupt status. A status set before is seen by {@code body} as usual; if the
   * interrupt of the cancelation has come on top of it, it is set again at the end. (An interrupt
   * from elsewhere that comes after that of the cancelation cannot be told from it and is cleared
   * with it.) Interrupts from elsewhere alone are not touched, and what {@code body} throws for
   * them is thrown.
   *
   * @throws E what {@code body} threw, when not canceled
   */
  public static <T extends @Nullable Object, E extends Exception> T interruptible(
      Body<? extends T, E> body) throws E {
    Objects.requireNonNull(body, "body");
    Fiber fiber = Fiber.current();
    Computation<?> computation = fiber.computation();
    Interruption interruption = new Interruption(computation);
    if (fiber.hasForbidden() || !interruption.tryBegin()) {
      fiber.check();
      return body.run();
    }
    T value;
    try {
      value = body.run();
    } catch (Throwable thrown) {
      Throwable reason = interruption.end() ? computation.cancelReason() : null;
      if (reason != null) {
        throw ComputationException.unchecked(reason);
      }
      throw thrown;
    }
    interruption.end();
    return value;
  }

  /** As {@link #interruptible(Body)}, for a block. */
  public static <E extends Exception> void interruptible(Block<E> block) throws E {
    Objects.requireNonNull(block, "block");
    Control.<@Nullable Void, E>interruptible(
        () -> {
          block.run();
          return null;
        });
  }
}
