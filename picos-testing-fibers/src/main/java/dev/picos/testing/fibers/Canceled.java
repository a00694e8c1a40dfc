package dev.picos.testing.fibers;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;

/** Runs a body in the calling fiber while that is canceled, or is associated otherwise. */
public final class Canceled {
  private Canceled() {}

  public static <E extends Exception> void with(Throwable reason, Block<E> body) throws E {
    Computation<Object> canceled = new Computation<>();
    canceled.tryCancel(reason);
    under(canceled, body);
  }

  /** Runs a body in the calling fiber while {@code computation} is what cancels that. */
  public static <E extends Exception> void under(Computation<?> computation, Block<E> body)
      throws E {
    Fiber fiber = Fiber.current();
    Computation<?> before = fiber.computation();
    fiber.setComputation(computation);
    try {
      body.run();
    } finally {
      fiber.setComputation(before);
    }
  }
}
