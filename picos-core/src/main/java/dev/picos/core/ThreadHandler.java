package dev.picos.core;

import dev.picos.core.internal.HandlerLookup;
import dev.picos.core.internal.Headroom;
import java.lang.ref.Reference;
import java.time.Duration;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinWorkerThread;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
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
  // unpark that arrives late is one more spurious wake-up, which every user of park() expects, or
  // finds no thread any more, and then does nothing.
  //
  // An await must not throw, not even in a full heap. The action is there before, so only the place
  // of the trigger takes memory. If there is none, nothing has been arranged yet; then the await
  // returns the error as the reason, and the caller cleans up and throws it, as it does when it is
  // canceled. A fiber that forbids cancelation needs no place, and so no memory.

  // Not looked up with the first timeout, where the stack may be too short to initialize a class.
  private static final ThreadTimer TIMER = ThreadTimer.SHARED;

  static {
    // If there is no memory to wake a virtual thread with, the JDK tries again (25 does, 21 loses
    // the thread). But it cannot if it has no memory to load this class, either.
    Class<?> unused = RejectedExecutionException.class;
  }

  private final Fiber fiber;

  /** The run that counts the fiber; {@code null} for a thread that belongs to no run. */
  private final @Nullable ThreadRun run;

  /** The resume action of all awaits. */
  private final Trigger.Action<@Nullable Void, @Nullable Void> resume =
      (trigger, none, nothing) -> LockSupport.unpark(this.thread);

  /** The thread, while it awaits. */
  private @Nullable Thread thread;

  ThreadHandler(Fiber fiber, @Nullable ThreadRun run) {
    this.fiber = fiber;
    this.run = run;
  }

  static Handler ofCurrentThread() {
    return ThreadFibers.current();
  }

  /** Runs {@code main} as the fiber of the calling thread, which is new. */
  void runHere(Consumer<? super Fiber> main) {
    becomeCurrent();
    try {
      main.accept(fiber);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /**
   * Waits for memory if there is none: the spawn has returned, so {@code main} has to be called.
   */
  private void becomeCurrent() {
    for (; ; ) {
      try {
        ThreadFibers.set(this);
        return;
      } catch (OutOfMemoryError full) {
        Thread.onSpinWait();
      }
    }
  }

  @Override
  public Fiber current() {
    return fiber;
  }

  @Override
  public void spawn(Fiber child, Consumer<? super Fiber> main) {
    fiber.check();
    start(child, main);
  }

  /** The JDK starts these threads, and nobody else knows of it, so no run waits for them. */
  @Override
  public ThreadFactory threadFactory() {
    return ThreadScheduler.create().threadFactory();
  }

  @Override
  public boolean isOfSameRun(Handler other) {
    return other instanceof ThreadHandler that && that.run == run;
  }

  @Override
  public void spawnFromOutside(Fiber child, Consumer<? super Fiber> main) {
    if (run == null || !run.hasFailed()) {
      start(child, main);
    }
  }

  private void start(Fiber child, Consumer<? super Fiber> main) {
    if (run == null) {
      startWithoutRun(child, main);
    } else {
      Headroom.requireForScope(); // so that neither the JDK nor the run is left with half a thread
      run.start(child, main);
    }
  }

  /** Starts {@code main} as a fiber that belongs to no run. */
  static void startWithoutRun(Fiber fiber, Consumer<? super Fiber> main) {
    Headroom.requireForScope(); // so that the JDK is not left with half a thread
    ThreadHandler handler = new ThreadHandler(fiber, null);
    HandlerLookup.startElsewhere(
        ThreadRun.newThread(
            () -> handler.runHere(main), Thread.currentThread().getContextClassLoader()));
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
    TIMER.cancelAfter(computation, delay, reason);
  }

  @Override
  public @Nullable Throwable await(Trigger trigger) {
    thread = Thread.currentThread();
    try {
      return suspend(trigger);
    } finally {
      thread = null;
    }
  }

  private @Nullable Throwable suspend(Trigger trigger) {
    try {
      if (!Suspension.tryBegin(fiber, trigger, null, null, resume)) {
        return fiber.cancelReason();
      }
    } catch (OutOfMemoryError full) {
      trigger.dispose();
      return full;
    }
    parkUntilSignaled(trigger);
    Throwable reason = Suspension.end(fiber, trigger);
    stayIfRunHasFailed();
    return reason;
  }

  private void parkUntilSignaled(Trigger trigger) {
    if (Thread.currentThread() instanceof ForkJoinWorkerThread) {
      parkCompensated(trigger);
    }
    park(trigger);
  }

  /** Lets a fork-join pool have another worker for the time that this one waits. */
  private void parkCompensated(Trigger trigger) {
    try {
      ForkJoinPool.managedBlock(
          new ForkJoinPool.ManagedBlocker() {
            @Override
            public boolean block() {
              park(trigger);
              return true;
            }

            @Override
            public boolean isReleasable() {
              return trigger.isSignaled();
            }
          });
    } catch (Throwable refused) {
      // The pool has as many threads as it may have, or can get. This one waits all the same.
    }
  }

  private void park(Trigger trigger) {
    boolean interrupted = false;
    while (!trigger.isSignaled()) {
      try {
        LockSupport.park(trigger);
      } catch (OutOfMemoryError full) {
        Thread.onSpinWait(); // a virtual thread takes memory to park, and on JDK 21 throws
      } catch (StackOverflowError deep) {
        waitOnCarrier();
      }
      // park() returns at once while the status is set, and would make this loop spin.
      interrupted |= Thread.interrupted() && !Suspension.interrupted(fiber);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Waits a moment without leaving the carrier. To take a virtual thread off its carrier, the JVM
   * may need some stack for each of its frames, and so several times as much as they take, even if
   * the program still has enough for itself.
   */
  @SuppressWarnings("WaitNotInLoop") // the caller looks again, and again
  private void waitOnCarrier() {
    try {
      synchronized (this) {
        wait(1);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // for park() to deal with
    } catch (StackOverflowError deep) {
      Thread.onSpinWait();
    }
  }

  /** A domain leaves a run that has failed; a thread cannot, and goes no further instead. */
  private void stayIfRunHasFailed() {
    if (run != null) {
      run.stayIfFailed();
    }
  }
}
