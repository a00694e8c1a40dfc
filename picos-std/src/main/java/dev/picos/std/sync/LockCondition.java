package dev.picos.std.sync;

import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.core.Point;
import dev.picos.core.Trigger;
import dev.picos.core.internal.Headroom;
import dev.picos.std.event.Event;
import dev.picos.std.event.Offer;
import dev.picos.std.event.Request;
import dev.picos.std.internal.Deadline;
import dev.picos.std.internal.Link;
import dev.picos.std.internal.Releasing;
import dev.picos.std.internal.WaitList;
import dev.picos.std.internal.Waiter;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A condition of any lock; the subclass says how the lock is held, released and taken again. */
abstract non-sealed class LockCondition implements Condition {
  // For maintainers.
  //
  //   state          await         signal                    signalAll        gives up
  //   null: empty    -> queue      nothing                   nothing          nothing
  //   WaitList       -> longer     -> without the oldest,    -> null, grant   -> fewer
  //                                grant to it               to all of it
  //
  // A signal is spent when a grant succeeds. A signaler that finds that the oldest waiter has been
  // abandoned goes on to the next. A waiter that is canceled and finds that it has been granted to
  // signals again. So no signal is lost to a canceled fiber. (After signalAll this may needlessly
  // wake a fiber that came later.) A waiter whose time is over, and that finds that it has been
  // granted to, reports the signal.
  //
  // The waiter is in the queue before the lock is released. So it sees every signal that comes
  // after the release.
  //
  // Ordering: every change is a volatile compare-and-set or exchange.
  //
  // Differences from the original: a condition is bound to one lock. await checks for the owner
  // before it queues, and so leaves nothing behind when it throws. A canceled waiter passes its
  // signal on before it takes the lock again, and not after.

  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(LockCondition.class, "state", WaitList.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @SuppressWarnings("unused") // through STATE
  private volatile @Nullable WaitList<Link> state;

  /** Throws if the lock cannot be released and taken again by the calling fiber. */
  abstract void requireHeld();

  /** Releases the lock; throws, and changes nothing, if it is not held. */
  abstract void release();

  /** Takes the lock again; called with cancelation forbidden. */
  abstract void acquire();

  /** The lock. */
  abstract Object lock();

  /** A computation that is canceled once waiting is in vain, if that can happen. */
  @Nullable Computation<?> end() {
    return null;
  }

  @Override
  public final void await() {
    requireHeld();
    boolean unused = await((Deadline) null);
  }

  @Override
  public final boolean await(Duration timeout) {
    Deadline.require(timeout);
    requireHeld();
    return await(new Deadline(timeout, end()));
  }

  private boolean await(@Nullable Deadline deadline) {
    Headroom.requireForScope(); // for taking the lock again
    Waiter waiter = new Waiter(null);
    add(waiter);
    try {
      release();
    } catch (Throwable thrown) { // another fiber has released it
      boolean unused = waiter.abandon();
      giveUp(waiter);
      throw thrown;
    }
    Throwable reason;
    try {
      try (deadline) {
        reason = waiter.awaitGrant(deadline == null ? end() : deadline.limit());
      }
      if (reason != null) {
        giveUp(waiter);
      }
    } finally {
      acquireAgain();
    }
    if (reason == null || reason == Deadline.PASSED) {
      return reason == null;
    }
    throw ComputationException.unchecked(reason);
  }

  private void acquireAgain() {
    Fiber fiber = Fiber.current();
    boolean forbade = fiber.exchangeForbidCancelation(true);
    try {
      for (; ; ) {
        try {
          acquire();
          return;
        } catch (OutOfMemoryError full) { // and the caller counts on having the lock
          WaitList.awaitMemory();
        }
      }
    } finally {
      fiber.setForbidCancelation(forbade);
    }
  }

  @Override
  public final Event<@Nullable Void> awaitEvent() {
    return Event.fromRequest(new Await());
  }

  /**
   * The wait of an event. It is never ready when polled, since a signal only wakes a fiber that
   * waits.
   */
  private final class Await implements Request.Pollable<@Nullable Void>, Releasing {
    @Override
    public @Nullable Outcome<@Nullable Void> poll() {
      return null;
    }

    @Override
    public Object released() {
      return lock();
    }

    @Override
    public @Nullable Runnable issue(Offer<@Nullable Void> offer) {
      requireHeld();
      OfferWaiter waiter = new OfferWaiter(null, offer);
      Trigger ended =
          Trigger.<OfferWaiter, @Nullable Void>fromAction(
              waiter, null, (trigger, ending, nothing) -> ending.grant());
      Releasing.Withdrawal takeBack = () -> takeBack(ended);
      Computation<?> end = end();
      boolean isInVain = end != null && !end.tryAttach(ended);
      try {
        add(waiter);
        release();
      } catch (Throwable thrown) { // another fiber has released it, or there is no memory
        boolean unused = offer.tryFail(thrown);
        leave(ended);
        return null;
      }
      if (isInVain) {
        boolean unused = waiter.grant();
      }
      return takeBack;
    }

    private void takeBack(Trigger ended) {
      try {
        leave(ended);
      } finally {
        acquireAgain();
      }
    }

    private void leave(Trigger ended) {
      Computation<?> end = end();
      if (end != null) {
        end.detach(ended);
      }
      removeOneEnded();
    }
  }

  @Override
  public final void signal() {
    for (WaitList<Link> now = state(); now != null; now = state()) {
      Headroom.requireToRelease();
      WaitList<Link> rest;
      try {
        rest = now.rest();
      } catch (OutOfMemoryError full) { // and the signal may be one that a canceled fiber passes on
        WaitList.awaitMemory();
        continue;
      }
      if (swap(now, rest)) {
        now.isReplacedBy(rest);
        if (now.oldest().grant()) {
          return;
        }
      }
      Thread.onSpinWait();
    }
  }

  @Override
  public final void signalAll() {
    Headroom.requireToRelease();
    Point.before(this, Point.Kind.UPDATE);
    WaitList<?> all = (WaitList<?>) STATE.getAndSet(this, (WaitList<Link>) null);
    if (all != null) {
      all.grantAll();
    }
  }

  private void add(Link waiter) {
    for (; ; ) {
      WaitList<Link> now = state();
      if (swap(now, WaitList.plus(now, waiter))) {
        return;
      }
      Thread.onSpinWait();
    }
  }

  private void giveUp(Waiter waiter) {
    if (waiter.isAbandoned()) {
      removeOneEnded();
    } else {
      signal();
    }
  }

  private void removeOneEnded() {
    for (WaitList<Link> now = state(); now != null; now = state()) {
      WaitList<Link> rest;
      try {
        rest = now.less(1);
      } catch (OutOfMemoryError full) {
        WaitList.awaitMemory();
        continue;
      }
      if (swap(now, rest)) {
        now.isReplacedBy(rest);
        return;
      }
      Thread.onSpinWait();
    }
  }

  @SuppressWarnings("unchecked") // nothing else is put into it
  private @Nullable WaitList<Link> state() {
    Point.before(this, Point.Kind.READ);
    return (WaitList<Link>) STATE.getAcquire(this);
  }

  private boolean swap(@Nullable WaitList<Link> before, @Nullable WaitList<Link> after) {
    Point.before(this, Point.Kind.UPDATE);
    return STATE.compareAndSet(this, before, after);
  }

  /** Names the state, for people. */
  @Override
  public final String toString() {
    WaitList<?> now = (WaitList<?>) STATE.getAcquire(this);
    return "Condition[" + (now == null ? 0 : now.liveCount()) + " waiting, of " + lock() + "]";
  }
}
