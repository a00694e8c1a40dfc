package dev.picos.domains;

import dev.picos.core.Computation;
import dev.picos.core.Trigger;
import dev.picos.core.internal.Headroom;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.security.AccessController;
import java.security.PrivilegedAction;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Timeouts in real time: a timing wheel in a thread of its own, and an inbox before it.
 *
 * <p>Setting a timeout puts it into the inbox, and wakes the thread only if the timeout is due
 * before the thread would wake by itself; so does removing one that is in the wheel already. Both
 * take constant time, and most timeouts are removed from the inbox without ever reaching the wheel.
 * A timeout fires at most a tick of 65 microseconds late, beyond the delay of its thread. The
 * thread ends when there has been no timeout for some seconds, so that it does not keep our classes
 * for ever.
 */
final class WheelTimer implements Timer {
  // For maintainers.
  //
  // Each part of the inbox is a stack that threads push to by compare-and-set and take as a whole.
  // The timer's thread looks through all of them when it wakes, and a setter that finds one deep
  // looks through that: the setter takes it, drops the timeouts that are done, and puts the others
  // back. So even if timeouts are set and removed at any rate, by threads that leave the timer's
  // thread no processor, at most some CLEAN_AT timeouts that hold nothing are kept alive in each
  // part, and cleaning costs each of them a constant share.
  //
  // No deadline is missed. The thread publishes until when it sleeps, then looks into the inbox
  // once more, and only then sleeps. A setter pushes its timeout and then reads until when the
  // thread sleeps. All of these accesses are volatile, so either the thread sees the timeout, or
  // the setter sees that it has to wake the thread. A setter that cleans has taken the timeouts of
  // others off the inbox for a moment; it therefore wakes the thread for those that it puts back,
  // too.
  //
  // No timeout is lost for lack of memory. Setting one takes all the memory that it will need, and
  // if there is none, sets nothing; the timer's thread takes none. What actions of triggers need is
  // their own affair: those of schedulers try again until there is memory (see Execution.ready).
  //
  // The thread is not started by a static initialiser: one that fails is never tried again.
  //
  // The thread ends only with an empty wheel. It first clears `thread` and then looks into the
  // inbox once more. A setter pushes its timeout and then reads `thread`; so does one that cleans,
  // after it has put back the timeouts of others. All of these accesses are volatile, so either the
  // thread sees the timeout, or the setter sees that it has to start another. If that fails, the
  // setter removes its timeout and throws. A thread that sees a timeout goes on, unless another has
  // been started meanwhile; the monitor decides that. The old thread uses nothing but the inbox
  // after it has cleared `thread`.
  //
  // Rejected: Agrona's DeadlineTimerWheel, which cannot tell the next deadline, so its owner has to
  // wake for every tick or to look at every timeout; a priority queue, in which setting and
  // removing take logarithmic time, under the one thread.

  private static final int TICK_BITS = 16;
  private static final int CLEAN_AT = 1024;

  /** The value of sleepsUntil while the thread does not sleep. */
  private static final long AWAKE = Long.MIN_VALUE;

  private static final VarHandle INBOX = MethodHandles.arrayElementVarHandle(Timeout[].class);

  private static volatile @Nullable WheelTimer shared;

  private final long origin = System.nanoTime();
  private final TimerWheel wheel = new TimerWheel(0);
  private final Consumer<Timeout> fire = this::fire; // made before there is need of it
  private final long keepAlive;
  private volatile @Nullable Thread thread;
  private final Stripes stripes = Stripes.forThreads(Runtime.getRuntime().availableProcessors());
  private final @Nullable Timeout[] inbox = new Timeout[stripes.length()];
  private volatile long sleepsUntil = AWAKE;
  private volatile long wakeups;

  /** Makes a timer whose thread ends once there has been no timeout for {@code keepAlive}. */
  WheelTimer(Duration keepAlive) {
    this.keepAlive = keepAlive.toNanos();
    empty(); // links it: the thread may do so for the first time when there is no memory
  }

  /**
   * Returns the timer of this JVM, after starting its thread if it does not run.
   *
   * @throws OutOfMemoryError if the thread cannot be started; the next call tries again
   */
  static WheelTimer shared() {
    WheelTimer timer = shared;
    if (timer == null) {
      timer = make();
    }
    timer.start();
    return timer;
  }

  private static synchronized WheelTimer make() {
    WheelTimer timer = shared;
    if (timer == null) {
      timer = new WheelTimer(Duration.ofMillis(Long.getLong("picos.keepAliveMillis", 5_000)));
      shared = timer;
    }
    return timer;
  }

  private boolean runs() {
    Thread timer = thread;
    return timer != null && timer.isAlive();
  }

  private void start() {
    if (!runs()) {
      startAnother();
    }
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
        (PrivilegedAction<Thread>)
            () ->
                Thread.ofPlatform()
                    .daemon()
                    .name("picos-timer")
                    .inheritInheritableThreadLocals(false) // nor the context class loader
                    .unstarted(this::live));
  }

  /**
   * Sets a timeout.
   *
   * @throws OutOfMemoryError if there is no memory for it; none has been set then
   */
  @Override
  public void cancelAfter(Computation<?> computation, Duration delay, Throwable reason) {
    if (!computation.isRunning()) {
      return;
    }
    Timeout timeout = new Timeout(deadline(delay), computation, reason);
    Trigger completion = Trigger.fromAction(timeout, this, Timeout.REMOVE);
    start();
    if (!computation.tryAttach(completion)) {
      return;
    }
    put(timeout);
    if (!runs()) {
      startAgain(computation, completion);
    }
  }

  /**
   * Sets an alarm, unless it is set already. Takes no memory but for the thread, if that does not
   * run.
   *
   * @throws OutOfMemoryError if the thread cannot be started; the alarm may be set, and goes off
   *     once somebody starts the thread, as the next call tries to
   * @throws StackOverflowError if there is too little stack; the alarm has not been set then
   */
  void set(Alarm alarm, Duration delay) {
    if (!alarm.isSet()) {
      Headroom.requireToHandOver(); // or it might be set, and never go off
      if (alarm.trySet()) {
        alarm.reset(deadline(delay));
        put(alarm);
      }
    }
    start();
  }

  /**
   * Sets an alarm of the shared timer, or does nothing for lack of memory or stack; for callers
   * that try again sooner or later.
   */
  static void setIfPossible(Alarm alarm, Duration delay) {
    try {
      shared().set(alarm, delay);
    } catch (OutOfMemoryError | StackOverflowError notSet) {
      // The next call tries again.
    }
  }

  private void startAgain(Computation<?> computation, Trigger completion) {
    boolean isSet = false;
    try {
      start();
      isSet = true;
    } finally {
      if (!isSet) {
        computation.detach(completion); // which removes the timeout
      }
    }
  }

  private long deadline(Duration delay) {
    long sinceOrigin = System.nanoTime() - origin;
    long nanos = sinceOrigin + TimeUnit.NANOSECONDS.convert(delay); // which saturates
    // A sum that overflows is negative, and correct when it is taken as unsigned.
    long ticks = (nanos >>> TICK_BITS) + 1;
    return Math.min(ticks, TimerWheel.MAX_DEADLINE);
  }

  private long nowTick() {
    return (System.nanoTime() - origin) >>> TICK_BITS;
  }

  /** Puts a timeout into the inbox: a new one, or one that is to be taken off the wheel. */
  void put(Timeout timeout) {
    int place = stripes.ownPlace();
    int depth = push(timeout, place);
    if (depth >= CLEAN_AT && Integer.bitCount(depth) == 1) {
      clean(place);
    }
    wakeFor(timeout);
  }

  /** Returns how many timeouts that part of the inbox holds with this one. */
  private int push(Timeout timeout, int place) {
    Timeout before;
    int depth;
    do {
      before = top(place);
      depth = before == null ? 1 : before.depth + 1;
      timeout.below = before;
      timeout.depth = depth;
    } while (!INBOX.compareAndSet(inbox, place, before, timeout));
    return depth;
  }

  private @Nullable Timeout top(int place) {
    return (Timeout) INBOX.getVolatile(inbox, place);
  }

  private boolean isInboxEmpty() {
    for (int i = 0; i < stripes.count(); i++) {
      if (top(stripes.place(i)) != null) {
        return false;
      }
    }
    return true;
  }

  private void wakeFor(Timeout timeout) {
    if (timeout.deadline < sleepsUntil && !timeout.isDone()) {
      LockSupport.unpark(thread);
    }
  }

  private @Nullable Timeout takeAll(int place) {
    return (Timeout) INBOX.getAndSet(inbox, place, null);
  }

  /** Drops what is done from a part of the inbox; if much is left, wakes the thread to look. */
  private void clean(int place) {
    int kept = 0;
    for (Timeout timeout = takeAll(place); timeout != null; ) {
      Timeout below = timeout.below;
      if (!timeout.isGarbage()) {
        push(timeout, place);
        wakeFor(timeout);
        kept++;
      }
      timeout = below;
    }
    if (kept >= CLEAN_AT / 2) {
      LockSupport.unpark(thread);
    }
    if (kept > 0) {
      startIfPossible();
    }
  }

  private void startIfPossible() {
    try {
      start();
    } catch (OutOfMemoryError noThread) {
      // The thread has just ended. Whoever sets the next timeout tries again.
    }
  }

  private void live() {
    for (boolean ended = false; !ended; ) {
      try {
        ended = work();
      } catch (Throwable thrown) {
        report(thrown);
      }
    }
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // written here alone
  private boolean work() {
    wakeups = wakeups + 1;
    empty();
    wheel.advance(nowTick(), fire);
    long next = wheel.nextTick();
    boolean idle = false;
    sleepsUntil = next;
    if (isInboxEmpty()) {
      if (next == TimerWheel.NEVER) {
        long start = System.nanoTime();
        LockSupport.parkNanos(this, keepAlive);
        idle = System.nanoTime() - start >= keepAlive;
      } else {
        // No longer, since what it waits for may have been removed in the meantime.
        LockSupport.parkNanos(
            this, Math.min((next << TICK_BITS) - (System.nanoTime() - origin), keepAlive));
      }
      boolean unused =
          Thread.interrupted(); // nobody has a reason to, but it would make this loop spin
    }
    sleepsUntil = AWAKE;
    return idle && tryEnd();
  }

  private boolean tryEnd() {
    thread = null;
    if (isInboxEmpty()) {
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

  /** Brings the inbox into the wheel. */
  private void empty() {
    for (int i = 0; i < stripes.count(); i++) {
      empty(stripes.place(i));
    }
  }

  private void empty(int place) {
    for (Timeout timeout = takeAll(place); timeout != null; ) {
      Timeout below = timeout.below;
      timeout.below = null;
      if (timeout.tryEnterWheel()) {
        wheel.add(timeout);
      } else if (timeout.isInWheel()) {
        wheel.remove(timeout);
      }
      timeout = below;
    }
  }

  private void fire(Timeout timeout) {
    try {
      timeout.fire();
    } catch (Throwable thrown) { // by the action of some trigger
      report(thrown);
    }
  }

  private static void report(Throwable thrown) {
    try {
      Thread thread = Thread.currentThread();
      thread.getUncaughtExceptionHandler().uncaughtException(thread, thrown);
    } catch (Throwable ignored) {
      // as the JVM itself does
    }
  }

  /** Whether the thread is there, which may be about to end; for tests. */
  boolean hasThread() {
    return thread != null;
  }

  /** How often the thread has woken; for tests of idleness. */
  long wakeups() {
    return wakeups;
  }

  /** How many timeouts the inbox holds, removed ones included; for tests of space. */
  int inboxDepth() {
    int depth = 0;
    for (int i = 0; i < stripes.count(); i++) {
      Timeout top = top(stripes.place(i));
      depth += top == null ? 0 : top.depth;
    }
    return depth;
  }
}
