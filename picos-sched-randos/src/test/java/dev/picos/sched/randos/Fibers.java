package dev.picos.sched.randos;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import java.util.concurrent.Callable;

/** Short ways to spawn, for tests. */
final class Fibers {
  private Fibers() {}

  /** Starts {@code body} in a fiber, and returns what completes with its value or its exception. */
  static <T> Computation<T> spawn(Callable<T> body) {
    return spawn(new Computation<>(), body);
  }

  /** The same in a fiber that {@code computation} cancels. */
  static <T> Computation<T> spawn(Computation<T> computation, Callable<T> body) {
    Fiber.spawn(new Fiber(computation, false), fiber -> computation.tryCapture(body));
    return computation;
  }

  /** Starts {@code body} in a fiber that nothing cancels; what it throws is fatal. */
  static Fiber spawnBare(Runnable body) {
    Fiber fiber = new Fiber(new Computation<>(), false);
    Fiber.spawn(fiber, self -> body.run());
    return fiber;
  }
}
