package dev.picos.std.sync;

import dev.picos.core.Computation;
import dev.picos.core.Point;
import dev.picos.core.internal.Headroom;
import dev.picos.std.event.Event;
import dev.picos.std.internal.Deadline;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Lets fibers wait until a count has come down to zero; then the latch is open, and stays open.
 *
 * <p>The count may also go up as long as it is not zero. So fibers can wait for an amount of work
 * that is not known at the start:
 *
 * {@snippet :
 * Latch done = new Latch(1);
 * for (Job job : jobs) {
 *   done.incr();
 *   start(job, () -> done.decr());
 * }
 * done.decr();
 * done.await();
 * }
 *
 * <p>What a fiber does before it decrements happens before the return of every {@link #await()}
 * that waits for that.
 *
 * <p>Progress: everything but {@code await} is lock-free. Space: constant, and for each waiter as
 * in {@link Computation}.
 */
public final class Latch {
  // For maintainers.
  //
  //   count    n > 0 -> n + 1, n > 1 -> n - 1, 1 -> 0; 0 is final
  //   open     running -> returned, by a thread that took the count to 0, or finds it at 0
  //
  // Between those two steps the latch is still closed. A thread that learns that the count is 0
  // takes the second step first, if it has not been taken. Otherwise a fiber could be told that the
  // count is 0, and then find the latch closed.
  //
  // Ordering: the count changes by volatile compare-and-sets, each of which sees those before it.
  // The last of them sees all, and so does, by its acquire, a thread that finds the 0 that it
  // wrote.

  private static final VarHandle COUNT;

  static {
    try {
      COUNT = MethodHandles.lookup().findVarHandle(Latch.class, "count", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Computation<@Nullable Void> open = new Computation<>();

  private volatile int count;

  /**
   * Makes a latch that opens after {@code count} decrements; if that is 0, it is open.
   *
   * @throws IllegalArgumentException if {@code count} is negative
   */
  public Latch(int count) {
    if (count < 0) {
      throw new IllegalArgumentException("count must not be negative: " + count);
    }
    this.count = count;
    if (count == 0) {
      open.tryReturn(null);
    }
  }

  /**
   * Takes one from the count, and opens this latch if that makes it 0. Not cancelable.
   *
   * @return {@code false} if the count is 0, and stays so
   */
  public boolean tryDecr() {
    return tryAdd(-1);
  }

  /**
   * Takes one from the count, and opens this latch if that makes it 0. Not cancelable.
   *
   * @throws IllegalStateException if the count is 0
   */
  public void decr() {
    if (!tryDecr()) {
      throw zeroCount();
    }
  }

  /**
   * Adds one to the count, unless it is 0. Not cancelable.
   *
   * @return {@code false} if the count is 0, and stays so
   * @throws IllegalStateException if the count is {@link Integer#MAX_VALUE}, and stays so
   */
  public boolean tryIncr() {
    return tryAdd(1);
  }

  /**
   * Adds one to the count. Not cancelable.
   *
   * @throws IllegalStateException if the count is 0, since an open latch cannot be closed, or
   *     {@link Integer#MAX_VALUE}
   */
  public void incr() {
    if (!tryIncr()) {
      throw zeroCount();
    }
  }

  /**
   * Waits until this latch is open.
   *
   * <p>Cancelation: none if it is open. Else a fiber that is canceled before or while it waits
   * throws the reason; the count stays as it is.
   */
  public void await() {
    open.join();
  }

  /**
   * Waits until this latch is open, no longer than {@code timeout}; not at all if that is zero.
   *
   * <p>Cancelation: as {@link #await()}.
   *
   * @return whether it is open; {@code false} when the time is over, and nothing is left of the
   *     wait
   * @throws IllegalArgumentException if {@code timeout} is negative
   */
  public boolean await(Duration timeout) {
    return Deadline.join(open, timeout);
  }

  /** Returns the event of {@link #await}: ready when this latch is open. */
  public Event<@Nullable Void> awaitEvent() {
    return Event.of(open);
  }

  /** Returns the count. */
  public int count() {
    Point.before(this, Point.Kind.READ);
    int now = (int) COUNT.getAcquire(this);
    if (now == 0) {
      open.tryReturn(null);
    }
    return now;
  }

  private boolean tryAdd(int change) {
    for (; ; ) {
      int before = count();
      if (before == 0) {
        return false;
      }
      if (before + change < 0) {
        throw new IllegalStateException("overflow: the count is at most " + Integer.MAX_VALUE);
      }
      if (before + change == 0) {
        Headroom.requireToRelease();
      }
      Point.before(this, Point.Kind.UPDATE);
      if (COUNT.compareAndSet(this, before, before + change)) {
        if (before + change == 0) {
          open.tryReturn(null);
        }
        return true;
      }
      Thread.onSpinWait();
    }
  }

  private static IllegalStateException zeroCount() {
    return new IllegalStateException("zero count: the latch is open, and stays so");
  }

  /** Names the state, for people. */
  @Override
  public String toString() {
    int now = count;
    return "Latch[" + (now == 0 ? "open" : now) + "]";
  }
}
