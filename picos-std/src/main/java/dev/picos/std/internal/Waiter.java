package dev.picos.std.internal;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Point;
import dev.picos.core.Trigger;
import dev.picos.core.internal.Headroom;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/** One wait of one fiber. */
public class Waiter extends Link implements Waiting {
  // For maintainers.
  //
  //   status       grant()                       abandon()
  //   WAITING      -> GRANTED, signal, true      -> ABANDONED, true
  //   GRANTED      false: grant to another       false: the caller has to pass on what it got
  //   ABANDONED    false: grant to another       false
  //
  // This one word decides between a grant and the end of the wait by cancelation or by a deadline,
  // whether the waiter is in the list or not. So nothing is granted twice, and nothing is spent on
  // a waiter that has gone.

  private static final int WAITING = 0;
  private static final int GRANTED = 1;
  private static final int ABANDONED = 2;

  private static final VarHandle STATUS;
  private static final VarHandle TRIGGER;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      STATUS = lookup.findVarHandle(Waiter.class, "status", int.class);
      TRIGGER = lookup.findVarHandle(Waiter.class, "trigger", Trigger.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @SuppressWarnings("unused") // through TRIGGER
  private volatile Trigger trigger;

  @SuppressWarnings("unused") // through STATUS
  private volatile int status;

  /**
   * Makes a wait of {@code fiber}, which is the calling one.
   *
   * @throws StackOverflowError if there is too little stack to pass on what the fiber is granted
   */
  public Waiter(@Nullable Fiber fiber) {
    this(fiber, new Trigger());
  }

  @SuppressWarnings("NullAway.Init") // plainly through TRIGGER: appending this publishes it
  public Waiter(@Nullable Fiber fiber, Trigger trigger) {
    super(fiber);
    Headroom.requireToHold();
    TRIGGER.set(this, trigger);
  }

  /**
   * Waits for a grant, no longer than until {@code limit} is completed if that is not null, and
   * then ends the wait.
   *
   * @return {@code null} when granted, perhaps at the last moment. Else {@link Deadline#PASSED},
   *     and the wait is abandoned; or the reason that the fiber was canceled with, or the error
   *     that kept it from waiting. In the latter two cases the wait is abandoned unless it has been
   *     granted meanwhile; then the caller must pass on what it got
   */
  public final @Nullable Throwable awaitGrant(@Nullable Computation<?> limit) {
    Throwable reason = await(limit);
    return reason == null || abandon() || reason != Deadline.PASSED ? reason : null;
  }

  @Override
  public final boolean grant() {
    if (!change(GRANTED)) {
      return false;
    }
    trigger().signal();
    return true;
  }

  /** Gives up the wait; returns {@code false} if it had ended. */
  public final boolean abandon() {
    if (!change(ABANDONED)) {
      return false;
    }
    forget();
    return true;
  }

  public final boolean isAbandoned() {
    return status() == ABANDONED;
  }

  @Override
  public final boolean isGranted() {
    return status() == GRANTED;
  }

  @Override
  public final boolean hasEnded() {
    return status() != WAITING;
  }

  @Override
  public final boolean isDecided() {
    return isGranted();
  }

  @Override
  public final Trigger trigger() {
    Point.before(this, Point.Kind.READ);
    return (Trigger) TRIGGER.getVolatile(this);
  }

  @Override
  public final void replaceTrigger(Trigger trigger) {
    Point.before(this, Point.Kind.WRITE);
    TRIGGER.setVolatile(this, trigger);
  }

  private int status() {
    Point.before(this, Point.Kind.READ);
    return (int) STATUS.getVolatile(this);
  }

  private boolean change(int to) {
    Point.before(this, Point.Kind.UPDATE);
    return STATUS.compareAndSet(this, WAITING, to);
  }
}
