package dev.picos.testing;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Work in a plain thread of its own, which no scheduler runs, and what came of it. */
public final class Task<T extends @Nullable Object> {
  /** The two kinds of threads that Java has. */
  public enum Kind {
    PLATFORM,
    VIRTUAL
  }

  /** Work that has no result. */
  public interface Step {
    void run() throws Exception;
  }

  private final FutureTask<T> future;
  private final Thread thread;

  private Task(Kind kind, Callable<T> body) {
    future = new FutureTask<>(body);
    Thread.Builder builder =
        kind == Kind.PLATFORM ? Thread.ofPlatform().daemon() : Thread.ofVirtual();
    thread = builder.start(future);
  }

  public static <T extends @Nullable Object> Task<T> start(Callable<T> body) {
    return start(Kind.PLATFORM, body);
  }

  public static <T extends @Nullable Object> Task<T> start(Kind kind, Callable<T> body) {
    return new Task<>(kind, body);
  }

  public static Task<Boolean> start(Step body) {
    return start(
        () -> {
          body.run();
          return true;
        });
  }

  public Thread thread() {
    return thread;
  }

  /** Whether the thread has ended; {@link #result()} does not wait then, not even for a moment. */
  public boolean isDone() {
    return !thread.isAlive(); // a future is done before its result is there, and get() may yield
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
      if (e.getCause() instanceof Exception exception) {
        throw exception;
      }
      throw e;
    }
  }
}
