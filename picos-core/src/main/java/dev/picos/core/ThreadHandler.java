package dev.picos.core;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The handler of a thread that no other scheduler runs, and what makes that thread a fiber:
 * awaiting parks it, and a fiber that it spawns is a virtual thread.
 */
final class ThreadHandler implements Handler {
  // For maintainers.
  //
  // The resume action does nothing but unpark. The awaiting thread itself gives up the place of the
  // trigger once it has seen the signal, since it may have woken for another reason and be gone
  // before the action has run; so the fiber's fields are only ever touched by its own thread. An
  // unpark that arrives late is one more spurious wake-up, which every user of park() expects.

  private static final ThreadLocal<ThreadHandler> CURRENT =
      ThreadLocal.withInitial(() -> new ThreadHandler(new Fiber(new Computation<>(), false), null));

  private static final Trigger.Action<Thread, @Nullable Void> UNPARK =
      (trigger, thread, nothing) -> LockSupport.unpark(thread);

  private final Fiber fiber;

  /** The run that the fiber counts in; {@code null} for a thread that came by itself. */
  private final @Nullable ThreadRun run;

  ThreadHandler(Fiber fiber, @Nullable ThreadRun run) {
    this.fiber = fiber;
    this.run = run;
  }

  static Handler ofCurrentThread() {
    return CURRENT.get();
  }

  /** Runs {@code main} as the fiber of the calling thread, which is new. */
  void runHere(Consumer<? super Fiber> main) {
    CURRENT.set(this);
    main.accept(fiber);
  }

  @Override
  public Fiber current() {
    return fiber;
  }

  @Override
  public void spawn(Fiber child, Consumer<? super Fiber> main) {
    fiber.check();
    if (run == null) {
      ThreadRun.newThread(() -> new ThreadHandler(child, null).runHere(main)).start();
    } else {
      run.start(child, main);
    }
  }

  @Override
  public void yield() {
    Thread.yield();
    stayIfRunHasFailed();
    fiber.check();
  }

  @Override
  public void cancelAfter(Computation<?> computation, Duration delay, Throwable reason) {
    fiber.check();
    ThreadTimer.cancelAfter(computation, delay, reason);
  }

  @Override
  public @Nullable Throwable await(Trigger trigger) {
    if (fiber.trySuspend(trigger, Thread.currentThread(), null, UNPARK)) {
      parkUntilSignaled(trigger);
      fiber.unsuspend(trigger);
      stayIfRunHasFailed();
    }
    return fiber.cancelReason();
  }

  private static void parkUntilSignaled(Trigger trigger) {
    boolean interrupted = false;
    while (!trigger.isSignaled()) {
      LockSupport.park(trigger);
      // park() returns at once while the status is set, and would make this loop spin.
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** What a domain does by leaving, a thread does by not going on. */
  private void stayIfRunHasFailed() {
    if (run != null) {
      run.stayIfFailed();
    }
  }
}
