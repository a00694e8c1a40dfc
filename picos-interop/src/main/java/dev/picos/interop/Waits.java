package dev.picos.interop;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import dev.picos.std.structured.Control;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Waits and delays of the JDK's interfaces, as those of fibers. */
final class Waits {
  /** The reason with which the computation of a delay is canceled; nobody sees it. */
  static final Throwable ELAPSED = new Exception("elapsed", null, false, false) {};

  static final Trigger.Action<Runnable, @Nullable Void> RUN =
      (trigger, action, none) -> action.run();

  private Waits() {}

  /** Returns that time, or none if it is negative, as the interfaces of the JDK take it. */
  static Duration atLeastZero(long time, TimeUnit unit) {
    return Duration.ofNanos(Math.max(0, unit.toNanos(time)));
  }

  /**
   * Waits until {@code end} is completed, by the clock of the calling fiber. A time that is not
   * positive is none.
   *
   * <p>Cancelation: a calling fiber that is canceled before or while it waits throws the reason.
   *
   * @throws InterruptedException if an interrupt has ended the wait
   * @throws TimeoutException if the time has passed
   */
  static void within(Computation<?> end, long timeout, TimeUnit unit)
      throws InterruptedException, TimeoutException {
    Duration limit = atLeastZero(timeout, unit);
    if (!end.isRunning()) {
      return;
    }
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    if (limit.isZero()) {
      Fiber.current().check();
      throw new TimeoutException();
    }
    Control.<TimeoutException>runCancelableByInterrupt(() -> Control.runWithin(limit, end::join));
  }
}
