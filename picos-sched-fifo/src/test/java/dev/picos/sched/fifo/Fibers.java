package dev.picos.sched.fifo;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;

/** Short ways to spawn, for tests. */
final class Fibers {
  private Fibers() {}

  /**
   * Starts {@code body} in a fiber, and returns what completes when it ends, perhaps with what it
   * threw.
   */
  static Computation<Boolean> spawn(Block<Exception> body) {
    return spawn(new Computation<>(), body);
  }

  /** The same in a fiber that {@code computation} cancels. */
  static Computation<Boolean> spawn(Computation<Boolean> computation, Block<Exception> body) {
    Fiber.spawn(
        new Fiber(computation, false),
        fiber ->
            computation.tryCapture(
                () -> {
                  body.run();
                  return true;
                }));
    return computation;
  }

  /** Starts {@code body} in a fiber that nothing cancels; what it throws is fatal. */
  static Fiber spawnBare(Runnable body) {
    Fiber fiber = new Fiber(new Computation<>(), false);
    Fiber.spawn(fiber, self -> body.run());
    return fiber;
  }
}
