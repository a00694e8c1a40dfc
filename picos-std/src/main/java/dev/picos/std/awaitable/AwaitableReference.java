package dev.picos.std.awaitable;

import dev.picos.core.Computation;
import dev.picos.core.Point;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A reference that is changed atomically, and that fibers can wait on until it changes. Values are
 * compared by identity; for numbers, whose boxes come and go, use {@link AwaitableInt} and {@link
 * AwaitableLong}. What {@link AwaitableInt} says holds for it, too.
 *
 * {@snippet :
 * AwaitableReference<Config> config = new AwaitableReference<>(initial);
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
 * @param <T> the type of what it refers to; {@code null} is a value like others
 */
public final class AwaitableReference<T extends @Nullable Object> extends Awaitable {
  private static final VarHandle VALUE;

  static {
    try {
      VALUE = MethodHandles.lookup().findVarHandle(AwaitableReference.class, "value", Object.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private volatile T value;

  /** Makes an awaitable that holds {@code value}. */
  @SuppressWarnings("NullAway.Init") // through VALUE
  public AwaitableReference(T value) {
    VALUE.set(this, value);
  }

  /** Returns the value. */
  public T get() {
    Point.before(this, Point.Kind.READ);
    return value;
  }

  /** Sets the value; wakes no fiber. */
  public void set(T value) {
    Point.before(this, Point.Kind.WRITE);
    this.value = value;
  }

  /** Sets the value, and returns what it was; wakes no fiber. */
  @SuppressWarnings("unchecked") // nothing else is put into it
  public T getAndSet(T value) {
    Point.before(this, Point.Kind.UPDATE);
    return (T) VALUE.getAndSet(this, value);
  }

  /**
   * Sets the value to {@code after} if it is {@code before}, that very object; wakes no fiber.
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
   * As {@link #await(Object)}, but waits no longer than {@code duration}; not at all if that is
   * zero.
   *
   * @return {@code false} if the time is over, no signal has come, and the value is {@code before}
   * @throws IllegalArgumentException if {@code duration} is negative
   */
  public boolean await(T before, Duration duration) {
    return await(before, 0, duration);
  }

  /**
   * As {@link #await(Object)}, but waits no longer than until {@code limit} completes, with
   * whatever outcome. For waits that take several steps within one limit.
   *
   * @param limit the computation whose completion ends the wait; {@code null} for none
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
    return describe("AwaitableReference", value);
  }
}
