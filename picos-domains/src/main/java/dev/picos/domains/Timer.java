package dev.picos.domains;

import dev.picos.core.Computation;
import java.time.Duration;

/** Cancels computations when their time has come. */
public interface Timer {
  /**
   * Arranges that {@code computation} is canceled with {@code reason} once {@code delay} has
   * passed, and never earlier, unless it is completed before; then nothing of it is kept, now or
   * when the delay has passed. It may be called from any thread, and never waits.
   *
   * @param delay not negative; taken as 292 years if it is longer
   * @throws OutOfMemoryError if there is no memory for the timeout; none has been set then. One
   *     that has been set needs no more memory to fire
   */
  void cancelAfter(Computation<?> computation, Duration delay, Throwable reason);
}
