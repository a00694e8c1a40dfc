package dev.picos.domains;

import dev.picos.core.Computation;
import dev.picos.core.Trigger;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/** A timeout that was set: what to cancel, when, and where it is at present. */
final class Timeout {
  // For maintainers.
  //
  //   state                 who changes it
  //   INBOX -> WHEEL        the timer's thread, before it puts the timeout into its wheel
  //   INBOX -> DONE         whoever completes the computation; the inbox's next cleaning drops it
  //   WHEEL -> DONE         the timer's thread, when the time has come
  //   WHEEL -> LINKED       whoever completes the computation, who then puts the timeout into the
  //                         inbox once more, for the timer's thread to take it off the wheel
  //
  // Whether a cleaning may drop a timeout is decided by this word alone: one that is LINKED may not
  // have got to the wheel yet. The links of the wheel, and slot, are the timer thread's; those of
  // the inbox belong to whoever has it. Once DONE or LINKED, the timeout refers to no computation
  // and no reason: those that have not been unlinked yet hold nothing but themselves.

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

  /** In ticks of the wheel, rounded up. */
  final long deadline;

  private @Nullable Computation<?> computation;
  private @Nullable Throwable reason;

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
    this.reason = reason;
  }

  /** Whether this will not fire any more. */
  boolean isDone() {
    return (byte) STATE.getAcquire(this) >= DONE;
  }

  /** Whether nobody needs this any more, not even to take it off the wheel. */
  boolean isGarbage() {
    return (byte) STATE.getAcquire(this) == DONE;
  }

  /** The timer's thread wants to put this into its wheel. */
  boolean tryEnterWheel() {
    return STATE.compareAndSet(this, INBOX, WHEEL);
  }

  /** The computation has been completed. */
  void remove(WheelTimer timer) {
    if (STATE.compareAndSet(this, INBOX, DONE)) {
      forget();
    } else if (STATE.compareAndSet(this, WHEEL, LINKED)) {
      forget();
      timer.put(this);
    }
  }

  private void forget() {
    computation = null;
    reason = null;
  }

  /** For the timer's thread. */
  boolean isInWheel() {
    return slot != NOWHERE;
  }

  /**
   * The time has come. Called by the timer's thread, on a timeout that it has taken off the wheel.
   */
  void fire() {
    if (STATE.compareAndSet(this, WHEEL, DONE) && computation != null && reason != null) {
      Computation<?> late = computation;
      Throwable why = reason;
      forget();
      late.tryCancel(why);
    }
  }
}
