package dev.picos.std.structured;

import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.FiberLocal;
import dev.picos.core.Point;
import dev.picos.core.Trigger;
import dev.picos.core.internal.OnCompletion;
import java.io.InterruptedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.net.SocketException;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * Interrupts the thread that made it when a computation is canceled, between begin and end.
 * Interruptions nest: the one begun last in a fiber is ended first.
 */
final class Interruption {
  // For maintainers.
  //
  //   state          computation canceled                  end()
  //   ARMED          -> INTERRUPTING, interrupt, -> SENT   -> ENDED
  //   INTERRUPTING                                         wait for SENT
  //   SENT                                                 clear the status
  //   ENDED          nothing
  //
  // Claim: once end() has returned, no interrupt is in flight. Proof:
  //   1 The thread is interrupted only between INTERRUPTING and SENT.
  //   2 When end() returns, the state is neither ARMED nor INTERRUPTING.
  // That matters most where threads are shared: a late interrupt would reach the next fiber on the
  // thread.
  //
  // The wait is for another thread to finish one call of Thread.interrupt(). That call may take a
  // lock or close a channel, so the wait gives way after a few rounds.
  //
  // A thread has one interrupt status for all interruptions of its fiber. An interruption that
  // clears the status takes away what an outer one has sent, too. So it sets the status again if an
  // outer one has left ARMED, once that one is SENT. If an outer one leaves ARMED after that look,
  // its interrupt comes after the status was cleared.
  //
  // Ordering: the state changes by compare-and-sets and volatile writes. The write of SENT comes
  // after the interrupt, so that clearing the status after that clears this interrupt.

  private static final int ARMED = 0;
  private static final int INTERRUPTING = 1;
  private static final int SENT = 2;
  private static final int ENDED = 3;
  private static final int SPINS = 64;

  /** The number of causes that are followed at most; some exceptions are causes of each other. */
  private static final int MOST_CAUSES = 16;

  private static final FiberLocal<@Nullable Interruption> INNERMOST = new FiberLocal<>();

  private static final OnCompletion<Interruption, Computation<?>> SEND =
      (trigger, self, computation) -> self.send();

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
  private final Fiber fiber;
  private final Computation<?> computation;
  private final @Nullable Interruption outer;
  private final Trigger trigger;
  private boolean ended;
  private boolean interrupted;

  @SuppressWarnings("unused") // through STATE
  private volatile int state = ARMED;

  private Interruption(Fiber fiber, Computation<?> computation, @Nullable Interruption outer) {
    this.fiber = fiber;
    this.computation = computation;
    this.outer = outer;
    this.trigger = Trigger.<Interruption, Computation<?>>fromAction(this, computation, SEND);
  }

  /**
   * Arranges that the thread of {@code fiber}, which is the caller, is interrupted when {@code
   * computation} is canceled. Returns {@code null} if {@code computation} is completed already.
   */
  static @Nullable Interruption begin(Fiber fiber, Computation<?> computation) {
    return begin(fiber, computation, INNERMOST.getOrDefault(fiber, null));
  }

  /** As {@link #begin} if {@code fiber} may be interrupted already; else returns {@code null}. */
  static @Nullable Interruption within(Fiber fiber, Computation<?> computation) {
    Interruption outer = INNERMOST.getOrDefault(fiber, null);
    return outer == null ? null : begin(fiber, computation, outer);
  }

  private static @Nullable Interruption begin(
      Fiber fiber, Computation<?> computation, @Nullable Interruption outer) {
    INNERMOST.reserve(fiber);
    Interruption begun = new Interruption(fiber, computation, outer);
    if (!computation.tryAttach(begun.trigger)) {
      return null;
    }
    INNERMOST.set(fiber, begun);
    return begun;
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

  /**
   * Ends this: after that, the computation has no interrupt of the thread in flight, and sends
   * none. Does nothing the second time.
   */
  void end() {
    if (ended) {
      return;
    }
    ended = true;
    interrupted = !change(ARMED, ENDED);
    if (interrupted) {
      awaitSent();
      boolean unused = Thread.interrupted();
      if ((interruptedBefore && !isUsedUp()) || isInterruptedByOuter()) {
        thread.interrupt();
      }
    }
    computation.detach(trigger);
    if (outer == null) {
      INNERMOST.remove(fiber);
    } else {
      INNERMOST.set(fiber, outer);
    }
  }

  /** Whether the interrupt from before has canceled the computation, which uses it up. */
  private boolean isUsedUp() {
    return computation.cancelReason() instanceof InterruptedException;
  }

  /**
   * Returns, after {@link #end}, what to throw instead of {@code thrown}, which has ended the
   * interruptible work. It is the reason if there was an interrupt that explains {@code thrown},
   * and otherwise {@code thrown} itself, which suppresses the reason if there was an interrupt. A
   * failure that suppresses another one, for example that of closing a resource, is not explained
   * by an interrupt.
   */
  Throwable explained(Throwable thrown) {
    Throwable reason = interrupted ? computation.cancelReason() : null;
    if (reason == null || thrown == reason) {
      return thrown;
    }
    if (isExplainedBy(reason, thrown)) {
      return ComputationException.unchecked(reason);
    }
    thrown.addSuppressed(reason);
    return thrown;
  }

  private static boolean isExplainedBy(Throwable reason, Throwable thrown) {
    Throwable cause = thrown;
    for (int i = 0; cause != null && i < MOST_CAUSES; i++) {
      if (cause == reason) {
        return true; // it brings what it suppresses along
      }
      for (Throwable suppressed : cause.getSuppressed()) {
        if (suppressed != reason
            && suppressed.getCause() != reason
            && !saysInterrupted(suppressed)) {
          return false;
        }
      }
      if (saysInterrupted(cause)) {
        return true;
      }
      cause = cause.getCause();
    }
    return false;
  }

  /** Whether the JDK may throw this for an interrupt, which closes a channel or a socket, too. */
  private static boolean saysInterrupted(Throwable thrown) {
    return thrown instanceof InterruptedException
        || thrown instanceof InterruptedIOException
        || thrown instanceof ClosedChannelException
        || thrown instanceof SocketException;
  }

  private boolean isInterruptedByOuter() {
    for (Interruption other = outer; other != null; other = other.outer) {
      Point.before(other, Point.Kind.READ);
      if ((int) STATE.getVolatile(other) != ARMED) {
        other.awaitSent();
        return true;
      }
    }
    return false;
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
