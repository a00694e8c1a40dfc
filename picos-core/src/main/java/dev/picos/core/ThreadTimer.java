package dev.picos.core;

import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** The timeouts that plain threads set: one daemon thread for all, started with the first. */
final class ThreadTimer {
  private static final ScheduledThreadPoolExecutor TIMER =
      new ScheduledThreadPoolExecutor(
          1, Thread.ofPlatform().daemon().name("picos-thread-timer").factory());

  static {
    // A timeout whose computation completes early must not stay until its time has come.
    TIMER.setRemoveOnCancelPolicy(true);
  }

  private ThreadTimer() {}

  static void cancelAfter(Computation<?> computation, Duration delay, Throwable reason) {
    if (!computation.isRunning()) {
      return;
    }
    // convert() saturates at 292 years, and so does the executor.
    long nanos = TimeUnit.NANOSECONDS.convert(delay);
    ScheduledFuture<?> timeout =
        TIMER.schedule(() -> computation.tryCancel(reason), nanos, TimeUnit.NANOSECONDS);
    Trigger onCompletion =
        Trigger.fromAction(
            timeout, false, (trigger, future, mayInterrupt) -> future.cancel(mayInterrupt));
    if (!computation.tryAttach(onCompletion)) {
      timeout.cancel(false);
    }
  }

  /** How many timeouts are set; for tests of space. */
  static int pending() {
    return TIMER.getQueue().size();
  }
}
