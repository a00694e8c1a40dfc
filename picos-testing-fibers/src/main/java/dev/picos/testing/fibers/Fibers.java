package dev.picos.testing.fibers;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * Starts fibers in tests. What goes wrong in one is seen by whoever awaits its result; in a bare
 * one, which has none, it is fatal.
 */
public final class Fibers {
  private Fibers() {}

  /** Starts a fiber whose computation is completed by {@code body}, and returns that. */
  public static <T extends @Nullable Object> Computation<T> start(Callable<? extends T> body) {
    Computation<T> computation = new Computation<>();
    Fiber.spawn(new Fiber(computation), fiber -> computation.tryCapture(body));
    return computation;
  }

  /** Starts a fiber that {@code scope} cancels, and returns its result. */
  public static <T extends @Nullable Object> Computation<T> startUnder(
      Computation<?> scope, Callable<? extends T> body) {
    Computation<T> result = new Computation<>();
    Fiber.spawn(new Fiber(scope), fiber -> result.tryCapture(body));
    return result;
  }

  /** As {@link #start}, for a block, whose result is {@code true}. */
  public static Computation<Boolean> startBlock(Block<?> body) {
    return start(returningTrue(body));
  }

  /** As {@link #startUnder}, for a block, whose result is {@code true}. */
  public static Computation<Boolean> startBlockUnder(Computation<?> scope, Block<?> body) {
    return startUnder(scope, returningTrue(body));
  }

  private static Callable<Boolean> returningTrue(Block<?> body) {
    return () -> {
      body.run();
      return true;
    };
  }

  /** Starts a fiber that nothing cancels and that has no result; what it throws is fatal. */
  public static Fiber startBare(Runnable body) {
    Fiber fiber = new Fiber(new Computation<>());
    Fiber.spawn(fiber, self -> body.run());
    return fiber;
  }

  /** Starts a fiber that {@code thrown} leaves, which is fatal. */
  public static void startThrowing(Throwable thrown) {
    startBare(() -> Fibers.<RuntimeException>sneak(thrown));
  }

  /** Throws anything, and never returns; for {@code throw Fibers.sneak(thrown)}, too. */
  @SuppressWarnings("unchecked")
  public static <E extends Throwable> E sneak(Throwable thrown) throws E {
    throw (E) thrown;
  }
}
