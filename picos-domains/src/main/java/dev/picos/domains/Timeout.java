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
  //   state       who changes it
  //   INBOX    -> WHEEL     the timer's thread, before it puts the timeout into its wheel
  //   INBOX    -> DONE      whoever completes the computation; the inbox's next cleaning drops it
  //   WHEEL    -> DONE      the timer's thread, when the time has come; or whoever completes the
  //                         computation, who then puts it into the inbox once more, to be unlinked
  //
  // The links of the wheel are the timer thread's alone, those of the inbox belong to whoever has
  // it.
  // Once DONE the timeout refers to no computation and no reason: the few that have not been
  // unlinked
  // yet hold nothing but themselves.

  static final byte INBOX = 0;
  static final byte WHEEL = 1;
  static final byte DONE = 2;

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

  boolean isDone() {
    return (byte) STATE.getAcquire(this) == DONE;
  }

  /** The timer's thread wants to put this into its wheel. */
  boolean tryEnterWheel() {
    return STATE.compareAndSet(this, INBOX, WHEEL);
  }

  /** The computation has been completed. */
  void remove(WheelTimer timer) {
    byte before = (byte) STATE.getAndSet(this, DONE);
    if (before == DONE) {
      return;
    }
    computation = null;
    reason = null;
    if (before == WHEEL) {
      timer.put(this);
    }
  }

  boolean isInWheel() {
    return slot != NOWHERE;
  }

  /**
   * The time has come. Called by the timer's thread, on a timeout that it has taken off the wheel.
   */
  void fire() {
    if ((byte) STATE.getAndSet(this, DONE) != DONE && computation != null && reason != null) {
      Computation<?> late = computation;
      Throwable why = reason;
      computation = null;
      reason = null;
      late.tryCancel(why);
    }
  }
}
