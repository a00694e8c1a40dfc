package dev.picos.std.internal;

import dev.picos.core.Fiber;
import dev.picos.core.Point;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/** A waiter in a {@link WaitList}. */
public abstract class Link {
  private static final VarHandle NEXT;
  private static final VarHandle PREVIOUS;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      NEXT = lookup.findVarHandle(Link.class, "next", Link.class);
      PREVIOUS = lookup.findVarHandle(Link.class, "previous", Link.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** The fiber that waits, for owners that check that; cleared when the wait was in vain. */
  private @Nullable Fiber fiber;

  @SuppressWarnings("unused") // through NEXT
  private volatile @Nullable Link next;

  @SuppressWarnings("unused") // through PREVIOUS
  private volatile @Nullable Link previous;

  protected Link(@Nullable Fiber fiber) {
    this.fiber = fiber;
  }

  /**
   * Gives this waiter what it waits for; returns {@code false} if the wait has ended. If this
   * throws, because waking the fiber threw, the waiter has been given it all the same.
   */
  public abstract boolean grant();

  /** Whether this waiter was given what it waited for. */
  public abstract boolean isGranted();

  /** Whether this does not wait any more, for whatever reason; once true, it stays true. */
  public abstract boolean hasEnded();

  /** Whether {@code who} waited here and was given what it waited for. */
  public final boolean isGrantedTo(Fiber who) {
    return isGranted() && fiber == who;
  }

  /** Drops the reference to the fiber, whose wait has ended in vain. */
  protected final void forget() {
    fiber = null;
  }

  final @Nullable Link laNext() {
    Point.before(this, Point.Kind.READ);
    return (Link) NEXT.getAcquire(this);
  }

  final void soNext(@Nullable Link link) {
    Point.before(this, Point.Kind.WRITE);
    NEXT.setRelease(this, link);
  }

  final @Nullable Link laPrevious() {
    Point.before(this, Point.Kind.READ);
    return (Link) PREVIOUS.getAcquire(this);
  }

  final void soPrevious(@Nullable Link link) {
    Point.before(this, Point.Kind.WRITE);
    PREVIOUS.setRelease(this, link);
  }
}
