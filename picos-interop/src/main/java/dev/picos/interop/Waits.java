package dev.picos.interop;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.std.structured.Control;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Waits of the JDK's interfaces, as waits of fibers. */
final class Waits {
  private Waits() {}

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
    Duration limit = Duration.ofNanos(Math.max(0, unit.toNanos(timeout)));
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
