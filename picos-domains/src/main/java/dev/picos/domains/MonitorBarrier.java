package dev.picos.domains;

import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Waits until the virtual threads that monitors were released to are ready. The JVM does not make
 * them ready at once: from JDK 24 on, a thread of its own does so a moment later.
 */
final class MonitorBarrier {
  // For maintainers.
  //
  // A thread that releases a monitor puts the virtual thread that is next on a list, before it goes
  // on. A single thread of the JVM takes all that is on the list as one batch, makes one after the
  // other ready, and looks again. Suppose that a first virtual thread of ours is put on the list.
  // When it is ready, each thread that was on the list before it is ready, too, or is still in the
  // same batch, as the newest comes first. Suppose that a second one of ours is put on the list
  // after that. It comes in a later batch, so when it is ready, the first batch is over, and all
  // that was on the list before our first thread is ready.
  //
  // A virtual thread owns the monitor, too, because the platform thread that runs ours must not own
  // any meanwhile. Before JDK 24, a virtual thread that waits for a monitor keeps its carrier, so
  // this is not needed. Nor would it work, as ours would block the thread that runs the owner.

  private static final int JDK = Runtime.version().feature();
  private static final int FIRST_WITH_LIST = 24;

  private final Object monitor = new Object();

  private MonitorBarrier() {}

  /**
   * Waits, in a platform thread. By the end, what has become ready has been handed to its
   * scheduler.
   */
  static void await() {
    if (JDK >= FIRST_WITH_LIST) {
      new MonitorBarrier().pass();
      new MonitorBarrier().pass();
    }
  }

  private void pass() {
    Slices owner = new Slices(this::own);
    Slices next = new Slices(this::enter);
    owner.runUntil(1);
    next.runUntil(1); // up to the monitor
    owner.runUntil(2);
    next.runUntil(2);
  }

  private void own(Slices self) {
    synchronized (monitor) {
      self.steps = 1;
      Thread.yield();
    }
    self.steps = 2;
  }

  private void enter(Slices self) {
    self.steps = 1;
    synchronized (monitor) {
      self.steps = 2;
    }
  }

  /** A virtual thread that the caller runs. */
  private static final class Slices implements Executor {
    private final Semaphore ready = new Semaphore(0);
    private @Nullable Runnable slice;

    /** How far the thread has come. */
    private int steps;

    Slices(Consumer<Slices> body) {
      VirtualThreads.get()
          .builder(this)
          .inheritInheritableThreadLocals(false)
          .unstarted(() -> body.accept(this))
          .start();
    }

    @Override
    public void execute(Runnable task) {
      slice = task;
      ready.release();
    }

    /**
     * Runs the thread, whenever it is ready, until it has come so far and waits, has yielded or has
     * ended. A slice does nothing if somebody is just looking at the stack of the thread.
     */
    void runUntil(int steps) {
      do {
        ready.acquireUninterruptibly();
        Objects.requireNonNull(slice).run();
      } while (this.steps < steps);
    }
  }
}
