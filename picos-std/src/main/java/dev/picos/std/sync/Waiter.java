package dev.picos.std.sync;

import dev.picos.core.Fiber;
import dev.picos.core.Point;
import dev.picos.core.Trigger;
import dev.picos.std.internal.Deadline;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/** One wait of one fiber, and its place in a {@link WaitQueue}. */
class Waiter {
  // For maintainers.
  //
  //   status       grant()                       abandon()
  //   WAITING      -> GRANTED, signal, true      -> ABANDONED, true
  //   GRANTED                                    false: the caller has to pass on what it got
  //   ABANDONED    false: grant to another       no second time
  //
  // This one word decides between a grant and the end of the wait by cancelation or by a deadline,
  // wherever the waiter is in the queue or whether it still is. Who grants has taken the waiter off
  // the queue before.
  //
  // The trigger is signaled by a grant, by the cancelation of the fiber, by the deadline, and also
  // when the fiber's computation returns, as it may when several fibers share one. The last is none
  // of these, and the fiber goes on waiting with a new trigger. It stores that before it looks at
  // the status, and a grant stores the status before it looks at the trigger: with volatile
  // accesses one of them sees the other, and no grant is slept through.

  private static final int WAITING = 0;
  private static final int GRANTED = 1;
  private static final int ABANDONED = 2;

  private static final VarHandle STATUS;
  private static final VarHandle TRIGGER;
  private static final VarHandle NEXT;
  private static final VarHandle PREVIOUS;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      STATUS = lookup.findVarHandle(Waiter.class, "status", int.class);
      TRIGGER = lookup.findVarHandle(Waiter.class, "trigger", Trigger.class);
      NEXT = lookup.findVarHandle(Waiter.class, "next", Waiter.class);
      PREVIOUS = lookup.findVarHandle(Waiter.class, "previous", Waiter.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Whose wait it is, for those who check that; forgotten when abandoned. */
  private @Nullable Fiber fiber;

  private volatile Trigger trigger = new Trigger();

  @SuppressWarnings("unused") // through STATUS
  private volatile int status = WAITING;

  // Of the queue.
  @SuppressWarnings("unused") // through NEXT
  private volatile @Nullable Waiter next;

  @SuppressWarnings("unused") // through PREVIOUS
  private volatile @Nullable Waiter previous;

  Waiter(@Nullable Fiber fiber) {
    this.fiber = fiber;
  }

  /**
   * Waits for a grant, no longer than until {@code deadline} if there is one. For the fiber that
   * made this.
   *
   * @return {@code null} when granted, at the last moment perhaps. Else {@link Deadline#PASSED},
   *     and the wait is abandoned; or the reason that the fiber was canceled with, or the error
   *     that kept it from waiting, and the wait is abandoned unless it was granted meanwhile, and
   *     then the caller has to pass on what it got
   */
  @Nullable Throwable await(@Nullable Deadline deadline) {
    Trigger current = trigger;
    for (; ; ) {
      Throwable reason;
      try {
        reason = deadline == null ? current.await() : deadline.await(current);
      } catch (Throwable thrown) { // at the end of stack or memory
        reason = thrown;
      }
      if (reason != null) {
        return abandon() || reason != Deadline.PASSED ? reason : null;
      }
      if (isGranted()) {
        return null;
      }
      current = new Trigger();
      Point.before(this, Point.Kind.WRITE);
      TRIGGER.setVolatile(this, current);
      if (isGranted()) {
        return null;
      }
    }
  }

  /** Ends the wait; returns {@code false} if it was abandoned. For who took this off the queue. */
  boolean grant() {
    if (!change(GRANTED)) {
      return false;
    }
    Point.before(this, Point.Kind.READ);
    ((Trigger) TRIGGER.getVolatile(this)).signal();
    return true;
  }

  /** Gives up the wait; returns {@code false} if it was granted meanwhile. */
  boolean abandon() {
    if (!change(ABANDONED)) {
      return false;
    }
    fiber = null;
    return true;
  }

  boolean isGrantedTo(Fiber who) {
    return isGranted() && fiber == who;
  }

  boolean isAbandoned() {
    return status() == ABANDONED;
  }

  private boolean isGranted() {
    return status() == GRANTED;
  }

  private int status() {
    Point.before(this, Point.Kind.READ);
    return (int) STATUS.getVolatile(this);
  }

  private boolean change(int to) {
    Point.before(this, Point.Kind.UPDATE);
    return STATUS.compareAndSet(this, WAITING, to);
  }

  @Nullable Waiter laNext() {
    Point.before(this, Point.Kind.READ);
    return (Waiter) NEXT.getAcquire(this);
  }

  void soNext(@Nullable Waiter waiter) {
    Point.before(this, Point.Kind.WRITE);
    NEXT.setRelease(this, waiter);
  }

  @Nullable Waiter laPrevious() {
    Point.before(this, Point.Kind.READ);
    return (Waiter) PREVIOUS.getAcquire(this);
  }

  void soPrevious(@Nullable Waiter waiter) {
    Point.before(this, Point.Kind.WRITE);
    PREVIOUS.setRelease(this, waiter);
  }
}
