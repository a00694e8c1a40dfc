package dev.picos.std.awaitable;

import dev.picos.core.Computation;
import dev.picos.core.Point;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * An {@code int} that is changed atomically, and that fibers can wait on until it changes.
 *
 * <p>An example is a lock, where 0 means that it is free, 1 that it is taken, and 2 that fibers may
 * wait for it:
 *
 * {@snippet :
 * AwaitableInt state = new AwaitableInt(0);
 *
 * void lock() {
 *   if (!state.compareAndSet(0, 1)) {
 *     while (state.getAndSet(2) != 0) {
 *       state.await(2);
 *     }
 *   }
 * }
 *
 * void unlock() {
 *   if (state.getAndSet(0) == 2) {
 *     state.signal();
 *   }
 * }
 * }
 *
 * <p>Changing the value wakes no fiber: call {@link #signal} or {@link #broadcast} after the
 * change. They wake only fibers that expect another value than the present one, oldest first. A
 * change that is taken back before a fiber looks may never be noticed. {@link #await(int)} may also
 * return without the change that the caller hopes for, so call it in a loop.
 *
 * <p>Every access is volatile: what a fiber does before it changes the value happens before what
 * another fiber does after it has seen the change. What a fiber does before a signal happens before
 * the return of the await that the signal ends.
 *
 * <p>Progress: everything but the waiting is lock-free. Space: 24 bytes, and some 100 for each
 * waiter; waiters that are canceled are cleaned up in amortised constant time, and no more of them
 * are kept than there are others.
 */
public final class AwaitableInt extends Awaitable {
  private static final VarHandle VALUE;

  static {
    try {
      VALUE = MethodHandles.lookup().findVarHandle(AwaitableInt.class, "value", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private volatile int value;

  /** Makes an awaitable that holds {@code value}. */
  public AwaitableInt(int value) {
    VALUE.set(this, value);
  }

  /** Returns the value. */
  public int get() {
    Point.before(this, Point.Kind.READ);
    return value;
  }

  /** Sets the value; wakes no fiber. */
  public void set(int value) {
    Point.before(this, Point.Kind.WRITE);
    this.value = value;
  }

  /** Sets the value, and returns what it was; wakes no fiber. */
  public int getAndSet(int value) {
    Point.before(this, Point.Kind.UPDATE);
    return (int) VALUE.getAndSet(this, value);
  }

  /**
   * Sets the value to {@code after} if it is {@code before}; wakes no fiber.
   *
   * @return whether it was; there are no spurious failures
   */
  public boolean compareAndSet(int before, int after) {
    Point.before(this, Point.Kind.UPDATE);
    return VALUE.compareAndSet(this, before, after);
  }

  /** Adds {@code change}, which wraps around on overflow, and returns the value before. */
  public int getAndAdd(int change) {
    Point.before(this, Point.Kind.UPDATE);
    return (int) VALUE.getAndAdd(this, change);
  }

  /** Adds 1, and returns the value before. */
  public int getAndIncrement() {
    return getAndAdd(1);
  }

  /** Subtracts 1, and returns the value before. */
  public int getAndDecrement() {
    return getAndAdd(-1);
  }

  /**
   * Waits while the value is {@code before}, until it is found to be another one or a signal comes.
   *
   * <p>Cancelation: none if the value is another one. Else a fiber that is canceled before or while
   * it waits throws the reason; a signal that came at the same moment goes to the next waiter.
   */
  public void await(int before) {
    boolean unused = await(null, before, (Computation<?>) null);
  }

  /**
   * As {@link #await(int)}, but waits no longer than {@code duration}; not at all if that is zero.
   *
   * @return {@code false} if the time is over, no signal has come, and the value is {@code before}
   * @throws IllegalArgumentException if {@code duration} is negative
   */
  public boolean await(int before, Duration duration) {
    return await(null, before, duration);
  }

  /**
   * As {@link #await(int)}, but waits no longer than until {@code limit} completes, with whatever
   * outcome. For waits that take several steps within one limit.
   *
   * @param limit the computation whose completion ends the wait; {@code null} for none
   * @return {@code false} if the limit has completed, no signal has come, and the value is {@code
   *     before}
   */
  public boolean await(int before, @Nullable Computation<?> limit) {
    return await(null, before, limit);
  }

  @Override
  @Nullable Object reference() {
    return null;
  }

  @Override
  long number() {
    return get();
  }

  /** Names the value, for people. */
  @Override
  public String toString() {
    return describe("AwaitableInt", value);
  }
}
