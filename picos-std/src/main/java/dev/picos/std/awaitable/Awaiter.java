package dev.picos.std.awaitable;

import dev.picos.core.Point;
import dev.picos.core.Trigger;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A trigger's place among those who wait for an awaitable, until it is signaled or removed. For
 * those who build waits of their own; everyone else has {@code await}.
 *
 * {@snippet :
 * Trigger trigger = new Trigger();
 * Awaiter awaiter = awaitable.add(trigger);
 * Throwable reason = condition() ? null : trigger.await();
 * if (!awaiter.remove() && reason != null) {
 *   awaitable.signal(); // what came to this fiber, which does not need it, goes to another
 * }
 * }
 *
 * <p>Progress: lock-free, amortised constant time.
 */
public final class Awaiter {
  // For maintainers.
  //
  //   status     signal()                      remove()
  //   WAITING    -> SIGNALED, signal, true     -> REMOVED, true
  //   SIGNALED   false: signal another         false: the signal has been spent on this one
  //   REMOVED    false: signal another         true
  //
  // This one word decides, wherever the awaiter is in the list or whether it still is. So no signal
  // wakes two, and none is spent on one who has gone.

  /** What no awaitable ever holds, and so differs from every value. */
  static final Object ANY = new Object();

  private static final int WAITING = 0;
  private static final int SIGNALED = 1;
  private static final int REMOVED = 2;

  private static final VarHandle STATUS;
  private static final VarHandle NEXT;
  private static final VarHandle PREVIOUS;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      STATUS = lookup.findVarHandle(Awaiter.class, "status", int.class);
      NEXT = lookup.findVarHandle(Awaiter.class, "next", Awaiter.class);
      PREVIOUS = lookup.findVarHandle(Awaiter.class, "previous", Awaiter.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Waitable awaitable;
  private final Trigger trigger;

  // The value that is waited to change: a reference, with the number 0, or a number, with null.
  private final @Nullable Object reference;
  private final long number;

  @SuppressWarnings("unused") // through STATUS
  private volatile int status;

  // Of the list.
  @SuppressWarnings("unused") // through NEXT
  private volatile @Nullable Awaiter next;

  @SuppressWarnings("unused") // through PREVIOUS
  private volatile @Nullable Awaiter previous;

  Awaiter(Waitable awaitable, Trigger trigger, @Nullable Object reference, long number) {
    this.awaitable = awaitable;
    this.trigger = trigger;
    this.reference = reference;
    this.number = number;
  }

  /**
   * Gives up the place, if the trigger still has it. To be called when the trigger has been
   * signaled by something else, or will not be awaited; otherwise needless and harmless. The
   * trigger is not touched. Not cancelable.
   *
   * @return {@code false} if the awaitable has signaled the trigger, now or at any time before; a
   *     caller who has no use for that signals another
   */
  public boolean remove() {
    if (change(REMOVED)) {
      awaitable.ended(1);
      return true;
    }
    return status() == REMOVED;
  }

  /** Whether a signal at a time when this is the value may wake this. */
  @SuppressWarnings("ReferenceEquality") // identity is the contract
  boolean waitsForOtherThan(@Nullable Object reference, long number) {
    return this.reference != reference || this.number != number;
  }

  /** Signals the trigger, unless this has ended; the caller then reports the end. */
  boolean signal() {
    if (!change(SIGNALED)) {
      return false;
    }
    trigger.signal();
    return true;
  }

  boolean hasEnded() {
    return status() != WAITING;
  }

  private int status() {
    Point.before(this, Point.Kind.READ);
    return (int) STATUS.getVolatile(this);
  }

  private boolean change(int to) {
    Point.before(this, Point.Kind.UPDATE);
    return STATUS.compareAndSet(this, WAITING, to);
  }

  @Nullable Awaiter laNext() {
    Point.before(this, Point.Kind.READ);
    return (Awaiter) NEXT.getAcquire(this);
  }

  void soNext(@Nullable Awaiter awaiter) {
    Point.before(this, Point.Kind.WRITE);
    NEXT.setRelease(this, awaiter);
  }

  @Nullable Awaiter laPrevious() {
    Point.before(this, Point.Kind.READ);
    return (Awaiter) PREVIOUS.getAcquire(this);
  }

  void soPrevious(@Nullable Awaiter awaiter) {
    Point.before(this, Point.Kind.WRITE);
    PREVIOUS.setRelease(this, awaiter);
  }

  /** Names the state, for people. */
  @Override
  public String toString() {
    return switch ((int) STATUS.getVolatile(this)) {
      case WAITING -> "Awaiter[waiting]";
      case SIGNALED -> "Awaiter[signaled]";
      default -> "Awaiter[removed]";
    };
  }
}
