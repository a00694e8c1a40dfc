package dev.picos.tck;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Starts fibers in rules. What goes wrong in a fiber is thrown to the one that awaits its result.
 */
final class Fibers {
  /** The operations that throw the reason in a fiber that is canceled, by their names. */
  static final Map<String, Block<RuntimeException>> OPERATIONS =
      Map.of(
          "spawn", () -> Fiber.spawn(new Fiber(new Computation<>()), child -> {}),
          "yield", Fiber::yield,
          "cancelAfter", () -> Computation.returned(42).cancelAfter(Duration.ZERO, new Error()));

  private Fibers() {}

  /** Starts a fiber that nothing cancels, and returns its result. */
  static <T extends @Nullable Object> Computation<T> start(Callable<? extends T> body) {
    return startUnder(new Computation<>(), body);
  }

  /** Starts a fiber that {@code scope} cancels, and returns its result. */
  static <T extends @Nullable Object> Computation<T> startUnder(
      Computation<?> scope, Callable<? extends T> body) {
    Computation<T> result = new Computation<>();
    Rules rule = Threads.rule();
    Fiber.spawn(
        new Fiber(scope),
        fiber -> result.tryCapture(() -> Threads.<T, Exception>noted(rule, body::call)));
    return result;
  }

  /** Starts a fiber that nothing cancels, and returns what completes when {@code body} ends. */
  static Computation<Boolean> spawn(Block<?> body) {
    return start(
        () -> {
          body.run();
          return true;
        });
  }

  /** Runs {@code body} as {@code fiber}, and throws what it threw. */
  static void run(Scheduler scheduler, Fiber fiber, Consumer<? super Fiber> body) {
    Computation<Boolean> result = new Computation<>();
    scheduler.run(
        fiber,
        self ->
            result.tryCapture(
                () -> {
                  body.accept(self);
                  return true;
                }));
    result.await();
  }

  /** Starts a fiber that {@code thrown} leaves. */
  static void startThrowing(Throwable thrown) {
    Fiber.spawn(new Fiber(new Computation<>()), fiber -> Fibers.<RuntimeException>sneak(thrown));
  }

  /** Throws anything. */
  @SuppressWarnings("unchecked")
  static <E extends Throwable> E sneak(Throwable thrown) throws E {
    throw (E) thrown;
  }

  /** A computation that has been canceled. */
  static Computation<Object> canceled(Throwable reason) {
    Computation<Object> computation = new Computation<>();
    computation.tryCancel(reason);
    return computation;
  }
}
