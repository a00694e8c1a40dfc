package dev.picos.core;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One run of the {@link ThreadScheduler}: it counts the fibers, and ends with the last of them. */
final class ThreadRun {
  private final AtomicLong alive = new AtomicLong();
  private final Computation<@Nullable Void> end = new Computation<>();
  private final ClassLoader contextClassLoader = Thread.currentThread().getContextClassLoader();

  /** Starts a virtual thread that runs {@code main} as {@code fiber}. */
  void start(Fiber fiber, Consumer<? super Fiber> main) {
    ThreadHandler handler = new ThreadHandler(fiber, this);
    Thread thread = newThread(() -> runCounted(handler, main));
    thread.setContextClassLoader(contextClassLoader);
    alive.incrementAndGet();
    try {
      thread.start();
    } catch (Throwable refused) {
      ended();
      throw refused;
    }
  }

  static Thread newThread(Runnable body) {
    // Not inherited, for under the other schedulers they are not either.
    return Thread.ofVirtual().inheritInheritableThreadLocals(false).unstarted(body);
  }

  private void runCounted(ThreadHandler handler, Consumer<? super Fiber> main) {
    try {
      handler.runHere(main);
    } catch (Throwable escaped) {
      if (!end.tryCancel(new FatalFiberError(escaped, alive.get() - 1))) {
        Objects.requireNonNull(end.cancelReason()).addSuppressed(escaped);
      }
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
    Fiber.current().forbid(end::join);
    end.check();
  }

  /** After a fatal error no fiber of this run is dispatched again. */
  void stayIfFailed() {
    while (end.isCanceled()) {
      LockSupport.park(this);
      boolean unused = Thread.interrupted(); // which would make this loop spin
    }
  }
}
