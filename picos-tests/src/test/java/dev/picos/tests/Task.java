package dev.picos.tests;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/** Work in a plain thread of its own, which no scheduler runs, and what came of it. */
public final class Task<T> {
  /** The two kinds of threads that Java has. */
  public enum Kind {
    PLATFORM,
    VIRTUAL
  }

  private final FutureTask<T> future;
  private final Thread thread;

  private Task(Thread.Builder builder, Callable<T> body) {
    future = new FutureTask<>(body);
    thread = builder.start(future);
  }

  public static <T> Task<T> start(Callable<T> body) {
    return start(Kind.PLATFORM, body);
  }

  public static <T> Task<T> start(Kind kind, Callable<T> body) {
    return new Task<>(
        kind == Kind.PLATFORM ? Thread.ofPlatform().daemon() : Thread.ofVirtual(), body);
  }

  public Thread thread() {
    return thread;
  }

  /** Waits until the thread waits. */
  public void untilParked() {
    Wait.until(() -> thread.getState() == Thread.State.WAITING);
  }

  /** Waits for the end of the work; throws what the work threw. */
  public T result() throws Exception {
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
