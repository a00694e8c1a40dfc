package dev.picos.core;

/** Runs a body in the calling fiber while that is canceled. */
final class Canceled {
  private Canceled() {}

  static <E extends Exception> void with(Throwable reason, Block<E> body) throws E {
    Computation<Object> canceled = new Computation<>();
    canceled.tryCancel(reason);
    under(canceled, body);
  }

  /** Runs a body in the calling fiber while that is associated with {@code computation}. */
  static <E extends Exception> void under(Computation<?> computation, Block<E> body) throws E {
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
