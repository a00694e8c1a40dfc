package dev.picos.std.sync;

import dev.picos.core.ComputationException;
import dev.picos.core.Outcome;
import dev.picos.core.Point;
import dev.picos.std.event.Event;
import dev.picos.std.event.Offer;
import dev.picos.std.event.Request;
import dev.picos.std.internal.Deadline;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A number of permits that fibers take and give back.
 *
 * {@snippet :
 * Semaphore connections = new Semaphore(10);
 * connections.acquire();
 * try {
 *   query();
 * } finally {
 *   connections.release();
 * }
 * }
 *
 * <p>Fair: fibers that wait get permits in the order in which they came, each handed over directly,
 * so that nobody can snatch it in between. Permits belong to nobody: who releases need not be who
 * acquired. A {@linkplain #binary binary} semaphore has at most one permit, and releasing it twice
 * is as releasing it once, which makes it a flag to wait for.
 *
 * <p>Permits are taken one at a time. A fiber that waited for several at once would hold up those
 * behind it while permits are there, or else wait as long as others keep coming for less. Who needs
 * several takes them one by one, under a {@link Mutex}, so that no two fibers each hold a part of
 * what both need, and gives back what it has when it is canceled meanwhile.
 *
 * <p>What a fiber does before it releases a permit happens before what the one does that acquires
 * it.
 *
 * <p>Progress: everything but the waiting is lock-free. Space: one reference (and a boxed number,
 * while there are more than 127 permits), and some 50 bytes for each waiter; waiters that are
 * canceled are cleaned up in amortised constant time, and no more of them are kept than there are
 * others.
 */
public final class Semaphore {
  // For maintainers.
  //
  //   state          acquire                release                     gives up waiting
  //   Integer n > 0  -> n - 1               -> n + 1, or full
  //   Integer 0      -> WaitQueue, wait     -> 1                        nothing
  //   WaitQueue      -> longer, wait        -> without the oldest,      -> fewer, or 0
  //                                         or 0; grant to it
  //
  // The boxed numbers are compared by identity. That a small one comes back as the same object does
  // no harm: a number is all that the state says then.
  //
  // A permit that is being released belongs to the releaser until a grant succeeds. If the waiter
  // has been abandoned, the releaser goes on with the permit, as if it came just now. A waiter that
  // is canceled and finds that it has been granted to releases again; that never fails, so that
  // nothing but the reason comes out of acquire.
  //
  // Ordering: every change is a volatile compare-and-set; reads are acquires and only prepare one.
  //
  // An offer of an event waits in the same queue; a grant commits to it, and fails if it is not
  // open, as if it had been abandoned.
  //
  // Differences from the original: acquiring is also an event.

  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(Semaphore.class, "state", Object.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final boolean binary;

  /** An {@link Integer}, or a {@link WaitQueue} when there are no permits. */
  @SuppressWarnings("UnusedVariable") // through STATE
  private volatile Object state;

  /**
   * Makes a semaphore with {@code permits} permits.
   *
   * @throws IllegalArgumentException if {@code permits} is negative
   */
  public Semaphore(int permits) {
    this(permits, false);
    if (permits < 0) {
      throw new IllegalArgumentException("permits must not be negative: " + permits);
    }
  }

  private Semaphore(Integer permits, boolean binary) {
    this.binary = binary;
    this.state = permits;
  }

  /** Makes a semaphore with at most one permit, which is there at first or not. */
  public static Semaphore binary(boolean available) {
    return new Semaphore(available ? 1 : 0, true);
  }

  /**
   * Waits for a permit, and takes it.
   *
   * <p>Cancelation: none if a permit is there. Else a fiber that is canceled before or while it
   * waits throws the reason, and has no permit; one that was handed to it at the same moment goes
   * to the next.
   */
  public void acquire() {
    boolean unused = acquire(null);
  }

  /**
   * Waits for a permit, no longer than {@code timeout}, and takes it. Fair like {@link #acquire()}:
   * who waits with a timeout waits in the same line. With a timeout of zero this does not wait.
   *
   * <p>Cancelation: as {@link #acquire()}.
   *
   * @return whether the caller has a permit; {@code false} when the time is over, and nothing is
   *     left of the wait
   * @throws IllegalArgumentException if {@code timeout} is negative
   */
  public boolean tryAcquire(Duration timeout) {
    Deadline.require(timeout);
    if (tryAcquire()) {
      return true;
    }
    try (Deadline deadline = new Deadline(timeout)) {
      return acquire(deadline);
    }
  }

  /** Returns {@code false} when the deadline has passed. */
  boolean acquire(@Nullable Deadline deadline) {
    Waiter waiter = null;
    for (; ; ) {
      Object now = state();
      int permits = permitsIn(now);
      if (permits > 0) {
        if (swap(now, permits - 1)) {
          return true;
        }
      } else if (deadline != null && deadline.hasPassed()) {
        return false;
      } else {
        if (waiter == null) {
          waiter = new Waiter(null);
        }
        if (swap(now, WaitQueue.plus(waitersIn(now), waiter))) {
          break;
        }
      }
      Thread.onSpinWait();
    }
    Throwable reason = waiter.await(deadline);
    if (reason == null) {
      return true;
    }
    if (waiter.isAbandoned()) {
      removeOneAbandoned();
    } else {
      boolean unused = tryRelease();
    }
    if (reason == Deadline.PASSED) {
      return false;
    }
    throw ComputationException.unchecked(reason);
  }

  /**
   * Returns the event of {@link #acquire}: ready when there is a permit, which whoever commits to
   * it has taken. It queues up like {@code acquire}, anew in each synchronization. One that loses,
   * or whose fiber is canceled, has no permit; for a moment it may hold one, which {@code
   * tryAcquire} then misses.
   */
  public Event<@Nullable Void> acquireEvent() {
    return Event.fromRequest(new Acquire());
  }

  /** Takes a permit if there is one, and returns whether it did. Never waits; not cancelable. */
  public boolean tryAcquire() {
    for (; ; ) {
      Object now = state();
      int permits = permitsIn(now);
      if (permits == 0) {
        return false;
      }
      if (swap(now, permits - 1)) {
        return true;
      }
      Thread.onSpinWait();
    }
  }

  /**
   * Gives a permit to the fiber that has waited longest, or adds it to those available. On a binary
   * semaphore whose permit is available, does nothing. Not cancelable.
   *
   * @throws IllegalStateException if {@link Integer#MAX_VALUE} permits are available, which remain
   */
  public void release() {
    if (!tryRelease() && !binary) {
      throw new IllegalStateException("overflow: no more permits than " + Integer.MAX_VALUE);
    }
  }

  /** Returns how many permits are available; 0 while fibers wait. */
  public int availablePermits() {
    return permitsIn(state());
  }

  /** Releases a permit; returns {@code false} if as many are available as can be. */
  private boolean tryRelease() {
    for (; ; ) {
      Object now = state();
      WaitQueue waiters = waitersIn(now);
      if (waiters == null) {
        int permits = permitsIn(now);
        if (permits == (binary ? 1 : Integer.MAX_VALUE)) {
          return false;
        }
        if (swap(now, permits + 1)) {
          return true;
        }
      } else if (swap(now, orNone(waiters.rest()))) {
        waiters.oldestIsOff();
        if (waiters.oldest().grant()) {
          return true;
        }
      }
      Thread.onSpinWait();
    }
  }

  private final class Acquire implements Request.Pollable<@Nullable Void> {
    @Override
    public @Nullable Outcome<@Nullable Void> poll() {
      return tryAcquire() ? new Outcome.Returned<@Nullable Void>(null) : null;
    }

    @Override
    public @Nullable Runnable issue(Offer<@Nullable Void> offer) {
      Waiter waiter = new OfferWaiter(offer);
      for (; ; ) {
        Object now = state();
        int permits = permitsIn(now);
        if (permits == 0) {
          if (swap(now, WaitQueue.plus(waitersIn(now), waiter))) {
            return Semaphore.this::removeOneAbandoned;
          }
        } else if (swap(now, permits - 1)) {
          if (!waiter.grant()) {
            boolean unused = tryRelease();
          }
          return null;
        }
        Thread.onSpinWait();
      }
    }
  }

  private void removeOneAbandoned() {
    for (; ; ) {
      Object now = state();
      WaitQueue waiters = waitersIn(now);
      if (waiters == null || swap(now, orNone(waiters.lessOne()))) {
        return;
      }
      Thread.onSpinWait();
    }
  }

  private static int permitsIn(Object state) {
    return state instanceof Integer permits ? permits : 0;
  }

  private static @Nullable WaitQueue waitersIn(Object state) {
    return state instanceof WaitQueue waiters ? waiters : null;
  }

  private static Object orNone(@Nullable WaitQueue waiters) {
    return waiters == null ? 0 : waiters;
  }

  private Object state() {
    Point.before(this, Point.Kind.READ);
    return STATE.getAcquire(this);
  }

  private boolean swap(Object before, Object after) {
    Point.before(this, Point.Kind.UPDATE);
    return STATE.compareAndSet(this, before, after);
  }

  /** Names the state, for people. */
  @Override
  public String toString() {
    Object now = STATE.getAcquire(this);
    WaitQueue waiters = waitersIn(now);
    return "Semaphore["
        + (waiters == null
            ? permitsIn(now) + " available"
            : "none available, " + waiters.length() + " waiting")
        + "]";
  }
}
