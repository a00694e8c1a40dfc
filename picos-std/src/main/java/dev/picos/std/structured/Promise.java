package dev.picos.std.structured;

import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.std.event.Event;
import dev.picos.std.internal.Deadline;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The result of a forked fiber, which will be there once the fiber has ended, and a handle to stop
 * the fiber with.
 *
 * <p>Made by {@link Bundle#forkAsPromise} and {@link Flock#forkAsPromise}. Any fiber or thread may
 * use a promise, also after its scope has been left. What the fiber did happens before {@link
 * #await()} returns its value or throws its exception, and before {@link #isRunning} returns {@code
 * false} for it.
 *
 * <p>Progress: every operation but {@code await} is lock-free. Space: a promise that is not running
 * refers to its result alone.
 *
 * @param <T> the type of the result
 */
public final class Promise<T extends @Nullable Object> {
  private final Computation<T> computation;

  Promise(Computation<T> computation) {
    this.computation = computation;
  }

  /** Makes a promise that holds {@code value} already. */
  public static <T extends @Nullable Object> Promise<T> of(T value) {
    return new Promise<>(Computation.returned(value));
  }

  /**
   * Waits until this promise is not running, and returns the value; or throws what the fiber threw,
   * or the reason that it was canceled with. The fiber of a promise that was terminated may still
   * be on its way to its end; its scope waits for that.
   *
   * <p>Cancelation: if the promise is not running, none. Else a calling fiber that is canceled
   * before or while it waits stops waiting and throws its own reason; the promise is not concerned.
   */
  public T await() {
    return computation.await();
  }

  /**
   * As {@link #await()}, but waits no longer than {@code timeout}; not at all if that is zero. The
   * fiber of this promise goes on when the time is over; to stop it then, see {@link
   * #terminateAfter(Duration)}.
   *
   * <p>Cancelation: as {@link #await()}.
   *
   * @throws TimeoutException if this promise is still running when the time is over; nothing is
   *     left of the wait. It is never what the fiber threw or a reason, as a checked one of these
   *     comes inside a {@link ComputationException}
   * @throws IllegalArgumentException if {@code timeout} is negative
   */
  public T await(Duration timeout) throws TimeoutException {
    return Deadline.await(computation, timeout);
  }

  /**
   * Returns the event of {@link #await}: ready when this promise is not running. To lose against
   * another event does not concern the promise.
   */
  public Event<T> awaitEvent() {
    return Event.of(computation);
  }

  /** Returns whether there is no result yet and nobody has stopped the fiber. Never throws. */
  public boolean isRunning() {
    return computation.isRunning();
  }

  /**
   * Asks the fiber to stop, by canceling it with a {@link Terminate}, which is also what {@link
   * #await()} throws from now on. Does not wait for the fiber. Not cancelable.
   *
   * @return whether this call did it; {@code false} if this promise was not running
   */
  public boolean tryTerminate() {
    return tryTerminate(new Terminate());
  }

  /** As {@link #tryTerminate()}, with {@code reason} for the reason. */
  public boolean tryTerminate(Terminate reason) {
    return computation.tryCancel(reason);
  }

  /** As {@link #tryTerminate()}, for those who need no answer. */
  public void terminate() {
    tryTerminate();
  }

  /**
   * Arranges that the fiber is terminated once {@code delay} has passed. Nothing is left of that
   * when the promise ends earlier.
   *
   * <p>Cancelation: throws the reason if the calling fiber is canceled, and arranges nothing.
   *
   * @throws IllegalArgumentException if {@code delay} is negative
   */
  public void terminateAfter(Duration delay) {
    terminateAfter(delay, new Terminate());
  }

  /** As {@link #terminateAfter(Duration)}, with {@code reason} for the reason. */
  public void terminateAfter(Duration delay, Terminate reason) {
    computation.cancelAfter(delay, reason);
  }

  /** Names the state, for people. */
  @Override
  public String toString() {
    return "Promise[" + computation + "]";
  }
}
