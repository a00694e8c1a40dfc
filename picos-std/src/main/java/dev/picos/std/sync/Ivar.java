package dev.picos.std.sync;

import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Outcome;
import dev.picos.std.event.Event;
import dev.picos.std.internal.Deadline;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A variable that is filled once, with a value or with poison, and that fibers wait for.
 *
 * {@snippet :
 * Ivar<Config> config = new Ivar<>();
 * // somewhere
 * config.fill(load());
 * // and anywhere else
 * Config c = config.read();
 * }
 *
 * <p>Any thread may fill it, with or without a scheduler; the first one wins. What a thread does
 * before it fills the variable happens before the return of every {@link #read()}, and of every
 * {@link #peek} that does not return {@code null}.
 *
 * <p>Progress: everything but {@code read} is lock-free. Space: constant, and for each waiter as in
 * {@link Computation}. A filled variable refers to its value alone.
 *
 * @param <T> the type of the value
 */
public final class Ivar<T extends @Nullable Object> {
  private final Computation<T> computation;

  /** Makes an empty variable. */
  public Ivar() {
    this(new Computation<>());
  }

  private Ivar(Computation<T> computation) {
    this.computation = computation;
  }

  /** Makes a variable filled with {@code value}. */
  public static <T extends @Nullable Object> Ivar<T> of(T value) {
    return new Ivar<>(Computation.returned(value));
  }

  /**
   * Fills this variable with {@code value} if it is empty. Not cancelable.
   *
   * @return whether it was empty
   */
  public boolean tryFill(T value) {
    return computation.tryReturn(value);
  }

  /**
   * As {@link #tryFill}, for callers that need no answer: a variable that is filled already stays
   * as it is.
   */
  public void fill(T value) {
    tryFill(value);
  }

  /**
   * Poisons this variable if it is empty, so that every read of it throws {@code reason}. Not
   * cancelable.
   *
   * @return whether it was empty
   */
  public boolean tryPoison(Throwable reason) {
    return computation.tryCancel(reason);
  }

  /**
   * As {@link #tryPoison}, for callers that need no answer: a variable that is filled already stays
   * as it is.
   */
  public void poison(Throwable reason) {
    tryPoison(reason);
  }

  /** Returns what this variable holds, value or poison, or {@code null} while it is empty. */
  public @Nullable Outcome<T> peek() {
    return computation.peek();
  }

  /**
   * Waits until this variable is filled, and returns its value; or throws what it was poisoned
   * with, a checked exception inside a {@link ComputationException}.
   *
   * <p>Cancelation: none if the variable is filled. Else a fiber that is canceled before or while
   * it waits throws its own reason, and leaves nothing behind.
   */
  public T read() {
    return computation.await();
  }

  /**
   * As {@link #read()}, but waits no longer than {@code timeout}; not at all if that is zero.
   *
   * <p>Cancelation: as {@link #read()}.
   *
   * @throws TimeoutException if this variable is still empty when the time is over; nothing is left
   *     of the wait. The poison and the fiber's reason are never thrown as this, since checked ones
   *     come inside a {@link ComputationException}
   * @throws IllegalArgumentException if {@code timeout} is negative
   */
  public T read(Duration timeout) throws TimeoutException {
    return Deadline.await(computation, timeout);
  }

  /** Returns the event of {@link #read}: ready when this variable is filled or poisoned. */
  public Event<T> readEvent() {
    return Event.of(computation);
  }

  /** Shows the value or the poison, for people. */
  @Override
  public String toString() {
    return "Ivar["
        + switch (peek()) {
          case null -> "empty";
          case Outcome.Returned<T> filled -> filled.value();
          case Outcome.Canceled<T> poisoned -> "poisoned with " + poisoned.reason();
        }
        + "]";
  }
}
