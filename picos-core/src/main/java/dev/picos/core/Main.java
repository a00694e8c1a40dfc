package dev.picos.core;

import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The main fiber of {@link Scheduler#call}: passes on what its body returned or threw. */
final class Main<T extends @Nullable Object> implements Consumer<Fiber> {
  private final Body<? extends T, ?> body;
  private final Computation<T> computation = new Computation<>(Computation.Mode.LIFO);
  private @Nullable Throwable thrown;

  private Main(Body<? extends T, ?> body) {
    this.body = body;
  }

  static <T extends @Nullable Object, E extends Exception> T call(
      Scheduler scheduler, Body<? extends T, E> body) throws E {
    Main<T> main = new Main<>(Objects.requireNonNull(body, "main"));
    scheduler.run(new Fiber(main.computation), main);
    if (main.thrown != null) {
      throw Main.<E>unchanged(main.thrown);
    }
    return main.computation.await();
  }

  @Override
  public void accept(Fiber fiber) {
    computation.tryCapture(
        () -> {
          try {
            return body.run();
          } catch (Throwable t) {
            thrown = t;
            throw t;
          }
        });
  }

  @SuppressWarnings("unchecked") // the body threw it, so it is an E or unchecked
  private static <E extends Throwable> RuntimeException unchanged(Throwable thrown) throws E {
    throw (E) thrown;
  }
}
