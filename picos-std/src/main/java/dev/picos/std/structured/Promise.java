package dev.picos.std.structured;

import dev.picos.core.CheckReturnValue;
import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.core.Point;
import dev.picos.core.Trigger;
import dev.picos.std.event.Event;
import dev.picos.std.internal.Deadline;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The result of a forked fiber, which is available once the fiber has ended, and a handle to stop
 * the fiber.
 *
 * <p>Promises are made by {@link Bundle#forkAsPromise} and {@link Flock#forkAsPromise}. Any fiber
 * or thread may use a promise, even after its scope has been left. What the fiber does happens
 * before {@link #await()} returns its value or throws its exception, before {@link #join} returns,
 * and before {@link #isRunning} returns {@code false} for it.
 *
 * <p>Progress: everything but the waiting is lock-free. Space: a promise that is not running refers
 * to its result alone.
 *
 * @param <T> the type of the result
 */
public final class Promise<T extends @Nullable Object> {
  // For maintainers.
  //
  //   ended    null -> a computation, by the first who joins -> ENDED, by the fiber
  //            null -> ENDED, by the fiber
  //
  // The fiber takes the computation out with an exchange and completes it. So every joiner that has
  // put its computation in, or found it there, is woken. Neither the exchange nor the completion
  // needs memory.
  //
  // Ordering: both changes are volatile. A thread that finds ENDED sees what the fiber did, by its
  // acquire, or through the completion.

  private static final Computation<@Nullable Void> ENDED = Computation.returned(null);

  private static final VarHandle END;

  static {
    try {
      END = MethodHandles.lookup().findVarHandle(Promise.class, "end", Computation.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Computation<T> computation;

  @SuppressWarnings("unused") // through END
  private volatile @Nullable Computation<@Nullable Void> end;

  /** What people call this. */
  private @Nullable String name;

  Promise(Computation<T> computation) {
    this.computation = computation;
  }

  /** Gives this a name; called before anybody else has it. */
  Promise<T> named(String name) {
    this.name = name;
    return this;
  }

  /** Makes a promise that holds {@code value} already. */
  public static <T extends @Nullable Object> Promise<T> of(T value) {
    Promise<T> promise = new Promise<>(Computation.returned(value));
    promise.end();
    return promise;
  }

  /**
   * Waits until this promise is not running, and returns the value, or throws what the fiber threw.
   * If the promise was terminated, its fiber may not have ended yet; see {@link #join}.
   *
   * <p>Cancelation: none if the promise is not running. Else a calling fiber that is canceled
   * before or while it waits stops waiting and throws its own reason; the promise is not affected.
   *
   * @throws TerminatedException if the promise was terminated, alone or with its scope. But a
   *     caller that was stopped with the same {@link TerminateException} throws that
   */
  public T await() {
    computation.join();
    return result();
  }

  /**
   * As {@link #await()}, but waits no longer than {@code timeout}; not at all if that is zero. The
   * fiber of this promise goes on when the time is over; to stop it then, see {@link
   * #timeoutAfter}.
   *
   * <p>Cancelation: as {@link #await()}.
   *
   * @throws TimeoutException if this promise is still running when the time is over; nothing is
   *     left of the wait. What the fiber threw, and reasons, are never thrown as this, since
   *     checked ones come inside a {@link ComputationException}
   * @throws IllegalArgumentException if {@code timeout} is negative
   */
  public T await(Duration timeout) throws TimeoutException {
    if (!Deadline.join(computation, timeout)) {
      throw new TimeoutException("the promise was not kept within " + timeout);
    }
    return result();
  }

  private T result() {
    return switch (Objects.requireNonNull(computation.peek())) {
      case Outcome.Returned<T> returned -> returned.value();
      case Outcome.Canceled<T> canceled -> throw thrown(canceled.reason());
    };
  }

  private RuntimeException thrown(Throwable reason) {
    return reason instanceof TerminateException
            && Fiber.current().computation().cancelReason() != reason
        ? new TerminatedException("the promise" + (name == null ? "" : " " + name), reason)
        : ComputationException.unchecked(reason);
  }

  /**
   * Returns the event of {@link #await()}: it is ready when this promise is not running. When
   * another alternative is chosen, the promise is not affected.
   */
  public Event<T> awaitEvent() {
    return Event.of(computation)
        .handle(
            reason -> {
              throw thrown(reason);
            });
  }

  /**
   * Waits until the fiber has ended, whatever its result, even if this promise was terminated long
   * before.
   *
   * <p>Cancelation: none if the fiber has ended. Else a calling fiber that is canceled before or
   * while it waits throws its own reason. If the fiber of this promise itself calls this, it waits
   * for ever.
   */
  public void join() {
    for (; ; ) {
      Point.before(this, Point.Kind.READ);
      @SuppressWarnings("unchecked") // nothing else is put into it
      Computation<@Nullable Void> now = (Computation<@Nullable Void>) END.getAcquire(this);
      if (now != null) {
        now.join();
        return;
      }
      Point.before(this, Point.Kind.UPDATE);
      END.compareAndSet(this, (Computation<?>) null, new Computation<@Nullable Void>());
    }
  }

  /**
   * Asks the fiber to stop, as {@link #terminate}, and waits until it has ended, as {@link #join}.
   */
  public void terminateAndJoin() {
    terminate();
    join();
  }

  /** Wakes the joiners; called by the fiber when it ends. */
  void end() {
    Point.before(this, Point.Kind.UPDATE);
    @SuppressWarnings("unchecked") // nothing else is put into it
    Computation<@Nullable Void> waitedFor =
        (Computation<@Nullable Void>) END.getAndSet(this, ENDED);
    if (waitedFor != null) {
      waitedFor.tryReturn(null);
    }
  }

  /**
   * Returns the value, or what the fiber threw or was stopped with, or {@code null} while this
   * promise is running.
   */
  public @Nullable Outcome<T> peek() {
    return computation.peek();
  }

  /**
   * Arranges that {@code trigger} is signaled when this promise is not running any more, as {@link
   * Computation#tryAttach} does.
   *
   * @return {@code false} if this promise is not running or the trigger is signaled; neither is
   *     changed then
   */
  @CheckReturnValue
  public boolean tryAttach(Trigger trigger) {
    return computation.tryAttach(trigger);
  }

  /** Signals {@code trigger} and gives up its place, as {@link Computation#detach} does. */
  public void detach(Trigger trigger) {
    computation.detach(trigger);
  }

  /** Returns whether there is no result yet and nobody has stopped the fiber. Never throws. */
  public boolean isRunning() {
    return computation.isRunning();
  }

  /**
   * Asks the fiber to stop, by canceling it with a {@link TerminateException}; after that there is
   * no value. Does not wait for the fiber. Not cancelable.
   *
   * @return whether this call did it; {@code false} if this promise was not running
   */
  public boolean tryTerminate() {
    return tryTerminate(new TerminateException());
  }

  /** As {@link #tryTerminate()}, with {@code reason} as the reason. */
  public boolean tryTerminate(TerminateException reason) {
    return computation.tryCancel(reason);
  }

  /** As {@link #tryTerminate()}, for callers that need no answer. */
  public void terminate() {
    tryTerminate();
  }

  /**
   * Sets a timeout: once {@code delay} has passed, the fiber is canceled with a {@link
   * TimeoutException}, which is an error of the fiber, and so of its scope. If the promise ends
   * earlier, the timeout is removed.
   *
   * <p>Cancelation: throws the reason if the calling fiber is canceled, and sets no timeout.
   *
   * @throws IllegalArgumentException if {@code delay} is negative
   */
  public void timeoutAfter(Duration delay) {
    computation.cancelAfter(delay, new ElapsedException(delay));
  }

  /** Names the state, for people. */
  @Override
  public String toString() {
    return "Promise[" + (name == null ? "" : name + ": ") + computation + "]";
  }
}
