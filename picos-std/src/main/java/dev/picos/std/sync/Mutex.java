package dev.picos.std.sync;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Point;
import dev.picos.std.internal.Deadline;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Mutual exclusion between fibers: at most one at a time holds the mutex.
 *
 * {@snippet :
 * Mutex mutex = new Mutex();
 * mutex.protect(() -> balance += amount);
 * }
 *
 * <p>Fair: waiting fibers get the mutex in the order in which they came. It is handed over
 * directly, so that nobody can snatch it in between. Not reentrant.
 *
 * <p>A mutex made with {@link #Mutex()} belongs to the fiber that locked it, and reports misuse: to
 * lock it again, or to unlock it elsewhere. One made with {@link #unchecked()} may be unlocked by
 * another fiber than the one that locked it, and is a little faster, as nobody asks for the fiber;
 * locking it twice in one fiber waits for ever.
 *
 * <p>What a fiber does before it unlocks happens before what another does after it has locked.
 *
 * <p>Progress: everything but the waiting is lock-free; a mutex that nobody contends for takes one
 * compare-and-set to lock and one to unlock, and allocates nothing. Space: one reference, and some
 * 50 bytes for each waiter; waiters that are canceled are cleaned up in amortised constant time,
 * and no more of them are kept than there are others.
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
  //   - the Fiber that locked without waiting;
  //   - ANYONE, who did so on an unchecked mutex;
  //   - the Waiter that the mutex was handed to.
  //
  // To hand over, the owner first makes the oldest waiter the owner and takes it off the queue,
  // with one compare-and-set, and then grants to it. If the waiter has been abandoned, nobody runs
  // as that owner, and so whoever handed over unlocks in its place, and goes on until a grant
  // succeeds or nobody waits. Meanwhile the mutex is locked, and its owner is no fiber: a waiter
  // counts as its fiber only when granted. So a fiber that was canceled and locks again at that
  // moment queues up like anyone, and is not told that it has the mutex.
  //
  // Invariants: only the owner, or who acts in its place, takes waiters off or changes the owner. A
  // waiter that is granted is the owner, until it unlocks.
  //
  // Ordering: every change is a volatile compare-and-set; reads are acquires and only prepare one,
  // or compare the owner with the calling fiber, which has written that itself. The new owner sees
  // what the old one did: through the state, or through status and trigger of its waiter.
  //
  // Differences from the original: checked or not is a property of the mutex and not of the call,
  // since one unchecked call is enough to blind the checks of the others.

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

  private record Contended(Object owner, WaitQueue waiters) {}

  private final boolean checked;

  @SuppressWarnings("unused") // through STATE
  private volatile @Nullable Object state;

  /** Makes a mutex that is unlocked, and that checks who unlocks it. */
  public Mutex() {
    this(true);
  }

  private Mutex(boolean checked) {
    this.checked = checked;
  }

  /** Makes a mutex that is unlocked, and that does not check who unlocks it. */
  public static Mutex unchecked() {
    return new Mutex(false);
  }

  /** Makes a condition to be awaited while this mutex is held. */
  public Condition newCondition() {
    return new Condition(this);
  }

  /**
   * Waits until this mutex is free, and takes it.
   *
   * <p>Cancelation: a fiber that is canceled before or while it waits throws the reason, and does
   * not have the mutex. (On an unchecked mutex, only one that has to wait.)
   *
   * @throws IllegalMonitorStateException if the calling fiber has this mutex already; not on an
   *     unchecked mutex
   */
  public void lock() {
    Object owner = ANYONE;
    if (checked) {
      Fiber fiber = Fiber.current();
      fiber.check();
      owner = fiber;
    }
    if (!swap(null, owner)) {
      boolean unused = lockSlowly(owner, null);
    }
  }

  /**
   * Takes this mutex if it is free.
   *
   * <p>Cancelation: a fiber that is canceled throws the reason, and does not have the mutex. (Not
   * on an unchecked mutex.)
   *
   * @return whether the caller has it now; {@code false} also if it had it before
   */
  public boolean tryLock() {
    if (!checked) {
      return swap(null, ANYONE);
    }
    Fiber fiber = Fiber.current();
    fiber.check();
    return swap(null, fiber);
  }

  /**
   * Waits until this mutex is free, no longer than {@code timeout}, and takes it. Fair like {@link
   * #lock}: who waits with a timeout waits in the same line. With a timeout of zero this does not
   * wait.
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
    try (Deadline deadline = new Deadline(timeout)) {
      return tryLock(deadline);
    }
  }

  boolean tryLock(Deadline deadline) {
    return lockSlowly(checked ? Fiber.current() : ANYONE, deadline);
  }

  /**
   * Gives this mutex to the fiber that has waited longest, or frees it. Not cancelable.
   *
   * @throws IllegalMonitorStateException if this mutex is not locked, or, unless it is an unchecked
   *     one, not by the calling fiber; nothing is changed then
   */
  public void unlock() {
    Object owner = checked ? Fiber.current() : ANYONE;
    if (!swap(owner, null)) {
      requireOwnedBy(owner);
      passOn();
    }
  }

  /**
   * Runs {@code body} while holding this mutex. It is unlocked however {@code body} ends.
   *
   * <p>Cancelation: as {@link #lock}; after that it is the body's affair.
   *
   * @throws E what {@code body} threw
   * @throws IllegalMonitorStateException as {@link #lock}
   */
  public <T extends @Nullable Object, E extends Exception> T protect(Body<? extends T, E> body)
      throws E {
    Objects.requireNonNull(body, "body");
    lock();
    try {
      return body.run();
    } finally {
      unlock();
    }
  }

  /** As {@link #protect(Body)}, for a block. */
  public <E extends Exception> void protect(Block<E> block) throws E {
    Objects.requireNonNull(block, "block");
    lock();
    try {
      block.run();
    } finally {
      unlock();
    }
  }

  /** Returns {@code false} when the deadline has passed. */
  private boolean lockSlowly(Object owner, @Nullable Deadline deadline) {
    Waiter waiter = null;
    for (; ; ) {
      Object now = state();
      if (now == null) {
        if (swap(null, owner)) {
          return true;
        }
      } else if (isOwner(ownerOf(now), owner)) {
        throw new IllegalMonitorStateException("locked already by this fiber: not reentrant");
      } else if (deadline != null && deadline.hasPassed()) {
        return false;
      } else {
        if (waiter == null) {
          waiter = new Waiter(owner instanceof Fiber fiber ? fiber : null);
        }
        if (swap(now, new Contended(ownerOf(now), WaitQueue.plus(waitersOf(now), waiter)))) {
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
      passOn();
    }
    if (reason == Deadline.PASSED) {
      return false;
    }
    throw ComputationException.unchecked(reason);
  }

  /** Unlocks, by the owner or in its place. */
  private void passOn() {
    for (; ; ) {
      Object now = state();
      if (now == null) { // an unchecked mutex, unlocked twice at the same time
        throw unlocked();
      }
      WaitQueue waiters = waitersOf(now);
      if (waiters == null) {
        if (swap(now, null)) {
          return;
        }
      } else {
        Waiter oldest = waiters.oldest();
        if (swap(now, withWaiters(oldest, waiters.rest()))) {
          waiters.oldestIsOff();
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
      WaitQueue waiters = now == null ? null : waitersOf(now);
      if (now == null
          || waiters == null
          || swap(now, withWaiters(ownerOf(now), waiters.lessOne()))) {
        return;
      }
      Thread.onSpinWait();
    }
  }

  /** For conditions: the calling fiber, which has to have this mutex. */
  Fiber requireOwner() {
    Fiber fiber = Fiber.current();
    requireOwnedBy(checked ? fiber : ANYONE);
    return fiber;
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
        && (owner == fiber || (owner instanceof Waiter waiter && waiter.isGrantedTo(fiber)));
  }

  private static Object ownerOf(Object locked) {
    return locked instanceof Contended contended ? contended.owner : locked;
  }

  private static @Nullable WaitQueue waitersOf(Object locked) {
    return locked instanceof Contended contended ? contended.waiters : null;
  }

  private static Object withWaiters(Object owner, @Nullable WaitQueue waiters) {
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
    WaitQueue waiters = now == null ? null : waitersOf(now);
    return "Mutex["
        + (now == null ? "unlocked" : "locked")
        + (waiters == null ? "" : ", " + waiters.length() + " waiting")
        + "]";
  }
}
