package dev.picos.domains;

import dev.picos.core.Computation;
import dev.picos.core.Outcome;
import dev.picos.core.Trigger;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A timer in real time for one execution. It knows whether a timeout may still wake one of its
 * fibers.
 */
final class PendingTimer implements Timer {
  // The shared timer cancels an alarm. The alarm then cancels the computation, and only after that
  // is it no longer pending: by then, all that the cancelation wakes has been woken. If the
  // computation is completed earlier, the alarm returns; so it does if it could not be set. However
  // an alarm ends, it ends once, and that is when it is counted back.

  private final AtomicLong pending = new AtomicLong();
  private final Runnable noneIsPending;

  /**
   * @param noneIsPending what to do whenever the last timeout is over
   */
  PendingTimer(Runnable noneIsPending) {
    this.noneIsPending = noneIsPending;
  }

  /** What to do when an alarm ends. Its outcome is made beforehand, so that this cannot fail. */
  private record Alarmed(
      PendingTimer timer, Computation<?> computation, Outcome.Canceled<?> outcome) {
    void over(Computation<?> alarm) {
      try {
        if (alarm.isCanceled()) {
          boolean unused = Timeout.tryCancel(computation, outcome);
        }
      } finally {
        timer.endOne();
      }
    }
  }

  @Override
  public void cancelAfter(Computation<?> computation, Duration delay, Throwable reason) {
    Computation<@Nullable Void> alarm = new Computation<>(Computation.Mode.LIFO);
    Alarmed alarmed = new Alarmed(this, computation, new Outcome.Canceled<>(reason));
    Trigger over = Trigger.fromAction(alarm, alarmed, (trigger, ended, what) -> what.over(ended));
    Trigger completion =
        Trigger.fromAction(alarm, null, (trigger, stopped, none) -> stopped.tryReturn(null));
    boolean unused = alarm.tryAttach(over); // which nobody else knows yet
    pending.incrementAndGet();
    boolean isSet = false;
    try {
      if (computation.tryAttach(completion)) {
        WheelTimer.shared().cancelAfter(alarm, delay, reason);
        isSet = true;
      }
    } finally {
      if (!isSet) {
        computation.detach(completion); // which ends the alarm
      }
    }
  }

  private void endOne() {
    if (pending.decrementAndGet() == 0) {
      noneIsPending.run();
    }
  }

  boolean isPending() {
    return pending.get() > 0;
  }
}
