package dev.picos.interop;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import java.time.Duration;
import java.util.Comparator;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.RunnableScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The future of a task that a fiber runs later, or again and again. */
final class ScheduledFiberTask<T extends @Nullable Object> extends FiberTask<T>
    implements RunnableScheduledFuture<T> {
  private static final Comparator<Delayed> BY_DELAY =
      Comparator.comparingLong(task -> task.getDelay(TimeUnit.NANOSECONDS));

  /** How a task is repeated. */
  enum Repeat {
    NEVER,

    /** Each time begins a period after the last one began, or at once if that is over. */
    AT_FIXED_RATE,

    /** Each time begins a period after the last one ended. */
    WITH_FIXED_DELAY
  }

  private final Duration delay;
  private final Duration period;
  private final Repeat repeat;
  private volatile long start;
  private volatile boolean atWork;
  private volatile boolean endsAfterThisTime;

  ScheduledFiberTask(Callable<T> body, Duration delay, Duration period, Repeat repeat) {
    super(body);
    this.delay = delay;
    this.period = period;
    this.repeat = repeat;
    expectIn(delay);
  }

  @Override
  void perform() {
    if (isDone()) {
      return; // canceled before the fiber began
    }
    try {
      Fiber.sleep(delay);
      if (repeat == Repeat.NEVER) {
        atWork = true;
        super.perform();
      } else {
        while (performOnce()) {
          expectIn(Duration.ZERO);
        }
      }
    } finally {
      super.cancel(false); // unless it is done: the sleep has been canceled
    }
  }

  /** Runs the body, and waits for the next time, if there is one. */
  private boolean performOnce() {
    Computation<@Nullable Void> next = new Computation<>();
    if (repeat == Repeat.AT_FIXED_RATE) {
      next.cancelAfter(period, Waits.ELAPSED);
      expectIn(period);
    }
    atWork = true;
    boolean goesOn;
    try {
      goesOn = runAndReset();
    } finally {
      atWork = false;
      boolean unused = Thread.interrupted(); // it concerned this time, and not the next
    }
    if (endsAfterThisTime) {
      super.cancel(false); // unless this time has failed
    }
    goesOn &= !isCancelled(); // also by somebody who still found the fiber at work
    if (goesOn && repeat == Repeat.WITH_FIXED_DELAY) {
      next.cancelAfter(period, Waits.ELAPSED);
      expectIn(period);
    }
    if (goesOn) {
      next.join();
    } else {
      next.tryReturn(null);
    }
    return goesOn;
  }

  /** Ends a periodic task; if it is at work, after that, so that its failure is not lost. */
  void endAfterThisTime() {
    endsAfterThisTime = true;
    if (!atWork) {
      cancel(false);
    }
  }

  private void expectIn(Duration time) {
    start = System.nanoTime() + TimeUnit.NANOSECONDS.convert(time);
  }

  @Override
  boolean isAtWork() {
    return atWork;
  }

  @Override
  public boolean isPeriodic() {
    return repeat != Repeat.NEVER;
  }

  /** By the clock of the machine; in virtual time, this is not what it will take. */
  @Override
  public long getDelay(TimeUnit unit) {
    return unit.convert(start - System.nanoTime(), TimeUnit.NANOSECONDS);
  }

  @Override
  public int compareTo(Delayed other) {
    return other == this ? 0 : BY_DELAY.compare(this, other);
  }
}
