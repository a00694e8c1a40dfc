package dev.picos.std.sync;

import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Point;
import dev.picos.std.internal.Deadline;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Something to wait for while holding a {@link Mutex}; made by {@link Mutex#newCondition}.
 *
 * {@snippet :
 * Item take() {
 *   return mutex.protect(() -> {
 *     while (items.isEmpty()) {
 *       notEmpty.await();
 *     }
 *     return items.remove();
 *   });
 * }
 *
 * void put(Item item) {
 *   mutex.protect(() -> items.add(item));
 *   notEmpty.signal();
 * }
 * }
 *
 * <p>Fair: a signal wakes the fiber that has waited longest. As others may have come between the
 * signal and the return of {@link #await()}, and as a wake-up may come without a signal meant for
 * the caller, await in a loop that looks again.
 *
 * <p>Signaling takes no mutex, whether or not the caller holds it. What the signaler did before is
 * visible to the awaiter through the mutex, if it was done under it, and through the signal.
 *
 * <p>Progress: everything but the waiting is lock-free, in constant time for each fiber woken.
 * Space: one reference, and some 50 bytes for each waiter; waiters that are canceled are cleaned up
 * in amortised constant time, and no more of them are kept than there are others.
 */
public final class Condition {
  // For maintainers.
  //
  //   state          await         signal                    signalAll        gives up
  //   null: empty    -> queue      nothing                   nothing          nothing
  //   WaitQueue      -> longer     -> without the oldest,    -> null, grant   -> fewer
  //                                grant to it               to all of it
  //
  // A signal is spent when a grant succeeds. Who finds that the oldest waiter has been abandoned
  // goes on to the next; a waiter that is canceled and finds that it has been granted to signals
  // again. So no signal is lost to a canceled fiber. (After signalAll that may wake one that came
  // later, for nothing.) One whose time is over, and that finds the same, reports the signal.
  //
  // The waiter is in the queue before the mutex is released, and so sees every signal that comes
  // after that.
  //
  // Ordering: every change is a volatile compare-and-set or exchange.
  //
  // Differences from the original: bound to one mutex; await checks for the owner before it queues,
  // and so leaves nothing behind when it throws; a signal is passed on before the mutex is locked
  // again and not after.

  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(Condition.class, "state", WaitQueue.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Mutex mutex;

  @SuppressWarnings("unused") // through STATE
  private volatile @Nullable WaitQueue state;

  Condition(Mutex mutex) {
    this.mutex = mutex;
  }

  /**
   * Releases the mutex, waits for a signal, and takes the mutex again. However this ends, the
   * calling fiber has the mutex and forbids cancelation or not as before; in between others may
   * have had it.
   *
   * <p>Cancelation: a fiber that is canceled before or while it waits throws the reason, once it
   * has the mutex again. Taking the mutex cannot be canceled. A signal that came at the same moment
   * goes to the next waiter.
   *
   * @throws IllegalMonitorStateException if the calling fiber does not have the mutex, or, where
   *     that is an unchecked one, if nobody has; nothing is changed then
   */
  public void await() {
    boolean unused = await(mutex.requireOwner(), null);
  }

  /**
   * As {@link #await()}, but waits for a signal no longer than {@code timeout}. With a timeout of
   * zero none can come, and the mutex is only let go for a moment.
   *
   * <p>The timeout ends the wait for the signal, not that for the mutex, so that this may return
   * later than that by as long as others keep the mutex.
   *
   * <p>Cancelation: as {@link #await()}. A fiber that is canceled before does not let the mutex go.
   *
   * @return {@code true} after a signal, also if one came as the time was over; {@code false} when
   *     the time is over, and then no signal was spent on the caller, and nothing is left of the
   *     wait
   * @throws IllegalArgumentException if {@code timeout} is negative
   * @throws IllegalMonitorStateException as {@link #await()}
   */
  public boolean await(Duration timeout) {
    Deadline.require(timeout);
    return await(mutex.requireOwner(), new Deadline(timeout));
  }

  private boolean await(Fiber fiber, @Nullable Deadline deadline) {
    Waiter waiter = new Waiter(null);
    add(waiter);
    mutex.unlock();
    Throwable reason;
    try {
      try (deadline) {
        reason = waiter.await(deadline);
      }
      if (reason != null) {
        giveUp(waiter);
      }
    } finally {
      boolean forbade = fiber.exchangeForbid(true);
      try {
        mutex.lock();
      } finally {
        fiber.setForbid(forbade);
      }
    }
    if (reason == null || reason == Deadline.PASSED) {
      return reason == null;
    }
    throw ComputationException.unchecked(reason);
  }

  /** Wakes the fiber that has waited longest, if any waits. Not cancelable. */
  public void signal() {
    for (WaitQueue now = state(); now != null; now = state()) {
      if (swap(now, now.rest())) {
        now.oldestIsOff();
        if (now.oldest().grant()) {
          return;
        }
      }
      Thread.onSpinWait();
    }
  }

  /**
   * Wakes every fiber that waits, in the order in which they came. Not cancelable. If the scheduler
   * of one of them fails at that, the others are woken all the same, and then this throws what that
   * threw.
   */
  public void signalAll() {
    Point.before(this, Point.Kind.UPDATE);
    WaitQueue all = (WaitQueue) STATE.getAndSet(this, (WaitQueue) null);
    if (all != null) {
      all.grantAll();
    }
  }

  private void add(Waiter waiter) {
    for (; ; ) {
      WaitQueue now = state();
      if (swap(now, WaitQueue.plus(now, waiter))) {
        return;
      }
      Thread.onSpinWait();
    }
  }

  private void giveUp(Waiter waiter) {
    if (!waiter.isAbandoned()) {
      signal();
      return;
    }
    for (WaitQueue now = state(); now != null && !swap(now, now.lessOne()); now = state()) {
      Thread.onSpinWait();
    }
  }

  private @Nullable WaitQueue state() {
    Point.before(this, Point.Kind.READ);
    return (WaitQueue) STATE.getAcquire(this);
  }

  private boolean swap(@Nullable WaitQueue before, @Nullable WaitQueue after) {
    Point.before(this, Point.Kind.UPDATE);
    return STATE.compareAndSet(this, before, after);
  }

  /** Names the state, for people. */
  @Override
  public String toString() {
    WaitQueue now = (WaitQueue) STATE.getAcquire(this);
    return "Condition[" + (now == null ? 0 : now.length()) + " waiting, of " + mutex + "]";
  }
}
