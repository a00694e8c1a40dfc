package dev.picos.domains;

import dev.picos.core.Computation;
import dev.picos.core.Trigger;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** Real time for one execution, which knows whether a timeout may still wake a fiber of it. */
final class PendingTimer implements Timer {
  // The timer cancels an alarm, which then cancels the computation and only after that is not
  // pending any more: all that the cancelation wakes has been woken by then.

  private final AtomicLong pending = new AtomicLong();
  private final Runnable noneIsPending;

  /**
   * @param noneIsPending what to do whenever the last timeout is over
   */
  PendingTimer(Runnable noneIsPending) {
    this.noneIsPending = noneIsPending;
  }

  private record Timeout(Computation<?> computation, Throwable reason) {}

  @Override
  public void cancelAfter(Computation<?> computation, Duration delay, Throwable reason) {
    Computation<Object> alarm =
        Computation.withAction(
            Computation.Mode.FIFO,
            this,
            new Timeout(computation, reason),
            (trigger, timer, timeout) -> timer.over(timeout));
    pending.incrementAndGet();
    Trigger completion =
        Trigger.fromAction(alarm, reason, (trigger, stopped, none) -> stopped.tryCancel(none));
    if (computation.tryAttach(completion)) {
      WheelTimer.shared().cancelAfter(alarm, delay, reason);
    } else {
      endOne();
    }
  }

  private void over(Timeout timeout) {
    try {
      timeout.computation().tryCancel(timeout.reason());
    } finally {
      endOne();
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
