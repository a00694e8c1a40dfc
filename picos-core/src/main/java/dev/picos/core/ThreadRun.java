package dev.picos.core;

import dev.picos.core.internal.HandlerLookup;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One run of the {@link ThreadScheduler}: it counts the fibers, and ends with the last of them. */
final class ThreadRun {
  private final AtomicLong alive = new AtomicLong();
  private final Computation<@Nullable Void> end = new Computation<>();

  // A fiber may throw because memory is at its end; then the run has to fail without taking any.
  private final FatalFiberError error = new FatalFiberError();
  private final Outcome<@Nullable Void> failed = new Outcome.Canceled<>(error);

  private final ClassLoader contextClassLoader = Thread.currentThread().getContextClassLoader();

  /** Starts a virtual thread that runs {@code main} as {@code fiber}. */
  void start(Fiber fiber, Consumer<? super Fiber> main) {
    ThreadHandler handler = new ThreadHandler(fiber, this);
    Thread thread = newThread(() -> runCounted(handler, main), contextClassLoader);
    alive.incrementAndGet();
    try {
      HandlerLookup.startElsewhere(thread);
    } catch (Throwable refused) {
      ended();
      throw refused;
    }
  }

  static Thread newThread(Runnable body, @Nullable ClassLoader contextClassLoader) {
    // The other schedulers do not let fibers inherit thread-locals either.
    Thread thread = Thread.ofVirtual().inheritInheritableThreadLocals(false).unstarted(body);
    thread.setContextClassLoader(contextClassLoader);
    return thread;
  }

  private void runCounted(ThreadHandler handler, Consumer<? super Fiber> main) {
    try {
      handler.runHere(main);
    } catch (Throwable escaped) {
      error.escaped(escaped, alive.get() - 1);
      end.tryComplete(failed);
    } finally {
      ended();
    }
  }

  private void ended() {
    if (alive.decrementAndGet() == 0) {
      end.tryReturn(null);
    }
  }

  /** Waits until every fiber has ended, or one has failed. */
  void join() {
    Fiber.current().runForbiddingCancelation(end::join);
    if (hasFailed()) {
      error.fillInStackTrace();
      throw error;
    }
  }

  /** Whether an exception has left a fiber. */
  boolean hasFailed() {
    return end.isCanceled();
  }

  /** After a fatal error no fiber of this run is dispatched again. */
  void stayIfFailed() {
    while (hasFailed()) {
      LockSupport.park(this);
      boolean unused = Thread.interrupted(); // which would make this loop spin
    }
  }
}
