package dev.picos.domains;

import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * Waits until the virtual threads that monitors were released to are ready. The JVM does not make
 * them so at once: from JDK 24 on, a thread of its own does a moment later.
 */
final class MonitorBarrier {
  // For maintainers.
  //
  // Whoever releases a monitor puts the virtual thread that is next on a list, before it goes on. A
  // single thread of the JVM takes all that is on the list, makes one after the other ready, and
  // looks again. So what was on the list before a virtual thread of ours was put there is ready
  // when ours is, or is still in the same batch, as the newest comes first. A second one of ours
  // that is put there after that comes in a later batch, and with it, the first batch is over.
  //
  // The monitor is owned by a virtual thread as well: the platform thread that runs ours is not to
  // own any meanwhile. Before JDK 24 a virtual thread that waits for a monitor keeps its carrier,
  // so this is not needed; nor would it work, as ours would block the thread that runs the owner.

  private static final int JDK = Runtime.version().feature();
  private static final int FIRST_WITH_LIST = 24;

  private final Object monitor = new Object();

  private MonitorBarrier() {}

  /** Waits, in a platform thread. What has become ready has been handed to its scheduler. */
  static void await() {
    if (JDK >= FIRST_WITH_LIST) {
      new MonitorBarrier().pass();
      new MonitorBarrier().pass();
    }
  }

  private void pass() {
    Slices owner = new Slices(() -> enter(true));
    Slices next = new Slices(() -> enter(false));
    owner.runOne();
    next.runOne(); // up to the monitor
    owner.runOne(); // which releases it
    next.runOne();
  }

  private void enter(boolean yields) {
    synchronized (monitor) {
      if (yields) {
        Thread.yield();
      }
    }
  }

  /** A virtual thread that the caller runs. */
  private static final class Slices implements Executor {
    private final Semaphore ready = new Semaphore(0);
    private @Nullable Runnable slice;

    Slices(Runnable body) {
      VirtualThreads.get().unstarted(this, body).start();
    }

    @Override
    public void execute(Runnable task) {
      slice = task;
      ready.release();
    }

    /** Waits until the thread is ready, and runs it until it waits, yields or ends. */
    void runOne() {
      ready.acquireUninterruptibly();
      Objects.requireNonNull(slice).run();
    }
  }
}
