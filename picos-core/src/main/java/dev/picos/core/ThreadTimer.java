package dev.picos.core;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.security.AccessController;
import java.security.PrivilegedAction;
import java.time.Duration;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The timeouts that plain threads set: a heap of them in a thread of its own, and an inbox before
 * it.
 *
 * <p>At the limits: a timeout is set completely or not at all. If it was set, it fires, even if
 * memory, or the stack of another thread, is exhausted meanwhile. If no thread can be started,
 * {@link #cancelAfter} throws, and a later call tries again. The thread ends when there has been no
 * timeout for some seconds, so that it does not keep our classes for ever.
 */
final class ThreadTimer {
  // For maintainers.
  //
  // A setter allocates its timeout, sees to it that the thread runs, attaches the timeout to the
  // computation, and pushes it onto the inbox by one compare-and-set. Any of these may throw, since
  // memory or the stack of the setter is at its end. But before the last nothing has been set, and
  // after it the timeout is there, unless the thread has just ended and there cannot be another:
  // then the setter withdraws it. What others have set is not touched. All else is done by the
  // timer's thread, which takes no memory and has a stack of its own. If a setter is kept from
  // waking the thread, its own timeout is late; the next to be set wakes the thread for both if it
  // is earlier than what the thread sleeps for.
  //
  // No deadline is missed. The thread publishes until when it sleeps, then looks into the inbox
  // once more, and only then sleeps. A setter pushes its timeout and then reads until when the
  // thread sleeps. All of these accesses are volatile, so either the thread sees the timeout, or
  // the setter sees that it has to wake the thread.
  //
  // The thread ends only with an empty heap. It first clears `thread` and then looks into the inbox
  // once more. A setter pushes its timeout and then reads `thread`. All of these accesses are
  // volatile, so either the thread sees the timeout, or the setter sees that it has to start
  // another. A thread that sees one goes on, unless another has been started meanwhile; the monitor
  // decides that. Nothing but the inbox is used by the old thread after it has cleared `thread`.
  // Whoever takes a timeout off the heap has no need of this, since the heap is not empty then.
  //
  // What is done lies in the inbox until the thread wakes. So it is woken, too, when the inbox is
  // CLEAN_AT deep, and twice that, and so on, in case that whoever pushed the former could not.
  //
  // Rejected: ScheduledThreadPoolExecutor, where a setter changes the queue itself, under a lock. A
  // stack overflow in the midst of that leaves the queue broken, and no thread can sleep any more.

  private static final int CLEAN_AT = 1024;

  /** The value of sleepsUntil while the thread does not sleep. */
  private static final long AWAKE = Long.MIN_VALUE;

  private static final long NEVER = Long.MAX_VALUE;

  private static final VarHandle INBOX;

  static {
    try {
      INBOX = MethodHandles.lookup().findVarHandle(ThreadTimer.class, "inbox", Timeout.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final ThreadFactory THREADS =
      Thread.ofPlatform()
          .daemon()
          .name("picos-thread-timer")
          .inheritInheritableThreadLocals(false) // nor the context class loader of the first user
          .factory();

  /** The timer of this JVM. */
  static final ThreadTimer SHARED = new ThreadTimer();

  private final ThreadFactory threads;
  private final long keepAlive;
  private final long origin = System.nanoTime();
  private final TimeoutHeap heap = new TimeoutHeap();
  private volatile @Nullable Timeout inbox;
  private volatile long sleepsUntil = AWAKE;
  private volatile @Nullable Thread thread;

  /** Makes a timer whose thread is started with the first timeout. */
  ThreadTimer() {
    this(THREADS);
  }

  ThreadTimer(ThreadFactory threads) {
    this(threads, Duration.ofMillis(Long.getLong("picos.keepAliveMillis", 5_000)));
  }

  /** Makes a timer whose thread ends once there has been no timeout for {@code keepAlive}. */
  ThreadTimer(ThreadFactory threads, Duration keepAlive) {
    this.threads = threads;
    this.keepAlive = keepAlive.toNanos();
  }

  void cancelAfter(Computation<?> computation, Duration delay, Throwable reason) {
    if (!computation.isRunning()) {
      return;
    }
    Timeout timeout = new Timeout(deadline(delay), computation, reason);
    Trigger completion = Trigger.fromAction(timeout, this, Timeout.WITHDRAW);
    start();
    if (computation.tryAttach(completion)) {
      put(timeout);
      if (!runs()) {
        startAgain(computation, completion);
      }
    }
  }

  private void startAgain(Computation<?> computation, Trigger completion) {
    boolean isSet = false;
    try {
      start();
      isSet = true;
    } finally {
      if (!isSet) {
        computation.detach(completion); // which withdraws the timeout
      }
    }
  }

  /** Puts a timeout into the inbox that need not fire soon if no thread can be started. */
  void putAnyway(Timeout timeout) {
    put(timeout);
    try {
      start();
    } catch (OutOfMemoryError noThread) {
      // The thread has just ended. The next timeout tries again.
    }
  }

  private long deadline(Duration delay) {
    long nanos = now() + TimeUnit.NANOSECONDS.convert(delay); // which saturates at 292 years
    return nanos < 0 ? NEVER : nanos;
  }

  private long now() {
    return System.nanoTime() - origin;
  }

  /** Sees to it that the thread runs. */
  void start() {
    if (!runs()) {
      startAnother();
    }
  }

  private boolean runs() {
    Thread timer = thread;
    return timer != null && timer.isAlive();
  }

  /** Starts the thread. One that could not be started is not alive, and has done nothing. */
  private synchronized void startAnother() {
    if (!runs()) {
      Thread timer = newThread();
      thread = timer;
      timer.start();
    }
  }

  /**
   * Makes the thread. Before JDK 24 a thread keeps the class loaders of all that is on the stack
   * which makes it, down to a privileged action; the first user has no part in that.
   */
  @SuppressWarnings("removal")
  private Thread newThread() {
    return AccessController.doPrivileged(
        (PrivilegedAction<Thread>) () -> threads.newThread(this::live));
  }

  /** Puts a timeout into the inbox: a new one, or one that is to be taken off the heap. */
  void put(Timeout timeout) {
    int depth = push(timeout);
    boolean deep = depth >= CLEAN_AT && Integer.bitCount(depth) == 1;
    if (deep || (timeout.deadline < sleepsUntil && !timeout.isDone())) {
      LockSupport.unpark(thread);
    }
  }

  /** Returns how many timeouts the inbox holds with this one. */
  private int push(Timeout timeout) {
    for (; ; ) {
      Timeout before = inbox;
      int depth = before == null ? 1 : before.depth + 1;
      timeout.below = before;
      timeout.depth = depth;
      if (INBOX.compareAndSet(this, before, timeout)) {
        return depth;
      }
      Thread.onSpinWait();
    }
  }

  private void live() {
    for (boolean ended = false; !ended; ) {
      try {
        ended = work();
      } catch (Throwable thrown) {
        Cascade.reportUncaught(thrown);
      }
    }
  }

  /** Does what there is to do, and waits; returns whether the thread is to end. */
  private boolean work() {
    empty();
    fireDue();
    Timeout earliest = heap.earliest();
    long next = earliest == null ? NEVER : earliest.deadline;
    boolean idle = false;
    sleepsUntil = next;
    if (inbox == null) {
      if (next == NEVER) {
        long start = now();
        LockSupport.parkNanos(this, keepAlive);
        idle = now() - start >= keepAlive;
      } else {
        // No longer, since what it waits for may have been withdrawn in the meantime.
        LockSupport.parkNanos(this, Math.min(next - now(), keepAlive));
      }
      // Nobody has a reason to interrupt the thread, but it would make this loop spin.
      boolean unused = Thread.interrupted();
    }
    sleepsUntil = AWAKE;
    return idle && tryEnd();
  }

  private boolean tryEnd() {
    thread = null;
    if (inbox == null) {
      return true;
    }
    synchronized (this) {
      if (thread != null) {
        return true; // and the other one has an eye on the inbox
      }
      thread = Thread.currentThread();
      return false;
    }
  }

  /** Whether the thread is there, which may be about to end; for tests. */
  boolean hasThread() {
    return thread != null;
  }

  /** Brings the inbox into the heap. */
  private void empty() {
    for (Timeout timeout = (Timeout) INBOX.getAndSet(this, null); timeout != null; ) {
      Timeout below = timeout.below;
      timeout.below = null;
      if (timeout.tryEnterHeap()) {
        heap.add(timeout);
      } else if (timeout.isInHeap) {
        heap.remove(timeout);
      }
      timeout = below;
    }
  }

  private void fireDue() {
    long now = now();
    for (Timeout due = heap.earliest(); due != null && due.deadline <= now; due = heap.earliest()) {
      heap.remove(due);
      try {
        due.fire();
      } catch (Throwable thrown) { // by the action of some trigger
        Cascade.reportUncaught(thrown);
      }
    }
  }

  /** About how many timeouts are held, whether done or not; for tests of space. */
  int held() {
    Timeout top = inbox;
    return heap.size() + (top == null ? 0 : top.depth);
  }
}
