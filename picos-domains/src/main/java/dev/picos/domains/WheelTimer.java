package dev.picos.domains;

import dev.picos.core.Computation;
import dev.picos.core.Trigger;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Timeouts in real time: a timing wheel in a thread of its own, and an inbox before it.
 *
 * <p>Setting a timeout puts it into the inbox, and wakes the thread only if the timeout is due
 * before the thread would wake by itself; so does removing one that is in the wheel already. Both
 * take constant time, and most timeouts are removed from the inbox without ever reaching the wheel.
 * A timeout fires at most a tick of 65 microseconds late, beyond the delay of its thread.
 */
final class WheelTimer implements Timer {
  // For maintainers.
  //
  // The inbox is a stack that is pushed to by compare-and-set and taken as a whole. What is in it
  // is looked at by the thread when it wakes, and by whoever finds it deep: he takes it, drops the
  // timeouts that are done, and puts the others back. So timeouts that are set and removed at any
  // rate, by threads that leave the timer's thread no processor, keep at most some CLEAN_AT
  // timeouts alive that hold nothing, and cleaning costs each of them a constant share.
  //
  // No deadline is missed. The thread publishes until when it sleeps, and then looks into the inbox
  // once more before it does; a setter pushes and then reads until when the thread sleeps, both
  // volatile. So the thread sees the timeout, or the setter sees that it has to wake the thread. A
  // setter who cleans has taken the timeouts of others off the inbox for a moment; he, too, wakes
  // the thread for those that he puts back.
  //
  // Rejected: Agrona's DeadlineTimerWheel, which cannot tell the next deadline, so its owner has to
  // wake for every tick or to look at every timeout; a priority queue, with a logarithmic price for
  // setting and removing under the one thread.

  private static final int TICK_BITS = 16;
  private static final int CLEAN_AT = 1024;

  /** What the thread sleeps until while it does not sleep. */
  private static final long AWAKE = Long.MIN_VALUE;

  private static final VarHandle INBOX;

  static {
    try {
      INBOX = MethodHandles.lookup().findVarHandle(WheelTimer.class, "inbox", Timeout.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final class Shared {
    static final WheelTimer TIMER = new WheelTimer();

    static {
      TIMER.thread.start();
    }
  }

  private final long origin = System.nanoTime();
  private final TimerWheel wheel = new TimerWheel(0);
  private final Thread thread =
      Thread.ofPlatform()
          .daemon()
          .name("picos-timer")
          .inheritInheritableThreadLocals(false) // nor the context class loader of the first user
          .unstarted(this::live);
  private volatile @Nullable Timeout inbox;
  private volatile long sleepsUntil = AWAKE;
  private volatile long wakeups;

  private WheelTimer() {}

  /** Returns the timer of this JVM, after starting its thread. */
  static WheelTimer shared() {
    return Shared.TIMER;
  }

  @Override
  public void cancelAfter(Computation<?> computation, Duration delay, Throwable reason) {
    if (!computation.isRunning()) {
      return;
    }
    Timeout timeout = new Timeout(deadline(delay), computation, reason);
    if (!computation.tryAttach(Trigger.fromAction(timeout, this, Timeout.REMOVE))) {
      return;
    }
    put(timeout);
  }

  private long deadline(Duration delay) {
    long sinceOrigin = System.nanoTime() - origin;
    long nanos = sinceOrigin + TimeUnit.NANOSECONDS.convert(delay); // which saturates
    // A sum that overflows is negative, and right when it is taken as unsigned.
    long ticks = (nanos >>> TICK_BITS) + 1;
    return Math.min(ticks, TimerWheel.MAX_DEADLINE);
  }

  private long nowTick() {
    return (System.nanoTime() - origin) >>> TICK_BITS;
  }

  /** Puts a timeout into the inbox: a new one, or one that is to be taken off the wheel. */
  void put(Timeout timeout) {
    int depth = push(timeout);
    if (depth >= CLEAN_AT && Integer.bitCount(depth) == 1) {
      clean();
    }
    wakeFor(timeout);
  }

  /** Returns how many timeouts the inbox holds with this one. */
  private int push(Timeout timeout) {
    Timeout before;
    int depth;
    do {
      before = inbox;
      depth = before == null ? 1 : before.depth + 1;
      timeout.below = before;
      timeout.depth = depth;
    } while (!INBOX.compareAndSet(this, before, timeout));
    return depth;
  }

  private void wakeFor(Timeout timeout) {
    if (timeout.deadline < sleepsUntil && !timeout.isDone()) {
      LockSupport.unpark(thread);
    }
  }

  private @Nullable Timeout takeAll() {
    return (Timeout) INBOX.getAndSet(this, null);
  }

  /** Drops what is done from the inbox; if much is left it is time for the thread to look. */
  private void clean() {
    int kept = 0;
    for (Timeout timeout = takeAll(); timeout != null; ) {
      Timeout below = timeout.below;
      if (!timeout.isGarbage()) {
        push(timeout);
        wakeFor(timeout);
        kept++;
      }
      timeout = below;
    }
    if (kept >= CLEAN_AT / 2) {
      LockSupport.unpark(thread);
    }
  }

  private void live() {
    for (; ; ) {
      try {
        work();
      } catch (Throwable thrown) {
        report(thrown);
      }
    }
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // written here alone
  private void work() {
    wakeups = wakeups + 1;
    empty();
    wheel.advance(nowTick(), this::fire);
    long next = wheel.nextTick();
    sleepsUntil = next;
    if (inbox == null) {
      if (next == TimerWheel.NEVER) {
        LockSupport.park(this);
      } else {
        LockSupport.parkNanos(this, (next << TICK_BITS) - (System.nanoTime() - origin));
      }
      boolean unused =
          Thread.interrupted(); // nobody has a reason to, but it would make this loop spin
    }
    sleepsUntil = AWAKE;
  }

  /** Brings the inbox into the wheel. */
  private void empty() {
    for (Timeout timeout = takeAll(); timeout != null; ) {
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

  private void report(Throwable thrown) {
    try {
      thread.getUncaughtExceptionHandler().uncaughtException(thread, thrown);
    } catch (Throwable ignored) {
      // as the JVM itself does
    }
  }

  /** How often the thread has woken; for tests of idleness. */
  long wakeups() {
    return wakeups;
  }

  /** How many timeouts the inbox holds, removed ones included; for tests of space. */
  int inboxDepth() {
    Timeout top = inbox;
    return top == null ? 0 : top.depth;
  }
}
