package dev.picos.core;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/** A timeout that a plain thread has set: what to cancel, when, and where it is at present. */
final class Timeout {
  // For maintainers.
  //
  //   state               who changes it
  //   INBOX -> HEAP       the timer's thread, before it adds the timeout to its heap
  //   INBOX -> DONE       whoever completes the computation; the timer's thread drops the timeout
  //   HEAP -> DONE        the timer's thread, when the time has come
  //   HEAP -> WITHDRAWN   whoever completes the computation, and then puts the timeout into the
  //                       inbox once more, for the timer's thread to take it off the heap
  //
  // The word alone decides who of these is first. The links of the heap, and isInHeap, belong to
  // the timer's thread; those of the inbox to whoever puts the timeout there. A timeout is in the
  // inbox at most once: it comes back as WITHDRAWN only after the timer's thread has taken it out.
  //
  // What the timer's thread needs to cancel is allocated with the timeout, so that no timeout is
  // lost in a full heap.

  private static final byte INBOX = 0;
  private static final byte HEAP = 1;
  private static final byte DONE = 2;
  private static final byte WITHDRAWN = 3;

  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(Timeout.class, "state", byte.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Completing the computation withdraws the timeout. */
  static final Trigger.Action<Timeout, ThreadTimer> WITHDRAW =
      (trigger, timeout, timer) -> timeout.withdraw(timer);

  @SuppressWarnings("unused") // through STATE
  private volatile byte state = INBOX;

  /** In nanoseconds since the timer was made. */
  final long deadline;

  private @Nullable Computation<?> computation;
  private @Nullable Outcome<?> canceled;

  // In the inbox.
  @Nullable Timeout below;
  int depth;

  // In the heap.
  boolean isInHeap;
  @Nullable Timeout child;
  @Nullable Timeout previous;
  @Nullable Timeout next;

  Timeout(long deadline, Computation<?> computation, Throwable reason) {
    this.deadline = deadline;
    this.computation = computation;
    this.canceled = new Outcome.Canceled<>(reason);
  }

  /** Whether this will not fire any more. */
  boolean isDone() {
    return (byte) STATE.getAcquire(this) >= DONE;
  }

  /** Called when the timer's thread is about to add this to its heap. */
  boolean tryEnterHeap() {
    return STATE.compareAndSet(this, INBOX, HEAP);
  }

  private void withdraw(ThreadTimer timer) {
    if (STATE.compareAndSet(this, INBOX, DONE)) {
      forget();
    } else if (STATE.compareAndSet(this, HEAP, WITHDRAWN)) {
      forget();
      timer.put(this);
    }
  }

  /** Called by the timer's thread when the time has come, after it has taken this off its heap. */
  void fire() {
    if (STATE.compareAndSet(this, HEAP, DONE) && computation != null && canceled != null) {
      Computation<?> late = computation;
      Outcome<?> outcome = canceled;
      forget();
      boolean unused = late.tryCompleteWith(outcome);
    }
  }

  private void forget() {
    computation = null;
    canceled = null;
  }
}
