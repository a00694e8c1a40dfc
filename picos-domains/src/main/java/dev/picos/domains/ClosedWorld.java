package dev.picos.domains;

import dev.picos.core.Fiber;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The fibers of an execution that nobody else wakes: notices when none can ever run again, and
 * unwinds them then.
 */
final class ClosedWorld {
  // For maintainers.
  //
  // Asked by the last domain when it finds nothing to do and while no other can arrive, so every
  // fiber that has not ended is suspended then, and what it has written is visible. One whose
  // thread does not wait has just been woken from outside, or let into a monitor, and is about to
  // come. That may happen while we look, so they are looked at once more in the end: as none of
  // them can run, what has left the state of waiting meanwhile does not come back to it.
  //
  // A fiber that waits outside is no deadlock: in a timed wait of the JDK, in I/O, or for another
  // run. Only its stack tells.
  //
  // Unwinding lets every await end as if its fiber were canceled; where that is forbidden, as where
  // a scope waits for its fibers, only if there is nobody else to wake. What fibers do on their way
  // out may wait again, and be in a deadlock again, and so on; a program that never stops doing so
  // is left where it is.

  private static final int MOST_ROUNDS = 1_000;

  private final Map<Fiber, Living> living = new ConcurrentHashMap<>();
  private final AtomicLong spawned = new AtomicLong();
  private final @Nullable PendingTimer timer;
  private volatile @Nullable DeadlockException deadlock;
  private int rounds;

  /**
   * @param timer what the timeouts of the execution are set on, unless they pass in virtual time
   */
  ClosedWorld(@Nullable PendingTimer timer) {
    this.timer = timer;
  }

  private static final class Living {
    final Fiber fiber;
    final long number;
    final StackTraceElement[] spawnedAt = new Throwable().getStackTrace();
    volatile @Nullable Host host;
    volatile boolean unwinds;

    Living(Fiber fiber, long number) {
      this.fiber = fiber;
      this.number = number;
    }

    DeadlockException.Waiting describe() {
      return new DeadlockException.Waiting(fiber, number, stack(), List.of(spawnedAt));
    }

    List<StackTraceElement> stack() {
      Host here = host;
      return here == null ? List.of() : List.of(here.thread.getStackTrace());
    }

    Thread.State state() {
      Host here = host;
      return here == null ? Thread.State.NEW : here.thread.getState();
    }

    /** Whether it waits for anything, and is not about to be ready. */
    boolean isSuspended() {
      return switch (state()) {
        case WAITING, TIMED_WAITING, BLOCKED -> true;
        default -> false;
      };
    }

    /** Whether it waits for what is not of this run. */
    boolean isOutside() {
      return state() == Thread.State.TIMED_WAITING || stack().stream().anyMatch(Living::isOutside);
    }

    void report() {
      Host here = host;
      if (here != null) {
        OutsideControl.report(here.thread);
      }
    }

    private static boolean isOutside(StackTraceElement frame) {
      String name = frame.getClassName();
      return name.startsWith("sun.nio.ch.")
          || name.startsWith("java.lang.Process")
          || name.equals("dev.picos.domains.Service")
          || (frame.getMethodName().equals("run")
              && (name.equals("dev.picos.domains.Execution")
                  || name.equals("dev.picos.core.ThreadScheduler")))
          || (frame.getMethodName().equals("call") && name.equals("dev.picos.core.Main"));
    }
  }

  /** A fiber is about to be spawned by the caller. */
  void spawning(Fiber fiber) {
    living.put(fiber, new Living(fiber, spawned.getAndIncrement()));
  }

  void begun(Fiber fiber, Host host) {
    Living one = living.get(fiber);
    if (one != null) {
      one.host = host;
    }
  }

  /** The fiber has ended, or has not been spawned after all. */
  void ended(Fiber fiber) {
    living.remove(fiber);
  }

  @Nullable DeadlockException deadlock() {
    return deadlock;
  }

  /** Whether a fiber that has been woken is to unwind; says so once. */
  boolean unwinds(Fiber fiber) {
    Living one = living.get(fiber);
    if (one == null || !one.unwinds) {
      return false;
    }
    one.unwinds = false;
    return true;
  }

  /** What comes of a look at fibers of which none can run. */
  enum Look {
    /** They wait for a timeout or for what is outside, or one is about to come. */
    WAIT,
    /** They were in a deadlock and have been woken. */
    AGAIN,
    /** They are in a deadlock, and nothing can wake them. */
    GIVE_UP
  }

  Look look() {
    if (living.isEmpty() || (timer != null && timer.isPending())) {
      return Look.WAIT;
    }
    List<Living> all =
        living.values().stream().sorted(Comparator.comparingLong(l -> l.number)).toList();
    if (all.stream().anyMatch(one -> one.state() == Thread.State.BLOCKED)) {
      MonitorBarrier.await();
    }
    if (!all.stream().allMatch(Living::isSuspended)) {
      return Look.WAIT;
    }
    for (Living one : all) {
      if (one.isOutside()) {
        one.report();
        return Look.WAIT;
      }
    }
    if (!all.stream().allMatch(Living::isSuspended)) {
      return Look.WAIT;
    }
    if (deadlock == null) {
      deadlock = new DeadlockException(all.stream().map(Living::describe).toList());
    }
    return ++rounds <= MOST_ROUNDS && (wake(all, false) || wake(all, true))
        ? Look.AGAIN
        : Look.GIVE_UP;
  }

  private static boolean wake(List<Living> fibers, boolean forbidding) {
    boolean any = false;
    for (Living one : fibers) {
      Host host = one.host;
      if (host != null && host.isAwaiting() && one.fiber.hasForbidden() == forbidding) {
        one.unwinds = true;
        LockSupport.unpark(host.thread);
        any = true;
      }
    }
    return any;
  }
}
