package dev.picos.std.structured;

import dev.picos.core.Computation;
import dev.picos.core.Point;
import dev.picos.core.Trigger;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** Interrupts the thread that made it when a computation is canceled, from begin to end. */
final class Interruption {
  // For maintainers.
  //
  //   state          computation canceled                  end()
  //   ARMED          -> INTERRUPTING, interrupt, -> SENT   -> ENDED
  //   INTERRUPTING                                         wait for SENT
  //   SENT                                                 clear the status
  //   ENDED          nothing
  //
  // Invariant: the thread is interrupted only between INTERRUPTING and SENT, and end() returns in
  // neither ARMED nor INTERRUPTING. So no interrupt is in flight once it has returned. That matters
  // most where threads are shared: a late interrupt would reach the next fiber on the thread.
  //
  // The wait is for another thread to finish one call of Thread.interrupt(). That call may take a
  // lock or close a channel, so the wait gives way after a few rounds.
  //
  // Ordering: compare-and-set and volatile write of the state; SENT happens after the interrupt, so
  // that clearing the status afterwards clears that one.

  private static final int ARMED = 0;
  private static final int INTERRUPTING = 1;
  private static final int SENT = 2;
  private static final int ENDED = 3;
  private static final int SPINS = 64;

  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(Interruption.class, "state", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Thread thread = Thread.currentThread();
  private final boolean interruptedBefore = thread.isInterrupted();
  private final Computation<?> computation;
  private final Trigger trigger;

  @SuppressWarnings("unused") // through STATE
  private volatile int state = ARMED;

  Interruption(Computation<?> computation) {
    this.computation = computation;
    this.trigger =
        Trigger.<Interruption, Computation<?>>fromAction(
            this, computation, (signaled, self, completed) -> self.send());
  }

  /** Returns whether the computation is running, and so may interrupt from now on. */
  boolean tryBegin() {
    return computation.tryAttach(trigger);
  }

  private void send() {
    if (!computation.isCanceled() || !change(ARMED, INTERRUPTING)) {
      return;
    }
    try {
      thread.interrupt();
    } finally {
      Point.before(this, Point.Kind.WRITE);
      STATE.setVolatile(this, SENT);
    }
  }

  /** Returns whether the thread was interrupted; from now on it will not be, and is not. */
  boolean end() {
    boolean sent = !change(ARMED, ENDED);
    if (sent) {
      awaitSent();
      boolean unused = Thread.interrupted();
      if (interruptedBefore) {
        thread.interrupt();
      }
    }
    computation.detach(trigger);
    return sent;
  }

  private void awaitSent() {
    for (int spins = 0; ; spins++) {
      Point.before(this, Point.Kind.READ);
      if ((int) STATE.getVolatile(this) == SENT) {
        return;
      }
      if (spins < SPINS) {
        Thread.onSpinWait();
      } else {
        Thread.yield();
      }
    }
  }

  private boolean change(int before, int after) {
    Point.before(this, Point.Kind.UPDATE);
    return STATE.compareAndSet(this, before, after);
  }
}
