package dev.picos.domains;

import dev.picos.core.Computation;
import dev.picos.core.Outcome;
import dev.picos.core.Trigger;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/** A timeout that was set: what to cancel, when, and where it is at present. */
class Timeout {
  // For maintainers.
  //
  //   state                 who changes it
  //   INBOX -> WHEEL        the timer's thread, before it puts the timeout into its wheel
  //   INBOX -> DONE         whoever completes the computation; the inbox's next cleaning drops it
  //   WHEEL -> DONE         the timer's thread, when the time has come
  //   WHEEL -> LINKED       the completer of the computation, which then puts the timeout into the
  //                         inbox once more, for the timer's thread to take it off the wheel
  //   DONE -> INBOX         whoever sets an Alarm once more, which is in no inbox and no wheel then
  //
  // This word alone decides whether a cleaning may drop a timeout: one that is LINKED may not have
  // reached the wheel yet. The links of the wheel, and slot, belong to the timer's thread; the
  // links of the inbox belong to the thread that has the inbox. A timeout that is DONE or LINKED
  // refers to no computation and no outcome, so one that has not been unlinked yet holds nothing
  // but itself.
  //
  // The outcome is made when the timeout is set, so that firing takes no memory: nobody would be
  // there to try again.

  static final byte INBOX = 0;
  static final byte WHEEL = 1;
  static final byte DONE = 2;
  static final byte LINKED = 3;

  static final short NOWHERE = -1;

  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(Timeout.class, "state", byte.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Completing the computation removes the timeout. */
  static final Trigger.Action<Timeout, WheelTimer> REMOVE =
      (trigger, timeout, timer) -> timeout.remove(timer);

  @SuppressWarnings("unused") // through STATE
  private volatile byte state = INBOX;

  /** The deadline in ticks of the wheel, rounded up; only that of an {@link Alarm} changes. */
  long deadline;

  private @Nullable Computation<?> computation;
  private Outcome.@Nullable Canceled<?> outcome;

  // In the inbox.
  @Nullable Timeout below;
  int depth;

  // In the wheel.
  short slot = NOWHERE;
  @Nullable Timeout previous;
  @Nullable Timeout next;

  Timeout(long deadline, Computation<?> computation, Throwable reason) {
    this.deadline = deadline;
    this.computation = computation;
    this.outcome = new Outcome.Canceled<>(reason);
  }

  /** Makes one that has not been set. */
  Timeout() {
    STATE.setRelease(this, DONE);
  }

  /** Called before this is put into the inbox, by the only thread that can. */
  final void reset(long deadline) {
    this.deadline = deadline;
    STATE.setRelease(this, INBOX); // what publishes the rest is the inbox
  }

  /** Whether this will not fire any more. */
  final boolean isDone() {
    return (byte) STATE.getAcquire(this) >= DONE;
  }

  /** Whether nobody needs this any more, not even to take it off the wheel. */
  final boolean isGarbage() {
    return (byte) STATE.getAcquire(this) == DONE;
  }

  /** Called when the timer's thread is about to put this into its wheel. */
  final boolean tryEnterWheel() {
    return STATE.compareAndSet(this, INBOX, WHEEL);
  }

  /** Called when the computation has been completed. */
  final void remove(WheelTimer timer) {
    if (STATE.compareAndSet(this, INBOX, DONE)) {
      forget();
    } else if (STATE.compareAndSet(this, WHEEL, LINKED)) {
      forget();
      timer.put(this);
    }
  }

  private void forget() {
    computation = null;
    outcome = null;
  }

  /** Whether this is in the wheel. Only the timer's thread asks. */
  final boolean isInWheel() {
    return slot != NOWHERE;
  }

  /**
   * Called by the timer's thread when the time has come, on a timeout that it has taken off the
   * wheel. Throws what actions of triggers throw, once the computation is completed.
   */
  final void fire() {
    if (STATE.compareAndSet(this, WHEEL, DONE)) {
      expire();
    }
  }

  /** Does what there is to do when the time has come. */
  void expire() {
    if (computation != null && outcome != null) {
      Computation<?> late = computation;
      Outcome.Canceled<?> why = outcome;
      forget();
      cancel(late, why);
    }
  }

  private static void cancel(Computation<?> late, Outcome.Canceled<?> why) {
    for (; ; ) {
      try {
        boolean unused = tryCancel(late, why);
        return;
      } catch (OutOfMemoryError full) {
        if (!late.isRunning()) {
          throw full; // by an action
        }
        Execution.waitForMemory(); // to link what has never been used before
      }
    }
  }

  /** Does what {@link Computation#tryCancel} does, and takes no memory. */
  @SuppressWarnings("unchecked") // an outcome without a value is one of every type
  static <T extends @Nullable Object> boolean tryCancel(
      Computation<T> computation, Outcome.Canceled<?> outcome) {
    return computation.tryComplete((Outcome.Canceled<T>) outcome);
  }
}
