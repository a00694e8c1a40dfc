package dev.picos.std.awaitable;

import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Point;
import dev.picos.core.Trigger;
import dev.picos.core.internal.Headroom;
import dev.picos.std.internal.Deadline;
import dev.picos.std.internal.Failures;
import dev.picos.std.internal.WaitList;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A variable that fibers can wait on until it changes. This class is what the three kinds have in
 * common: the waiters, and how they are woken; see {@link AwaitableInt}.
 */
public abstract sealed class Awaitable permits AwaitableReference, AwaitableInt, AwaitableLong {
  // For maintainers.
  //
  // The waiters are in one reference of the awaitable itself, which is null when no fiber waits.
  // The original keeps them in one hash table for all awaitables, so that an awaitable without
  // waiters has only its value. Here that would save nothing for AwaitableLong, and 8 bytes out of
  // 24 for the two others, because of the sizes that objects come in. It would cost a look-up for
  // every signal, a hash for every awaitable, and contention between unrelated awaitables. With the
  // reference, a signal without waiters is one read next to the value, nothing is left to clean up
  // when an awaitable is forgotten, and the progress of an awaitable depends on its own users
  // alone.
  //
  //   waiters     await, add    signal                            broadcast    removed, canceled
  //   null        -> list       nothing                           nothing      nothing
  //   WaitList    -> longer     signal to the oldest that is      to all of    -> shorter
  //                             eligible, then -> shorter         those
  //
  // Claim: no wake-up is lost. Proof: all four accesses are volatile.
  //   1 A fiber that waits first enters the list, and then compares the value.
  //   2 A fiber that changes the value does that first, and then looks at the list.
  //   3 So one of the two sees the other.
  // Hence there is no relaxed write in the interface: a release store before signal() could be
  // delayed until after signal() has looked at the list.
  //
  // A signal reads the value once and then walks the list. Each waiter has a word of its own that
  // decides between signal and removal (see Waiter). So a walk that has to begin again, because the
  // list is out of date, signals no waiter twice. A waiter that was signaled and is canceled
  // signals again. A waiter that is skipped expects the value that was current at some time during
  // the signal; a fiber that changes that value later has to signal it.
  //
  // Differences from the original: a canceled waiter signals another one only if it had been
  // signaled itself, and not in any case. A wait does not end without a signal when the computation
  // of its fiber returns. remove() says whether there was a signal.

  private static final VarHandle WAITERS;

  static {
    try {
      WAITERS = MethodHandles.lookup().findVarHandle(Awaitable.class, "waiters", WaitList.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @SuppressWarnings("unused") // through WAITERS
  private volatile @Nullable WaitList<Expectation> waiters;

  Awaitable() {}

  /** The value if it is a reference, else {@code null}; a volatile read. */
  abstract @Nullable Object reference();

  /** The value if it is a number, else 0; a volatile read. */
  abstract long number();

  /**
   * Wakes the fiber that has waited longest among those that expect another value than the present
   * one. Fibers that expect the present one are passed over and keep their places. Does nothing if
   * there is none to wake. Not cancelable.
   *
   * <p>This takes a single read if no fiber waits, and otherwise time linear in the number of
   * fibers that are passed over.
   */
  public final void signal() {
    wake(false);
  }

  /**
   * Wakes all fibers that expect another value than the present one, in the order in which they
   * came. Not cancelable. If triggers that were {@linkplain #add added} have actions that throw,
   * all are signaled all the same, and then the first exception is thrown, with the rest
   * suppressed.
   */
  public final void broadcast() {
    wake(true);
  }

  /**
   * Adds a trigger, which any signal may be spent on, whatever the value is. For authors of waits
   * of their own, which must look at the value after they have added the trigger.
   */
  public final Registration add(Trigger trigger) {
    return new Registration(this, Objects.requireNonNull(trigger));
  }

  /**
   * Returns the approximate number of waiters, including those that are about to leave; for
   * monitoring.
   */
  public final int waiterCount() {
    WaitList<Expectation> list = waiters();
    return list == null ? 0 : list.liveCount();
  }

  /**
   * Waits until the value is another one, a signal comes, or {@code limit} completes. Returns
   * {@code false} if {@code limit} has completed and the value is still the same.
   */
  final boolean await(@Nullable Object reference, long number, @Nullable Computation<?> limit) {
    if (!isStill(reference, number)) {
      return true;
    }
    Expectation expectation = new Expectation(new Trigger(), reference, number);
    enter(expectation);
    Throwable reason = isStill(reference, number) ? expectation.await(limit) : null;
    boolean signaled = !expectation.abandon();
    if (!signaled) {
      ended(1);
    }
    if (reason == null
        || (reason == Deadline.PASSED && (signaled || !isStill(reference, number)))) {
      return true;
    }
    if (reason == Deadline.PASSED) {
      Fiber.current().check();
      return false;
    }
    if (signaled) {
      signal();
    }
    throw ComputationException.unchecked(reason);
  }

  /** As {@link #await(Object, long, Computation)}, with a limit of time. */
  final boolean await(@Nullable Object reference, long number, Duration duration) {
    Deadline.require(duration);
    return !isStill(reference, number)
        || Deadline.within(duration, limit -> await(reference, number, limit));
  }

  @SuppressWarnings("ReferenceEquality") // identity is the contract
  private boolean isStill(@Nullable Object reference, long number) {
    return reference() == reference && number() == number;
  }

  private void wake(boolean all) {
    WaitList<Expectation> list = waiters();
    if (list == null) {
      return;
    }
    Headroom.requireToRelease();
    Object reference = reference();
    long number = number();
    int signaled = 0;
    Throwable failure = null;
    while (list != null) {
      Expectation expectation = list.oldest();
      while (expectation != null) {
        try {
          if (expectation.waitsForOtherThan(reference, number) && expectation.grant()) {
            signaled++;
          }
        } catch (Throwable thrown) {
          signaled++;
          failure = Failures.joined(failure, thrown);
        }
        if (expectation == list.newest() || (signaled > 0 && !all)) {
          break;
        }
        expectation = list.after(expectation);
      }
      if (expectation != null) {
        break;
      }
      Thread.onSpinWait();
      list = waiters(); // the previous list was out of date
    }
    if (signaled > 0) {
      ended(signaled);
    }
    if (failure != null) {
      throw ComputationException.unchecked(failure);
    }
  }

  final void enter(Expectation expectation) {
    for (; ; ) {
      WaitList<Expectation> list = waiters();
      if (swap(list, WaitList.plus(list, expectation))) {
        return;
      }
      Thread.onSpinWait();
    }
  }

  /** Tidies up after {@code count} waits have ended. */
  final void ended(int count) {
    for (; ; ) {
      WaitList<Expectation> list = waiters();
      if (list == null) {
        return;
      }
      WaitList<Expectation> rest;
      try {
        rest = list.less(count);
      } catch (OutOfMemoryError full) {
        WaitList.awaitMemory();
        continue;
      }
      if (swap(list, rest)) {
        list.isReplacedBy(rest);
        return;
      }
      Thread.onSpinWait();
    }
  }

  @SuppressWarnings("unchecked") // nothing else is put into it
  private @Nullable WaitList<Expectation> waiters() {
    Point.before(this, Point.Kind.READ);
    return (WaitList<Expectation>) WAITERS.getVolatile(this);
  }

  private boolean swap(
      @Nullable WaitList<Expectation> before, @Nullable WaitList<Expectation> after) {
    Point.before(this, Point.Kind.UPDATE);
    return WAITERS.compareAndSet(this, before, after);
  }

  /** Names the value and the number of waiters, for people. */
  final String describe(String name, @Nullable Object value) {
    int waiting = waiterCount();
    return name + "[" + value + (waiting == 0 ? "" : ", " + waiting + " waiting") + "]";
  }
}
