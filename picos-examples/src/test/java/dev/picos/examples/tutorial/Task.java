package dev.picos.examples.tutorial;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;

/**
 * A fiber in a test.
 *
 * @param life what cancels it
 * @param result what it has returned or thrown at its end
 */
record Task<T>(Computation<T> life, Computation<T> result) {
  static final CancellationException REASON = new CancellationException("by the test");

  static {
    REASON.setStackTrace(new StackTraceElement[0]); // it would lead to the test that was first
  }

  static <T> Task<T> start(Callable<? extends T> body) {
    Task<T> task = new Task<>(new Computation<>(), new Computation<>());
    Fiber.spawn(new Fiber(task.life), fiber -> task.result.tryCapture(body));
    return task;
  }

  static Task<Object> start(Runnable body) {
    return start(
        () -> {
          body.run();
          return "done";
        });
  }

  /** Gives others some time, more or less. */
  static void pause() {
    pause(10);
  }

  /** Lets others run so many times. */
  static void pause(int times) {
    for (int i = 0; i < times; i++) {
      Thread.yield(); // and not Fiber.yield(), which would throw in a fiber that is canceled
    }
  }

  void cancel() {
    life.tryCancel(REASON);
  }

  /** Waits for the end, whatever it is. */
  void join() {
    result.join();
  }

  /** Waits for the end, and returns how the fiber ended. */
  Outcome<T> outcome() {
    join();
    return result.peek();
  }

  /** Waits for the end; true if it was the cancelation; throws whatever else the fiber threw. */
  boolean wasCanceled() {
    join();
    if (result.cancelReason() == REASON) {
      return true;
    }
    result.check();
    return false;
  }

  /** Waits for the end, and throws what the fiber threw. */
  T await() {
    return result.await();
  }
}
