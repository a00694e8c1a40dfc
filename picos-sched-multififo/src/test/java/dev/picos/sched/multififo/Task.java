package dev.picos.sched.multififo;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/** Work in a plain thread of its own, which no scheduler runs, and what came of it. */
final class Task<T> {
  private final FutureTask<T> future;
  private final Thread thread;

  private Task(Thread.Builder builder, Callable<T> body) {
    future = new FutureTask<>(body);
    thread = builder.start(future);
  }

  /** Work that has no result. */
  interface Step {
    void run() throws Exception;
  }

  static <T> Task<T> start(Callable<T> body) {
    return new Task<>(Thread.ofPlatform().daemon(), body);
  }

  static Task<Boolean> start(Step body) {
    return start(
        () -> {
          body.run();
          return true;
        });
  }

  static <T> Task<T> startVirtual(Callable<T> body) {
    return new Task<>(Thread.ofVirtual(), body);
  }

  Thread thread() {
    return thread;
  }

  boolean isDone() {
    return future.isDone();
  }

  /** Waits for the end of the work; throws what the work threw. */
  T result() throws Exception {
    try {
      return future.get(20, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw (Exception) e.getCause();
    }
  }
}
