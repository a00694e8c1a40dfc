package dev.picos.std.awaitable;

import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Point;
import dev.picos.core.Trigger;
import dev.picos.std.internal.Deadline;
import dev.picos.std.internal.Failures;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What the three kinds of awaitable have in common: those who wait, and how they are woken. */
abstract sealed class Waitable permits Awaitable, AwaitableInt, AwaitableLong {
  // For maintainers.
  //
  // Where the waiters are: in one reference of the awaitable itself, null when nobody waits. The
  // original keeps them in one hash table for all awaitables, so that one nobody waits for has only
  // its value. Here that would save nothing for AwaitableLong, and 8 bytes out of 24 for the two
  // others, as objects are that size or the next; it would cost a look-up for every signal, a hash
  // for every awaitable, and contention between awaitables that have nothing to do with each other.
  // With the reference, a signal that nobody waits for is one read next to the value, nothing is
  // left to clean up when an awaitable is forgotten, and what progress one makes depends on its own
  // users alone.
  //
  //   waiters     await, add    signal                            broadcast    removed, canceled
  //   null        -> list       nothing                           nothing      nothing
  //   WaitList    -> longer     signal to the oldest that is      to all of    -> shorter
  //                             eligible, then -> shorter         those
  //
  // No wake-up is lost: who waits first enters the list and then compares the value; who changes
  // the value does that first and then looks at the list. All four accesses are volatile, so one of
  // the two sees the other. Hence there is no relaxed write in the interface: a release store ahead
  // of signal() could be delayed beyond its look at the list.
  //
  // A signal takes the value once and then walks the list. Each awaiter has a word of its own that
  // decides between signal and removal (see Awaiter); so a walk that has to begin again, because
  // the list it was on is out of date, signals nobody twice. One who was signaled and is canceled
  // signals again. Whoever is skipped expects the value that was current at some time during the
  // signal, and it is for whoever changes that value later to signal.
  //
  // Differences from the original: a canceled awaiter signals another only if it had been signaled
  // itself, and not in any case; a wait does not end, unsignaled, because the computation of its
  // fiber returns; remove() says whether there was a signal.

  private static final VarHandle WAITERS;

  static {
    try {
      WAITERS = MethodHandles.lookup().findVarHandle(Waitable.class, "waiters", WaitList.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @SuppressWarnings("unused") // through WAITERS
  private volatile @Nullable WaitList waiters;

  /** The value if it is a reference, else {@code null}; a volatile read. */
  abstract @Nullable Object reference();

  /** The value if it is a number, else 0; a volatile read. */
  abstract long number();

  /**
   * Wakes the fiber that has waited longest among those who expect another value than the present
   * one. Those who expect the present one are passed over and keep their places. Does nothing if
   * there is none to wake. Not cancelable.
   *
   * <p>A single read if nobody waits; otherwise linear in the number of those passed over.
   */
  public final void signal() {
    wake(false);
  }

  /**
   * Wakes every fiber that expects another value than the present one, in the order in which they
   * came. Not cancelable. If triggers that were {@linkplain #add added} have actions that throw,
   * all are signaled all the same, and then the first exception is thrown, with the rest
   * suppressed.
   */
  public final void broadcast() {
    wake(true);
  }

  /**
   * Adds a trigger as if it expected something that is never the value: any signal may be spent on
   * it, whatever the value is. For those who build waits of their own, who look at the value after
   * they have added the trigger.
   */
  public final Awaiter add(Trigger trigger) {
    Awaiter awaiter = new Awaiter(this, Objects.requireNonNull(trigger), Awaiter.ANY, 0);
    enter(awaiter);
    return awaiter;
  }

  /** Returns about how many wait, for monitoring; those are included that are about to leave. */
  public final int waiterCount() {
    WaitList list = waiters();
    return list == null ? 0 : list.liveCount();
  }

  /**
   * Waits until the value is another one or a signal comes, or {@code limit} completes. {@code
   * false} if the last, and the value is still the same.
   */
  final boolean await(@Nullable Object reference, long number, @Nullable Computation<?> limit) {
    while (isStill(reference, number)) {
      Trigger trigger = new Trigger();
      if (limit != null && !limit.tryAttach(trigger)) {
        Fiber.current().check();
        return false;
      }
      Awaiter awaiter = new Awaiter(this, trigger, reference, number);
      enter(awaiter);
      Throwable reason;
      try {
        reason = isStill(reference, number) ? trigger.await() : null;
      } catch (Throwable thrown) { // at the end of stack or memory
        reason = thrown;
      }
      boolean signaled = !awaiter.remove();
      if (limit != null) {
        limit.detach(trigger);
      }
      if (reason != null) {
        if (signaled) {
          signal();
        }
        throw ComputationException.unchecked(reason);
      }
      if (signaled) {
        return true;
      }
    }
    return true;
  }

  /** The same, with a limit of time. */
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
    WaitList list = waiters();
    if (list == null) {
      return;
    }
    Object reference = reference();
    long number = number();
    int signaled = 0;
    Throwable failure = null;
    while (list != null) {
      Awaiter awaiter = list.oldest();
      while (awaiter != null) {
        try {
          if (awaiter.waitsForOtherThan(reference, number) && awaiter.signal()) {
            signaled++;
          }
        } catch (Throwable thrown) {
          signaled++;
          failure = Failures.joined(failure, thrown);
        }
        if (awaiter == list.newest() || (signaled > 0 && !all)) {
          break;
        }
        awaiter = awaiter.laNext();
      }
      if (awaiter != null) {
        break;
      }
      Thread.onSpinWait();
      list = waiters(); // that one was out of date
    }
    if (signaled > 0) {
      ended(signaled);
    }
    if (failure != null) {
      throw ComputationException.unchecked(failure);
    }
  }

  private void enter(Awaiter awaiter) {
    for (; ; ) {
      WaitList list = waiters();
      if (swap(list, WaitList.plus(list, awaiter))) {
        return;
      }
      Thread.onSpinWait();
    }
  }

  /** Tidies up after so many awaiters have ended. */
  final void ended(int count) {
    for (; ; ) {
      WaitList list = waiters();
      if (list == null) {
        return;
      }
      WaitList rest = list.less(count);
      if (swap(list, rest)) {
        list.isReplacedBy(rest);
        return;
      }
      Thread.onSpinWait();
    }
  }

  private @Nullable WaitList waiters() {
    Point.before(this, Point.Kind.READ);
    return (WaitList) WAITERS.getVolatile(this);
  }

  private boolean swap(@Nullable WaitList before, @Nullable WaitList after) {
    Point.before(this, Point.Kind.UPDATE);
    return WAITERS.compareAndSet(this, before, after);
  }

  /** Names the value and those who wait, for people. */
  final String describe(String name, @Nullable Object value) {
    int waiting = waiterCount();
    return name + "[" + value + (waiting == 0 ? "" : ", " + waiting + " waiting") + "]";
  }
}
