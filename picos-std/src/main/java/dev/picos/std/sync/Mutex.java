package dev.picos.std.sync;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.core.Point;
import dev.picos.core.internal.Headroom;
import dev.picos.std.event.Event;
import dev.picos.std.event.Offer;
import dev.picos.std.event.Request;
import dev.picos.std.internal.Deadline;
import dev.picos.std.internal.Link;
import dev.picos.std.internal.WaitList;
import dev.picos.std.internal.Waiter;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Mutual exclusion between fibers: at most one at a time holds the mutex.
 *
 * {@snippet :
 * Mutex mutex = new Mutex();
 * mutex.runLocked(() -> balance += amount);
 * }
 *
 * <p>Fair: waiting fibers get the mutex in the order in which they came. It is handed over
 * directly, so that no other fiber can take it in between. It is not reentrant.
 *
 * <p>A mutex made with {@link #Mutex()} belongs to the fiber that locked it, and reports misuse:
 * when that fiber locks it again, or another one unlocks it. One made with {@link #unchecked()} may
 * be unlocked by a fiber other than the one that locked it, and is a little faster, since it never
 * asks for the current fiber; a fiber that locks it twice waits for ever.
 *
 * <p>What a fiber does before it unlocks happens before what another fiber does after it has
 * locked.
 *
 * <p>Progress: everything but the waiting is lock-free; without contention, locking and unlocking
 * take one compare-and-set each, and allocate nothing. Space: one reference, and some 50 bytes for
 * each waiter; waiters that are canceled are cleaned up in amortised constant time, and no more of
 * them are kept than there are others.
 */
public final class Mutex {
  // For maintainers.
  //
  //   state             lock              unlock, by the owner          gives up waiting
  //   null: unlocked    -> owner          IllegalMonitorStateException
  //   owner             -> Contended      -> null                       nothing
  //   Contended         -> Contended      -> Contended or owner         -> fewer waiters
  //
  // An owner is
  //   - the Fiber that locked the mutex without waiting;
  //   - ANYONE, when a fiber did so on an unchecked mutex;
  //   - the waiter, an operation or an offer, to which the mutex was handed over.
  //
  // To hand over, the owner first makes the oldest waiter the owner and takes it off the queue,
  // with one compare-and-set, and then grants to it. If the waiter has been abandoned, no fiber
  // runs as that owner. So the thread that handed over unlocks on behalf of the waiter, and goes on
  // until a grant succeeds or no fiber waits. Meanwhile the mutex is locked, and its owner is no
  // fiber: a waiter counts as its fiber only once it is granted. So a fiber that was canceled and
  // locks again at that moment queues up like any other, and is not told that it has the mutex.
  //
  // Invariants: only the owner, or a thread that acts on its behalf, takes waiters off or changes
  // the owner. A waiter that is granted is the owner until it unlocks.
  //
  // Ordering: every change is a volatile compare-and-set. Reads are acquires. They only prepare a
  // change, or compare the owner with the calling fiber, which wrote the owner itself if they are
  // the same. The new owner sees what the old one did, through the state or through the status and
  // the trigger of its waiter.
  //
  // Differences from the original: whether a mutex is checked is a property of the mutex and not of
  // the call, since one unchecked call is enough to make the checks of the others useless.

  private static final Object ANYONE =
      new Object() {
        @Override
        public String toString() {
          return "anyone";
        }
      };

  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(Mutex.class, "state", Object.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private record Contended(Object owner, WaitList<Link> waiters) {}

  private final boolean checked;

  @SuppressWarnings("unused") // through STATE
  private volatile @Nullable Object state;

  /** Makes an unlocked mutex that checks which fiber unlocks it. */
  public Mutex() {
    this(true);
  }

  private Mutex(boolean checked) {
    this.checked = checked;
  }

  /** Makes an unlocked mutex that does not check which fiber unlocks it. */
  public static Mutex unchecked() {
    return new Mutex(false);
  }

  /** Makes a condition to be awaited while this mutex is held. */
  public Condition newCondition() {
    return new LockCondition() {
      @Override
      void requireHeld() {
        requireOwnedBy(caller());
      }

      @Override
      void release() {
        unlock();
      }

      @Override
      void acquire() {
        Mutex.this.lock();
      }

      @Override
      Object lock() {
        return Mutex.this;
      }
    };
  }

  /**
   * Waits until this mutex is free, and takes it.
   *
   * <p>Cancelation: none if it is free. Else a fiber that is canceled before or while it waits
   * throws the reason, and does not have the mutex.
   *
   * @throws IllegalMonitorStateException if the calling fiber has this mutex already; not on an
   *     unchecked mutex
   */
  public void lock() {
    Object owner = caller();
    if (!swap(null, owner)) {
      boolean unused = lockSlowly(owner, null);
    }
  }

  /**
   * Takes this mutex if it is free. Never waits; not cancelable.
   *
   * @return whether the caller has it now; {@code false} also if it had it before
   */
  public boolean tryLock() {
    return swap(null, caller());
  }

  /**
   * Waits until this mutex is free, no longer than {@code timeout}, and takes it. Fair like {@link
   * #lock}: fibers that wait with a timeout wait in the same queue. With a timeout of zero this
   * does not wait.
   *
   * <p>Cancelation: as {@link #lock}.
   *
   * @return whether the caller has it now; {@code false} when the time is over, and nothing is left
   *     of the wait
   * @throws IllegalArgumentException if {@code timeout} is negative
   * @throws IllegalMonitorStateException if the calling fiber has this mutex already; not on an
   *     unchecked mutex
   */
  public boolean tryLock(Duration timeout) {
    Deadline.require(timeout);
    if (tryLock()) {
      return true;
    }
    Object owner = caller();
    requireNotOwnedBy(owner, state());
    return Deadline.within(timeout, limit -> lockSlowly(owner, limit));
  }

  /**
   * Gives this mutex to the fiber that has waited longest, or frees it. Not cancelable.
   *
   * @throws IllegalMonitorStateException if this mutex is not locked, or if it is checked and was
   *     not locked by the calling fiber; nothing is changed then
   */
  public void unlock() {
    Object owner = caller();
    if (!swap(owner, null)) {
      requireOwnedBy(owner);
      passOn();
    }
  }

  /**
   * Runs {@code body} while holding this mutex. It is unlocked however {@code body} ends.
   *
   * <p>Cancelation: as {@link #lock}; after that it is up to {@code body}.
   *
   * @return what {@code body} returned
   * @throws E what {@code body} threw
   * @throws IllegalMonitorStateException as {@link #lock}; or as {@link #unlock} if {@code body}
   *     has unlocked this mutex and returns
   */
  public <T extends @Nullable Object, E extends Exception> T callLocked(Body<? extends T, E> body)
      throws E {
    return Holding.call(this::lock, body, this::unlock, thrown -> unlock());
  }

  /** As {@link #callLocked}, for a block. */
  public <E extends Exception> void runLocked(Block<E> block) throws E {
    Holding.run(this::lock, block, this::unlock, thrown -> unlock());
  }

  /**
   * Returns the event of {@link #lock}: it is ready when this mutex is free, and when it is chosen,
   * the synchronizing fiber has locked the mutex. Each synchronization queues up like {@code lock}.
   * One that chooses another alternative, or whose fiber is canceled, does not have the mutex; but
   * it may hold the mutex for a moment, so that a {@code tryLock} fails.
   *
   * <p>{@link Event#sync} and {@link Event#poll} throw an {@link IllegalMonitorStateException} if
   * the calling fiber has this mutex already; not on an unchecked mutex.
   */
  public Event<@Nullable Void> lockEvent() {
    return Event.fromRequest(new Lock());
  }

  private final class Lock implements Request.Pollable<@Nullable Void> {
    @Override
    public @Nullable Outcome<@Nullable Void> poll() {
      Object owner = caller();
      if (swap(null, owner)) {
        return new Outcome.Returned<@Nullable Void>(null);
      }
      requireNotOwnedBy(owner, state());
      return null;
    }

    @Override
    public @Nullable Runnable issue(Offer<@Nullable Void> offer) {
      Object owner = caller();
      Link waiter = new OfferWaiter(owner instanceof Fiber fiber ? fiber : null, offer);
      for (; ; ) {
        Object now = state();
        if (now == null) {
          if (swap(null, owner)) {
            if (!waiter.grant()) {
              passOn();
            }
            return null;
          }
        } else {
          requireNotOwnedBy(owner, now);
          if (swap(now, new Contended(ownerOf(now), WaitList.plus(waitersOf(now), waiter)))) {
            return Mutex.this::removeOneAbandoned;
          }
        }
        Thread.onSpinWait();
      }
    }
  }

  Object caller() {
    return checked ? Fiber.current() : ANYONE;
  }

  /** Returns {@code false} when {@code limit} is completed. */
  boolean lockSlowly(Object owner, @Nullable Computation<?> limit) {
    Waiter waiter = null;
    for (; ; ) {
      Object now = state();
      if (now == null) {
        if (swap(null, owner)) {
          return true;
        }
      } else {
        requireNotOwnedBy(owner, now);
        if (limit != null && !limit.isRunning()) {
          return false;
        }
        if (waiter == null) {
          waiter = new Waiter(owner instanceof Fiber fiber ? fiber : null);
        }
        if (swap(now, new Contended(ownerOf(now), WaitList.plus(waitersOf(now), waiter)))) {
          break;
        }
      }
      Thread.onSpinWait();
    }
    Throwable reason = waiter.awaitGrant(limit);
    if (reason == null) {
      return true;
    }
    if (waiter.isAbandoned()) {
      removeOneAbandoned();
    } else {
      passOn();
    }
    if (reason == Deadline.PASSED) {
      return false;
    }
    throw ComputationException.unchecked(reason);
  }

  /** Unlocks, by the owner or on its behalf. Waits for memory if there is none. */
  private void passOn() {
    for (; ; ) {
      Object now = state();
      if (now == null) { // an unchecked mutex, unlocked twice at the same time
        throw unlocked();
      }
      WaitList<Link> waiters = waitersOf(now);
      if (waiters == null) {
        if (swap(now, null)) {
          return;
        }
      } else {
        Headroom.requireToRelease();
        Link oldest = waiters.oldest();
        WaitList<Link> rest;
        Object next;
        try {
          rest = waiters.rest();
          next = withWaiters(oldest, rest);
        } catch (OutOfMemoryError full) {
          WaitList.awaitMemory();
          continue;
        }
        if (swap(now, next)) {
          waiters.isReplacedBy(rest);
          if (oldest.grant()) {
            return;
          }
        }
      }
      Thread.onSpinWait();
    }
  }

  private void removeOneAbandoned() {
    for (; ; ) {
      Object now = state();
      WaitList<Link> waiters = now == null ? null : waitersOf(now);
      if (now == null || waiters == null) {
        return;
      }
      WaitList<Link> rest;
      Object next;
      try {
        rest = waiters.less(1);
        next = withWaiters(ownerOf(now), rest);
      } catch (OutOfMemoryError full) {
        WaitList.awaitMemory();
        continue;
      }
      if (swap(now, next)) {
        waiters.isReplacedBy(rest);
        return;
      }
      Thread.onSpinWait();
    }
  }

  private static void requireNotOwnedBy(Object owner, @Nullable Object state) {
    if (state != null && isOwner(ownerOf(state), owner)) {
      throw new IllegalMonitorStateException("locked already by this fiber: not reentrant");
    }
  }

  private void requireOwnedBy(Object owner) {
    Object now = state();
    if (now == null) {
      throw unlocked();
    }
    if (checked && !isOwner(ownerOf(now), owner)) {
      throw new IllegalMonitorStateException("not owner: locked by another fiber");
    }
  }

  private static IllegalMonitorStateException unlocked() {
    return new IllegalMonitorStateException("unlocked");
  }

  private static boolean isOwner(Object owner, Object who) {
    return who instanceof Fiber fiber
        && (owner == fiber || (owner instanceof Link link && link.isGrantedTo(fiber)));
  }

  private static Object ownerOf(Object locked) {
    return locked instanceof Contended contended ? contended.owner : locked;
  }

  private static @Nullable WaitList<Link> waitersOf(Object locked) {
    return locked instanceof Contended contended ? contended.waiters : null;
  }

  private static Object withWaiters(Object owner, @Nullable WaitList<Link> waiters) {
    return waiters == null ? owner : new Contended(owner, waiters);
  }

  private @Nullable Object state() {
    Point.before(this, Point.Kind.READ);
    return STATE.getAcquire(this);
  }

  private boolean swap(@Nullable Object before, @Nullable Object after) {
    Point.before(this, Point.Kind.UPDATE);
    return STATE.compareAndSet(this, before, after);
  }

  /** Names the state, for people. */
  @Override
  public String toString() {
    Object now = STATE.getAcquire(this);
    WaitList<Link> waiters = now == null ? null : waitersOf(now);
    return "Mutex["
        + (now == null ? "unlocked" : "locked")
        + (waiters == null ? "" : ", " + waiters.liveCount() + " waiting")
        + "]";
  }
}
