package dev.picos.std.structured;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.internal.Headroom;
import dev.picos.std.internal.Bodies;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Operations of a fiber on itself: it can yield, sleep, check whether it is canceled, limit the
 * time of a part of its work, and decide in which parts cancelation reaches it, and how.
 *
 * <p>All of them affect the calling fiber and no other. Where there is work to run, {@code run…}
 * takes a block, and {@code call…} a body that returns a value.
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

  /** Throws the reason if the calling fiber is canceled. For long work that never waits. */
  public static void check() {
    Fiber.current().check();
  }

  /**
   * Waits for cancelation, and throws the reason. Never returns.
   *
   * @throws IllegalStateException if the calling fiber forbids cancelation, or if its computation
   *     has been completed without being canceled, so that no cancelation can come
   */
  public static void block() {
    Fiber fiber = Fiber.current();
    if (fiber.forbidsCancelation()) {
      throw new IllegalStateException("cancelation forbidden: nothing could end the wait");
    }
    // A computation is completed once; awaiting it from within is waiting for its cancelation.
    fiber.computation().join();
    fiber.check();
    throw new IllegalStateException("computation finished: " + fiber.computation());
  }

  /**
   * Runs {@code body} with cancelation forbidden, restores the previous state, and returns what
   * {@code body} returned. Cancelation that comes meanwhile is delivered by the next operation
   * after this one; this method does not check for it.
   *
   * <p>Use it for work that must not be cut short, such as giving back a resource. Scopes and
   * timeouts that {@code body} opens are shielded from the cancelation outside, and work inside as
   * everywhere. The interrupt of a {@link #callInterruptible} that surrounds this is not held back.
   *
   * <p>In a {@code try} with resources it belongs inside {@code close()}: a canceled fiber throws
   * its reason from every operation that delivers it, and the same object thrown by the block and
   * again by {@code close()} makes Java throw {@link IllegalArgumentException} ("Self-suppression
   * not permitted") in its place.
   *
   * {@snippet :
   * public void close() {
   *   Control.runProtected(() -> connection.sayGoodbye());
   * }
   * }
   */
  public static <T extends @Nullable Object, E extends Exception> T callProtected(
      Body<? extends T, E> body) throws E {
    return Fiber.current().callForbiddingCancelation(body);
  }

  /** As {@link #callProtected}, for a block. */
  public static <E extends Exception> void runProtected(Block<E> block) throws E {
    Fiber.current().runForbiddingCancelation(block);
  }

  /**
   * Runs {@code body} under a computation of its own, which is shielded from the cancelation of
   * what surrounds it, and returns what {@code body} returned. Within {@code body} cancelation
   * works: the fiber permits it, and canceling the fiber's computation reaches {@code body}.
   * Cancelation of what surrounds {@code body} is delivered by the next operation after this one;
   * this method does not check for it.
   *
   * <p>The difference from {@link #callProtected} is for code that uses {@link Fiber#computation}
   * itself, such as a library with scopes of its own: here it finds a computation that is not
   * canceled. A fiber that waits for nothing but its cancelation waits for ever.
   *
   * @throws E what {@code body} threw
   */
  public static <T extends @Nullable Object, E extends Exception> T callShielded(
      Body<? extends T, E> body) throws E {
    Objects.requireNonNull(body, "body");
    Computation<@Nullable Void> shield = new Computation<>(Computation.Mode.LIFO);
    Enclosure enclosure = Enclosure.beginShielded(shield);
    try {
      return body.run();
    } finally {
      enclosure.leave();
      shield.tryReturn(null);
    }
  }

  /** As {@link #callShielded}, for a block. */
  public static <E extends Exception> void runShielded(Block<E> block) throws E {
    Control.<@Nullable Void, E>callShielded(Bodies.of(block));
  }

  /**
   * Runs {@code body}, cancels it once {@code timeout} has passed, and returns what it returned. If
   * {@code body} returns in spite of the timeout, its value is returned all the same.
   *
   * {@snippet :
   * Reply reply = Control.callWithin(Duration.ofSeconds(1), () -> request());
   * }
   *
   * <p>Cancelation: a caller that is canceled already throws the reason, and {@code body} does not
   * run. Cancelation that comes later reaches {@code body} unless {@code body} forbids it. In a
   * fiber that forbids cancelation, only the timeout reaches {@code body}. This method does not
   * check for cancelation at its end. It leaves nothing of the timeout behind.
   *
   * <p>If {@code body} throws, what it has started and left behind under its computation is
   * canceled.
   *
   * @throws TimeoutException if this timeout has ended {@code body}. A timeout within {@code body},
   *     or around this one, is never mistaken for this one
   * @throws E what {@code body} threw, for whatever other reason
   * @throws IllegalArgumentException if {@code timeout} is negative
   */
  public static <T extends @Nullable Object, E extends Exception> T callWithin(
      Duration timeout, Body<? extends T, E> body) throws E, TimeoutException {
    ElapsedException elapsed = new ElapsedException(timeout);
    try {
      return Control.<T, E>call(timeout, elapsed, body);
    } catch (Throwable thrown) {
      if (Bundle.unwrapped(thrown) == elapsed) {
        throw elapsed.thrownHere(thrown);
      }
      throw thrown;
    }
  }

  /** As {@link #callWithin}, for a block. */
  public static <E extends Exception> void runWithin(Duration timeout, Block<E> block)
      throws E, TimeoutException {
    Control.<@Nullable Void, E>callWithin(timeout, Bodies.of(block));
  }

  /**
   * As {@link #callWithin}, but returns {@code otherwise} if the timeout has ended {@code body}.
   *
   * @throws E what {@code body} threw, for whatever other reason than this timeout
   * @throws IllegalArgumentException if {@code timeout} is negative
   */
  public static <T extends @Nullable Object, E extends Exception> T callWithinOrElse(
      Duration timeout, T otherwise, Body<? extends T, E> body) throws E {
    ElapsedException elapsed = new ElapsedException(timeout);
    try {
      return Control.<T, E>call(timeout, elapsed, body);
    } catch (Throwable thrown) {
      if (Bundle.unwrapped(thrown) == elapsed && !Bundle.hidesFailure(thrown)) {
        return otherwise;
      }
      throw thrown;
    }
  }

  private static <T extends @Nullable Object, E extends Exception> T call(
      Duration timeout, ElapsedException elapsed, Body<? extends T, E> body) throws E {
    Objects.requireNonNull(body, "body");
    Computation<@Nullable Void> limited = new Computation<>(Computation.Mode.LIFO);
    Enclosure enclosure = Enclosure.begin(limited);
    Throwable end;
    try {
      limited.cancelAfter(timeout, elapsed);
      T value = body.run();
      limited.tryReturn(null);
      enclosure.leave();
      return value;
    } catch (Throwable thrown) {
      enclosure.leave();
      end = enclosure.explained(thrown);
      // Everything else that the body has started under the computation must stop, too.
      limited.tryCancel(end);
    }
    throw Thrown.<E>unchanged(end);
  }

  /**
   * Runs {@code body}, which makes a blocking call of the JDK, so that cancelation of the calling
   * fiber interrupts it. Elsewhere, interrupts and cancelation have nothing to do with each other.
   *
   * {@snippet :
   * Item item = Control.callInterruptible(() -> blockingQueue.take());
   * }
   *
   * <p>Cancelation: a fiber that is canceled already throws the reason, and {@code body} does not
   * run. If the fiber is canceled while {@code body} runs, the thread is interrupted. If {@code
   * body} then throws what the JDK throws for an interrupt, or the reason, or an exception with
   * such a cause, the reason is thrown instead. Anything else that {@code body} throws comes out,
   * with the reason suppressed in it; so does one of the above if it suppresses a further
   * exception, such as that of a {@code close()}. If {@code body} returns in spite of the
   * interrupt, its value is returned. A fiber that forbids cancelation just runs {@code body}.
   *
   * <p>Timeouts and scopes within {@code body} interrupt in the same way when they are canceled;
   * then their own reason comes out of them. Calls may be nested: if the outer call is canceled,
   * too, an interrupt that ends an inner call is not lost for what follows in the outer one.
   *
   * <p>When this returns or throws, no interrupt that it caused is still to come, and none is left
   * in the thread's interrupt status. If the status was set before, {@code body} sees that as
   * usual; if the interrupt of the cancelation has come on top, the status is set again at the end.
   * (An interrupt from elsewhere that comes after that of the cancelation cannot be told from it,
   * and is cleared with it.) Without a cancelation, interrupts from elsewhere are not touched, and
   * what {@code body} throws for them is thrown.
   *
   * @throws E what {@code body} threw, if the fiber was not canceled, or if the interrupt does not
   *     explain it
   */
  public static <T extends @Nullable Object, E extends Exception> T callInterruptible(
      Body<? extends T, E> body) throws E {
    Objects.requireNonNull(body, "body");
    Headroom.requireToHold();
    Fiber fiber = Fiber.current();
    Interruption interruption =
        fiber.forbidsCancelation() ? null : Interruption.begin(fiber, fiber.computation());
    if (interruption == null) {
      fiber.check();
      return body.run();
    }
    Throwable end;
    try {
      T value = body.run();
      interruption.end();
      return value;
    } catch (Throwable thrown) {
      interruption.end();
      end = interruption.explained(thrown);
    }
    throw Thrown.<E>unchanged(end);
  }

  /** As {@link #callInterruptible}, for a block. */
  public static <E extends Exception> void runInterruptible(Block<E> block) throws E {
    Control.<@Nullable Void, E>callInterruptible(Bodies.of(block));
  }

  /**
   * Runs {@code body} so that an interrupt of the calling thread cancels it, with everything that
   * it has started in scopes, and returns what it returned. Use it in a thread that waits in a
   * scope and is stopped by interrupts, such as a test with a timeout, or a worker of an {@code
   * ExecutorService}.
   *
   * {@snippet :
   * List<Page> pages = Control.callCancelableByInterrupt(() -> Run.map(8, urls, this::fetch));
   * }
   *
   * <p>Elsewhere, interrupts and cancelation have nothing to do with each other: an interrupt waits
   * for the next blocking call of the JDK. Here, an interrupt that comes while the thread waits in
   * an operation of this library, or before it does, is used up, and cancels {@code body} with an
   * {@link InterruptedException}. Interrupts of threads that run other fibers do nothing here.
   *
   * <p>Cancelation: as {@link #callWithin}. In a fiber that forbids cancelation, only an interrupt
   * reaches {@code body}.
   *
   * <p>If {@code body} returns in spite of an interrupt, its value is returned, and the interrupt
   * status is set again. This works under every scheduler that passes interrupts on, as all
   * schedulers of Picos do.
   *
   * @throws InterruptedException if an interrupt has ended {@code body}
   * @throws E what {@code body} threw, for whatever other reason
   */
  public static <T extends @Nullable Object, E extends Exception> T callCancelableByInterrupt(
      Body<? extends T, E> body) throws E, InterruptedException {
    Objects.requireNonNull(body, "body");
    Computation<@Nullable Void> interrupted = new Computation<>(Computation.Mode.LIFO);
    Enclosure enclosure = Enclosure.begin(interrupted);
    Fiber fiber = enclosure.fiber();
    Computation<?> outer;
    try {
      outer = fiber.exchangeCanceledByInterrupt(interrupted);
    } catch (Throwable full) {
      enclosure.leave();
      throw full;
    }
    Throwable end;
    try {
      T value = body.run();
      fiber.exchangeCanceledByInterrupt(outer);
      enclosure.leave();
      if (!interrupted.tryReturn(null)
          && interrupted.cancelReason() instanceof InterruptedException) {
        Thread.currentThread().interrupt();
      }
      return value;
    } catch (Throwable thrown) {
      fiber.exchangeCanceledByInterrupt(outer);
      enclosure.leave();
      end = enclosure.explained(thrown);
      interrupted.tryCancel(end);
    }
    if (interrupted.cancelReason() instanceof InterruptedException reason
        && Bundle.unwrapped(end) == reason) {
      for (Throwable suppressed : end.getSuppressed()) {
        reason.addSuppressed(suppressed);
      }
      throw reason;
    }
    throw Thrown.<E>unchanged(end);
  }

  /** As {@link #callCancelableByInterrupt}, for a block. */
  public static <E extends Exception> void runCancelableByInterrupt(Block<E> block)
      throws E, InterruptedException {
    Control.<@Nullable Void, E>callCancelableByInterrupt(Bodies.of(block));
  }
}
