package dev.picos.std.awaitable;

import dev.picos.core.Computation;
import dev.picos.core.Point;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A {@code long} that is changed atomically, and that fibers can wait on until it changes. What
 * {@link AwaitableInt} says holds for it, too.
 *
 * <p>An example is an event count, on which a consumer that finds nothing waits for the next
 * announcement:
 *
 * {@snippet :
 * AwaitableLong events = new AwaitableLong(0);
 *
 * void announce() {
 *   events.getAndIncrement();
 *   events.broadcast();
 * }
 *
 * Item next() {
 *   for (; ; ) {
 *     long seen = events.get();
 *     Item item = poll();
 *     if (item != null) {
 *       return item;
 *     }
 *     events.await(seen); // returns at once if something was announced since
 *   }
 * }
 * }
 */
public final class AwaitableLong extends Awaitable {
  private static final VarHandle VALUE;

  static {
    try {
      VALUE = MethodHandles.lookup().findVarHandle(AwaitableLong.class, "value", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private volatile long value;

  /** Makes an awaitable that holds {@code value}. */
  public AwaitableLong(long value) {
    VALUE.set(this, value);
  }

  /** Returns the value. */
  public long get() {
    Point.before(this, Point.Kind.READ);
    return value;
  }

  /** Sets the value; wakes no fiber. */
  public void set(long value) {
    Point.before(this, Point.Kind.WRITE);
    this.value = value;
  }

  /** Sets the value, and returns what it was; wakes no fiber. */
  public long getAndSet(long value) {
    Point.before(this, Point.Kind.UPDATE);
    return (long) VALUE.getAndSet(this, value);
  }

  /**
   * Sets the value to {@code after} if it is {@code before}; wakes no fiber.
   *
   * @return whether it was; there are no spurious failures
   */
  public boolean compareAndSet(long before, long after) {
    Point.before(this, Point.Kind.UPDATE);
    return VALUE.compareAndSet(this, before, after);
  }

  /** Adds {@code change}, which wraps around on overflow, and returns the value before. */
  public long getAndAdd(long change) {
    Point.before(this, Point.Kind.UPDATE);
    return (long) VALUE.getAndAdd(this, change);
  }

  /** Adds 1, and returns the value before. */
  public long getAndIncrement() {
    return getAndAdd(1);
  }

  /** Subtracts 1, and returns the value before. */
  public long getAndDecrement() {
    return getAndAdd(-1);
  }

  /**
   * Waits while the value is {@code before}, until it is found to be another one or a signal comes.
   *
   * <p>Cancelation: none if the value is another one. Else a fiber that is canceled before or while
   * it waits throws the reason; a signal that came at the same moment goes to the next waiter.
   */
  public void await(long before) {
    boolean unused = await(null, before, (Computation<?>) null);
  }

  /**
   * As {@link #await(long)}, but waits no longer than {@code duration}; not at all if that is zero.
   *
   * @return {@code false} if the time is over, no signal has come, and the value is {@code before}
   * @throws IllegalArgumentException if {@code duration} is negative
   */
  public boolean await(long before, Duration duration) {
    return await(null, before, duration);
  }

  /**
   * As {@link #await(long)}, but waits no longer than until {@code limit} completes, with whatever
   * outcome. For waits that take several steps within one limit.
   *
   * @param limit the computation whose completion ends the wait; {@code null} for none
   * @return {@code false} if the limit has completed, no signal has come, and the value is {@code
   *     before}
   */
  public boolean await(long before, @Nullable Computation<?> limit) {
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
    return describe("AwaitableLong", value);
  }
}
