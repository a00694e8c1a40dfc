package dev.picos.core;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How a program is run by a scheduler.
 *
 * {@snippet :
 * int answer = FifoScheduler.create().call(() -> {
 *   Computation<Integer> promise = new Computation<>();
 *   Fiber.spawn(new Fiber(promise), fiber -> promise.tryCapture(() -> 6 * 7));
 *   return promise.await();
 * });
 * }
 *
 * <p>A run may be started from any thread, a fiber of any scheduler included. The caller waits, and
 * its own cancelation does not reach into the run; nor does an interrupt end the wait, unless the
 * scheduler is set so for the sake of tests. Runs nest and are independent of each other. What the
 * caller did before happens before {@code main}, and what every fiber of the run did happens before
 * the return.
 *
 * <p>Every method returns once {@code main} and every fiber that it spawned, directly or not, have
 * ended. Each throws {@link FatalFiberError} when an exception leaves the {@code main} of a spawned
 * fiber.
 */
public interface Scheduler {
  /**
   * Runs {@code main} as a fiber, under a computation of its own, and returns what it returns.
   *
   * @throws E what {@code main} threw, that very object, whether checked or not. If {@code main}
   *     returned although its computation had been canceled, the reason is thrown, as {@link
   *     Computation#await} would
   */
  default <T extends @Nullable Object, E extends Exception> T call(Body<? extends T, E> main)
      throws E {
    return Main.call(this, main);
  }

  /**
   * Runs {@code main} as a fiber, under a computation of its own.
   *
   * @throws E what {@code main} threw, as {@link #call} does
   */
  default <E extends Exception> void run(Block<E> main) throws E {
    this.<@Nullable Void, E>call(
        () -> {
          main.run();
          return null;
        });
  }

  /**
   * Runs {@code main} as {@code fiber}, which is new, and whose computation and locals the caller
   * has chosen.
   *
   * @throws FatalFiberError if an exception leaves {@code main}, as for any other fiber
   */
  void run(Fiber fiber, Consumer<? super Fiber> main);
}
