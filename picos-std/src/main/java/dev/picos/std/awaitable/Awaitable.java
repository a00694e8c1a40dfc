package dev.picos.std.awaitable;

import dev.picos.core.Computation;
import dev.picos.core.Point;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A reference that is changed atomically, and that fibers can wait on until it changes. Values are
 * compared by identity; for numbers, whose boxes come and go, there are {@link AwaitableInt} and
 * {@link AwaitableLong}. All that is said of {@link AwaitableInt} holds for it.
 *
 * {@snippet :
 * Awaitable<Config> config = new Awaitable<>(initial);
 *
 * void update(Config next) {
 *   config.set(next);
 *   config.broadcast();
 * }
 *
 * Config otherThan(Config known) {
 *   Config now = config.get();
 *   while (now == known) {
 *     config.await(known);
 *     now = config.get();
 *   }
 *   return now;
 * }
 * }
 *
 * @param <T> what it refers to; {@code null} is a value like others
 */
public final class Awaitable<T extends @Nullable Object> extends Waitable {
  private static final VarHandle VALUE;

  static {
    try {
      VALUE = MethodHandles.lookup().findVarHandle(Awaitable.class, "value", Object.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private volatile T value;

  /** Makes one that holds {@code value}. */
  @SuppressWarnings("NullAway.Init") // through VALUE
  public Awaitable(T value) {
    VALUE.set(this, value);
  }

  /** Returns the value. */
  public T get() {
    Point.before(this, Point.Kind.READ);
    return value;
  }

  /** Sets the value; wakes nobody. */
  public void set(T value) {
    Point.before(this, Point.Kind.WRITE);
    this.value = value;
  }

  /** Sets the value, and returns what it was; wakes nobody. */
  @SuppressWarnings("unchecked") // nothing else is put into it
  public T getAndSet(T value) {
    Point.before(this, Point.Kind.UPDATE);
    return (T) VALUE.getAndSet(this, value);
  }

  /**
   * Sets the value to {@code after} if it is {@code before}, that very object; wakes nobody.
   *
   * @return whether it was; there are no spurious failures
   */
  public boolean compareAndSet(T before, T after) {
    Point.before(this, Point.Kind.UPDATE);
    return VALUE.compareAndSet(this, before, after);
  }

  /**
   * Waits while the value is {@code before}, that very object, until it is found to be another one
   * or a signal comes.
   *
   * <p>Cancelation: none if the value is another one. Else a fiber that is canceled before or while
   * it waits throws the reason; a signal that came at the same moment goes to the next waiter.
   */
  public void await(T before) {
    boolean unused = await(before, 0, (Computation<?>) null);
  }

  /**
   * As {@link #await(Object)}, for no longer than {@code duration}; if that is zero, does not wait.
   *
   * @return {@code false} if the time is over, no signal has come, and the value is {@code before}
   * @throws IllegalArgumentException if {@code duration} is negative
   */
  public boolean await(T before, Duration duration) {
    return await(before, 0, duration);
  }

  /**
   * As {@link #await(Object)}, for no longer than until {@code limit} completes, with whatever
   * outcome. For waits that take several steps within one limit.
   *
   * @param limit what ends the wait; {@code null} for nothing
   * @return {@code false} if the limit has completed, no signal has come, and the value is {@code
   *     before}
   */
  public boolean await(T before, @Nullable Computation<?> limit) {
    return await(before, 0, limit);
  }

  @Override
  @Nullable Object reference() {
    return get();
  }

  @Override
  long number() {
    return 0;
  }

  /** Names the value, for people. */
  @Override
  public String toString() {
    return describe("Awaitable", value);
  }
}
