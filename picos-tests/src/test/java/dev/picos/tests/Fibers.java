package dev.picos.tests;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import java.util.concurrent.Callable;

/** Starts fibers in tests. What goes wrong in one is seen by whoever awaits its result. */
public final class Fibers {
  private Fibers() {}

  /** Starts a fiber whose computation is completed by {@code body}, and returns that. */
  public static <T> Computation<T> start(Callable<? extends T> body) {
    Computation<T> computation = new Computation<>();
    Fiber.spawn(new Fiber(computation, false), fiber -> computation.tryCapture(body));
    return computation;
  }

  /** Starts a fiber that {@code computation} cancels, and returns its result. */
  public static <T> Computation<T> startUnder(
      Computation<?> computation, Callable<? extends T> body) {
    Computation<T> result = new Computation<>();
    Fiber.spawn(new Fiber(computation, false), fiber -> result.tryCapture(body));
    return result;
  }

  /** Starts a fiber that {@code thrown} leaves. */
  public static void startThrowing(Throwable thrown) {
    Fiber.spawn(
        new Fiber(new Computation<>(), false), fiber -> Fibers.<RuntimeException>sneak(thrown));
  }

  /** Throws anything. */
  @SuppressWarnings("unchecked")
  public static <E extends Throwable> void sneak(Throwable thrown) throws E {
    throw (E) thrown;
  }
}
