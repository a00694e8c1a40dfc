package dev.picos.tck;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Work in a thread that no scheduler runs, and its outcome. */
final class Task<T extends @Nullable Object> {
  private final FutureTask<T> future;
  private final Thread thread;

  private Task(Callable<T> body, UnaryOperator<Runnable> place) {
    future = new FutureTask<>(body);
    thread = Thread.ofPlatform().daemon().name("rule's other thread").start(place.apply(future));
  }

  static <T extends @Nullable Object> Task<T> start(Callable<T> body) {
    return new Task<>(body, here -> here);
  }

  /** The virtual thread is not made by the caller, as a scheduler may adopt those of its fibers. */
  static <T extends @Nullable Object> Task<T> startVirtual(Callable<T> body) {
    return new Task<>(body, here -> () -> Thread.startVirtualThread(here));
  }

  Thread thread() {
    return thread;
  }

  /** Waits for the end of the work; throws what the work threw. */
  T result() throws Exception {
    RuleRunner.waitingFor("another thread to end");
    try {
      return future.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw (Exception) e.getCause();
    }
  }
}
