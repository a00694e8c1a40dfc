package dev.picos.domains;

import dev.picos.core.Fiber;
import dev.picos.domains.Census.Living;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The fibers of an execution that nobody else wakes. This class notices when none of them can ever
 * run again, and then unwinds them.
 */
final class ClosedWorld {
  // For maintainers.
  //
  // The last domain asks when it finds nothing to do, and while no other domain can arrive. So
  // every fiber that has not ended is suspended then, and what it has written is visible; except
  // for one that blocks a domain which has been relieved, and that may go on at any time. A fiber
  // whose thread does not wait has just been woken from outside, or let into a monitor, and is
  // about to become ready. That may happen while we look, so we look at all fibers once more at the
  // end. If all of them wait even then, all have waited throughout: none of them can run, so a
  // fiber that has stopped waiting meanwhile cannot start to wait again.
  //
  // A fiber that waits for something outside, in a timed wait of the JDK, in I/O, or for another
  // run, is in no deadlock. Only its stack tells whether it does so.
  //
  // Unwinding lets every await end as if its fiber were canceled. Where that is forbidden, as where
  // a scope waits for its fibers, the await ends only if there is no other fiber to wake. On their
  // way out, fibers may wait again and be in a deadlock again, and so on; a program that never
  // stops doing so is left where it is.

  // A carrier that is let into a monitor goes on as soon as the operating system lets it. Nothing
  // tells whether that is about to happen, so we wait for longer than it should ever take.

  private static final int MOST_ROUNDS = 1_000;
  private static final long A_MOMENT = 200_000_000;

  private final Census census;
  private final String scheduler;
  private final @Nullable PendingTimer timer;
  private volatile @Nullable DeadlockException deadlock;
  private int rounds;

  /**
   * @param census the fibers of the execution
   * @param scheduler what a deadlock is reported to be in a run of
   * @param timer the timer on which the timeouts of the execution are set, unless they pass in
   *     virtual time
   */
  ClosedWorld(Census census, String scheduler, @Nullable PendingTimer timer) {
    this.census = census;
    this.scheduler = scheduler;
    this.timer = timer;
  }

  @Nullable DeadlockException deadlock() {
    return deadlock;
  }

  /** Whether a fiber that has been woken is to unwind; returns {@code true} once. */
  boolean unwinds(Fiber fiber) {
    Living one = census.get(fiber);
    if (one == null || !one.unwinds) {
      return false;
    }
    one.unwinds = false;
    return true;
  }

  /** The outcome of a look at fibers of which none can run. */
  enum Look {
    /** They wait for a timeout or for something outside, or one is about to become ready. */
    WAIT,
    /** They were in a deadlock and have been woken. */
    AGAIN,
    /** They are in a deadlock, and nothing can wake them. */
    GIVE_UP
  }

  Look look() {
    if (timer != null && timer.isPending()) {
      return Look.WAIT;
    }
    List<Living> all = census.inOrder();
    if (all.stream().anyMatch(one -> one.state() == Thread.State.BLOCKED)) {
      MonitorBarrier.await();
    }
    if (all.stream().anyMatch(Living::isBlockedOnCarrier)) {
      LockSupport.parkNanos(A_MOMENT);
    }
    if (all.isEmpty() || !all.stream().allMatch(this::isSuspended)) {
      return Look.WAIT;
    }
    for (Living one : all) {
      if (isOutside(one)) {
        reportOutside(one);
        return Look.WAIT;
      }
    }
    if (!all.stream().allMatch(this::isSuspended)) {
      return Look.WAIT;
    }
    if (deadlock == null) {
      deadlock = new DeadlockException(scheduler, Census.report(all));
    }
    return ++rounds <= MOST_ROUNDS && (wake(all, false) || wake(all, true))
        ? Look.AGAIN
        : Look.GIVE_UP;
  }

  /** Whether the fiber waits for anything, and is not about to be ready, and has not ended. */
  private boolean isSuspended(Living one) {
    return one.isSuspended() && census.get(one.fiber) == one;
  }

  /** Whether it waits for something outside of this run. */
  private static boolean isOutside(Living one) {
    return one.state() == Thread.State.TIMED_WAITING
        || one.stack().stream().anyMatch(ClosedWorld::isOutside);
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

  private static void reportOutside(Living one) {
    Host here = one.host;
    if (here != null) {
      OutsideControl.report(here.thread);
    }
  }

  private static boolean wake(List<Living> fibers, boolean forbidding) {
    boolean any = false;
    for (Living one : fibers) {
      Host host = one.host;
      if (host != null && host.isAwaiting() && one.fiber.forbidsCancelation() == forbidding) {
        one.unwinds = true;
        LockSupport.unpark(host.thread);
        any = true;
      }
    }
    return any;
  }
}
