package dev.picos.std.sync;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
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
 * A number of permits that fibers take and give back.
 *
 * {@snippet :
 * Semaphore connections = new Semaphore(10);
 * connections.runWithPermit(() -> query());
 * }
 *
 * <p>Fair: fibers that wait get permits in the order in which they came. Each permit is handed over
 * directly, so that no other fiber can take it in between. Permits have no owner: the fiber that
 * releases one need not be the one that acquired it. A {@linkplain #binary binary} semaphore has at
 * most one permit, and releasing it twice has the same effect as releasing it once, which makes it
 * a flag to wait for.
 *
 * <p>It is also fair between fibers that want one permit and fibers that want many. For a fiber at
 * the head of the queue that waits for many, released permits are kept back until there are enough,
 * and no fiber overtakes it, not even one that wants no more than is available. So it is sure to be
 * served, however many others come for less, at the price that permits lie idle meanwhile. Where
 * that price is too high, use one semaphore for each size. A fiber that wants several permits
 * should take them at once: two fibers that take them one by one may each hold a part of what both
 * need, and wait for ever.
 *
 * <p>What a fiber does before it releases a permit happens before what another fiber does after it
 * has acquired that permit.
 *
 * <p>Progress: everything but the waiting is lock-free. Space: one reference (and a boxed number,
 * while there are more than 127 permits), and some 50 bytes for each waiter; waiters that are
 * canceled are cleaned up in amortised constant time, and no more of them are kept than there are
 * others.
 */
public final class Semaphore {
  // For maintainers.
  //
  //   state            acquire n              release n               gives up waiting
  //   Integer p >= n   -> p - n               -> p + n, or full
  //   Integer p < n    -> waits (p, list)     -> p + n, or full       nothing
  //   waits (k, list)  -> waits (k, longer)   -> waits (k + n, list), -> waits (k, shorter), or
  //                                           then serve              Integer k; then serve
  //
  // A state in which fibers wait is a WaitList if no permits are kept back for the oldest waiter,
  // and a Kept if k permits are, fewer than the oldest wants. The boxed numbers are compared by
  // identity. It does no harm that a small number comes back as the same object, since the state
  // then says no more than the number.
  //
  // To serve means: as long as there are as many permits as the oldest waiter wants, take it off
  // together with those permits, in one step, and grant to it. Permits taken in this way belong to
  // the server until a grant succeeds. If the waiter has been abandoned, the server goes on with
  // its permits, as if they had just been released. A waiter that is canceled and finds that it has
  // been granted to releases its permits again; that never fails, so that acquire throws nothing
  // but the reason.
  //
  // Invariant: if the oldest waiter wants no more permits than are kept, some thread is about to
  // serve. Proof:
  //   1 Permits are added, and the oldest waiter changes, only by a release, by serving, by giving
  //     up, and by a sweep that takes off the oldest, dead waiter.
  //   2 After the first three, the thread serves.
  //   3 A sweep takes off the oldest waiter only if it is dead, and only before, or together with,
  //     the report that this waiter gave up. The thread that reports it serves after that.
  //
  // Ordering: every change is a volatile compare-and-set. Reads are acquires, and only prepare one.
  //
  // An offer of an event waits in the same queue. A grant commits to it. If the offer is not open,
  // the grant fails, as if the waiter had been abandoned.
  //
  // Differences from the original: acquiring is also an event, and takes several permits at once.

  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(Semaphore.class, "state", Object.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final boolean binary;

  /**
   * The waiters, and the permits that are kept for the oldest of them: at least one, but too few.
   */
  private record Kept(int permits, WaitList<Link> waiters) {}

  /** A waiter that wants a number of permits other than one. */
  private static final class Wanting extends Waiter {
    final int permits;

    Wanting(int permits) {
      super(null);
      this.permits = permits;
    }
  }

  /** An {@link Integer} when no fiber waits, else a {@link WaitList} or {@link Kept}. */
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

  /** Makes a semaphore with at most one permit, and says whether that is available at first. */
  public static Semaphore binary(boolean available) {
    return new Semaphore(available ? 1 : 0, true);
  }

  /**
   * Waits for a permit, and takes it.
   *
   * <p>Cancelation: none if a permit is there and nobody waits. Else a fiber that is canceled
   * before or while it waits throws the reason, and has no permit; one that was handed to it at the
   * same moment goes to the next fiber.
   */
  public void acquire() {
    acquire(1);
  }

  /**
   * Waits for {@code permits} permits, and takes them all at once. For 0 it does not wait.
   *
   * <p>Cancelation: as {@link #acquire()}.
   *
   * @throws IllegalArgumentException if {@code permits} is negative, or more than a binary
   *     semaphore ever has
   */
  public void acquire(int permits) {
    if (!tryAcquire(permits)) {
      boolean unused = acquireSlowly(permits, null);
    }
  }

  /**
   * Waits for a permit, no longer than {@code timeout}, and takes it. Fair like {@link #acquire()}:
   * fibers that wait with a timeout wait in the same queue. With a timeout of zero this does not
   * wait.
   *
   * <p>Cancelation: as {@link #acquire()}.
   *
   * @return whether the caller has a permit; {@code false} when the time is over, and nothing is
   *     left of the wait
   * @throws IllegalArgumentException if {@code timeout} is negative
   */
  public boolean tryAcquire(Duration timeout) {
    return tryAcquire(1, timeout);
  }

  /**
   * Waits for {@code permits} permits, no longer than {@code timeout}, and takes them at once; as
   * {@link #tryAcquire(Duration)}.
   *
   * @return whether the caller has the permits; {@code false} when the time is over, and nothing is
   *     left of the wait
   * @throws IllegalArgumentException if {@code timeout} is negative, or as {@link #acquire(int)}
   */
  public boolean tryAcquire(int permits, Duration timeout) {
    Deadline.require(timeout);
    return tryAcquire(permits) || Deadline.within(timeout, limit -> acquireSlowly(permits, limit));
  }

  /** Returns {@code false} when {@code limit} is completed. */
  boolean acquireSlowly(int wanted, @Nullable Computation<?> limit) {
    Waiter waiter = null;
    for (; ; ) {
      Object now = state();
      WaitList<Link> waiters = waitersIn(now);
      int permits = permitsIn(now);
      if (waiters == null && permits >= wanted) {
        if (swap(now, permits - wanted)) {
          return true;
        }
      } else if (limit != null && !limit.isRunning()) {
        return false;
      } else {
        if (waiter == null) {
          waiter = wanted == 1 ? new Waiter(null) : new Wanting(wanted);
        }
        if (swap(now, stateOf(permits, WaitList.plus(waiters, waiter)))) {
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
      removeOneEnded();
    } else {
      boolean unused = tryRelease(wanted);
    }
    if (reason == Deadline.PASSED) {
      return false;
    }
    throw ComputationException.unchecked(reason);
  }

  /**
   * Returns the event of {@link #acquire}: it is ready when there is a permit, and when it is
   * chosen, the synchronizing fiber has taken the permit. Each synchronization queues up like
   * {@code acquire}. One that chooses another alternative, or whose fiber is canceled, has no
   * permit; but it may hold one for a moment, so that a {@code tryAcquire} fails.
   */
  public Event<@Nullable Void> acquireEvent() {
    return Event.fromRequest(new Acquire());
  }

  /**
   * Takes a permit if one is available and no fiber waits, and returns whether it did. Never waits;
   * not cancelable.
   */
  public boolean tryAcquire() {
    return tryAcquire(1);
  }

  /**
   * Takes {@code permits} permits if as many are available and no fiber waits, and returns whether
   * it did. Never waits; not cancelable.
   *
   * @throws IllegalArgumentException as {@link #acquire(int)}
   */
  public boolean tryAcquire(int permits) {
    if (permits < 0 || (binary && permits > 1)) {
      throw new IllegalArgumentException("permits must be possible: " + permits);
    }
    for (; ; ) {
      Object now = state();
      if (!(now instanceof Integer available)) {
        return permits == 0;
      }
      if (available < permits) {
        return false;
      }
      if (swap(now, available - permits)) {
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
    release(1);
  }

  /**
   * Gives {@code permits} permits to the fibers that have waited longest, each as many as it wants,
   * and adds the rest to those available. Not cancelable.
   *
   * @throws IllegalArgumentException if {@code permits} is negative
   * @throws IllegalStateException if more than {@link Integer#MAX_VALUE} permits would be
   *     available; nothing is changed then
   */
  public void release(int permits) {
    if (permits < 0) {
      throw new IllegalArgumentException("permits must not be negative: " + permits);
    }
    if (!tryRelease(permits)) {
      throw new IllegalStateException("overflow: no more permits than " + Integer.MAX_VALUE);
    }
  }

  /** Takes all permits that are available, and returns how many. Never waits; not cancelable. */
  public int drainPermits() {
    for (; ; ) {
      Object now = state();
      if (!(now instanceof Integer available)) {
        return 0;
      }
      if (swap(now, 0)) {
        return available;
      }
      Thread.onSpinWait();
    }
  }

  /**
   * Returns how many permits are available; 0 while fibers wait, also if some are kept for one that
   * wants more.
   */
  public int availablePermits() {
    return state() instanceof Integer available ? available : 0;
  }

  /**
   * Runs {@code body} with a permit, which is released however {@code body} ends.
   *
   * <p>Cancelation: as {@link #acquire()}; after that it is up to {@code body}.
   *
   * @return what {@code body} returned
   * @throws E what {@code body} threw
   */
  public <T extends @Nullable Object, E extends Exception> T callWithPermit(
      Body<? extends T, E> body) throws E {
    return callWithPermits(1, body);
  }

  /** As {@link #callWithPermit}, for a block. */
  public <E extends Exception> void runWithPermit(Block<E> block) throws E {
    runWithPermits(1, block);
  }

  /**
   * As {@link #callWithPermit}, with the given number of permits.
   *
   * @throws IllegalArgumentException as {@link #acquire(int)}
   */
  public <T extends @Nullable Object, E extends Exception> T callWithPermits(
      int permits, Body<? extends T, E> body) throws E {
    return Holding.call(
        () -> acquire(permits), body, () -> release(permits), thrown -> release(permits));
  }

  /** As {@link #callWithPermits}, for a block. */
  public <E extends Exception> void runWithPermits(int permits, Block<E> block) throws E {
    Holding.run(() -> acquire(permits), block, () -> release(permits), thrown -> release(permits));
  }

  /**
   * Adds {@code released} permits, and serves the waiters, and waits for memory if there is none
   * for that; returns {@code false}, and changes nothing, if there would be too many.
   */
  private boolean tryRelease(int released) {
    int mine = binary ? Math.min(released, Integer.MAX_VALUE - 1) : released;
    for (; ; ) {
      Object now = state();
      int permits = permitsIn(now) + mine;
      if (permits < 0) {
        return false;
      }
      WaitList<Link> waiters = waitersIn(now);
      Link oldest = waiters == null ? null : waiters.oldest();
      int wanted = oldest == null ? Integer.MAX_VALUE : wantedBy(oldest);
      boolean serves = waiters != null && oldest != null && permits >= wanted;
      if (!serves && mine == 0) {
        return true;
      }
      WaitList<Link> rest;
      Object next;
      try {
        rest = serves && waiters != null ? waiters.rest() : waiters;
        int left = serves ? permits - wanted : binary ? Math.min(permits, 1) : permits;
        next = stateOf(left, rest);
      } catch (OutOfMemoryError full) {
        WaitList.awaitMemory();
        continue;
      }
      if (serves) {
        Headroom.requireToRelease();
      }
      if (swap(now, next)) {
        if (!serves || waiters == null || oldest == null) {
          return true;
        }
        waiters.isReplacedBy(rest);
        mine = oldest.grant() ? 0 : wanted;
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
      Link waiter = new OfferWaiter(null, offer);
      for (; ; ) {
        Object now = state();
        WaitList<Link> waiters = waitersIn(now);
        int permits = permitsIn(now);
        if (waiters != null || permits == 0) {
          if (swap(now, stateOf(permits, WaitList.plus(waiters, waiter)))) {
            return Semaphore.this::removeOneEnded;
          }
        } else if (swap(now, permits - 1)) {
          if (!waiter.grant()) {
            boolean unused = tryRelease(1);
          }
          return null;
        }
        Thread.onSpinWait();
      }
    }
  }

  private void removeOneEnded() {
    for (; ; ) {
      Object now = state();
      WaitList<Link> waiters = waitersIn(now);
      if (waiters == null) {
        return;
      }
      int kept = permitsIn(now);
      WaitList<Link> rest;
      Object next;
      try {
        rest = waiters.less(1);
        next = stateOf(kept, rest);
      } catch (OutOfMemoryError full) {
        WaitList.awaitMemory();
        continue;
      }
      if (swap(now, next)) {
        waiters.isReplacedBy(rest);
        if (kept > 0) { // which may be enough for the one that is the oldest now
          boolean unused = tryRelease(0);
        }
        return;
      }
      Thread.onSpinWait();
    }
  }

  private static int wantedBy(Link link) {
    return link.hasEnded() ? 0 : link instanceof Wanting wanting ? wanting.permits : 1;
  }

  private static int permitsIn(Object state) {
    return state instanceof Integer permits
        ? permits
        : state instanceof Kept kept ? kept.permits : 0;
  }

  @SuppressWarnings("unchecked") // nothing else is put into it
  private static @Nullable WaitList<Link> waitersIn(Object state) {
    return state instanceof WaitList<?> waiters
        ? (WaitList<Link>) waiters
        : state instanceof Kept kept ? kept.waiters : null;
  }

  private static Object stateOf(int permits, @Nullable WaitList<Link> waiters) {
    return waiters == null ? (Object) permits : permits == 0 ? waiters : new Kept(permits, waiters);
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
    WaitList<Link> waiters = waitersIn(now);
    return "Semaphore["
        + (waiters == null
            ? permitsIn(now) + " available"
            : "none available, " + waiters.liveCount() + " waiting")
        + "]";
  }
}
