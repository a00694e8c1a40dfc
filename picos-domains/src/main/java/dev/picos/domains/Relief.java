package dev.picos.domains;

import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * What a domain does that comes to relieve another one, whose fiber blocks the carrier: it takes
 * the seat over and goes on with the fibers that wait there.
 *
 * <p>A fiber blocks its carrier in a native method, such as one that reads a file or waits for a
 * class to be initialised; when it waits while it is pinned, as in a class initialiser; and before
 * JDK 24 in {@link Object#wait} and when it waits for a monitor, or for anything while it has one.
 */
final class Relief implements DomainTask {
  // For maintainers.
  //
  // The fiber and its domain use the seat without a lock, and with no more than a read of the
  // host's place before each use. So a seat must be taken only while neither uses it, and both must
  // find out before they use it next. That is achieved as follows. This domain
  //
  //   1. changes the place from RUNNING to ASKED,
  //   2. takes the stack of the fiber,
  //   3. and if the fiber blocks its carrier, and not in one of our methods that use the seat,
  //      changes the place from ASKED to LOST.
  //
  // To take the stack of a thread, the JVM stops that thread at a safepoint, or finds it in a place
  // that it cannot leave meanwhile. What the thread does after that, it does after it has seen all
  // that happened before. So there are two cases.
  //
  // If the fiber has begun to use the seat before its stack was taken, and has not finished, then
  // its stack shows our method, and the seat is not taken. If it has not begun, it sees ASKED or
  // LOST when it begins. In place of ASKED it sets RUNNING, by compare-and-set, so of that and of
  // step 3 only one succeeds. With LOST it knows that the seat is no longer its own.
  //
  // The read of the place cannot have been moved by the compiler to before the point where the
  // stack was taken: the fiber is then in a call into the JVM, which no volatile read passes.
  //
  // The domain uses the seat when the slice is over, and the slice ends with a compare-and-set of
  // the place. So between steps 1 and 3, if both succeed, no slice has ended, and the host's seat
  // is the one on which the fiber was running all the time. The steps of one relief are taken under
  // a lock, as otherwise the ASKED of another one might be mistaken for one's own.

  /** By what one can tell that a fiber blocks its carrier. */
  enum Sign {
    /** The JVM says that the carrier waits. */
    WAITS,

    /** The fiber is in a native method. */
    NATIVE,

    /** The fiber does not go on, and takes no time of a processor. */
    STANDS_STILL
  }

  private static final long HUNDRED_MILLISECONDS = 100_000_000;

  private static final String HOST = Host.class.getName();

  private final Host host;
  private final Domain domain;
  private final Execution execution;
  private final Sign sign;

  /**
   * @param domain the one that runs {@code host}, or ran it a moment ago
   */
  Relief(Host host, Domain domain, Execution execution, Sign sign) {
    this.host = host;
    this.domain = domain;
    this.execution = execution;
    this.sign = sign;
  }

  /**
   * Takes a stack once, so that the JDK has loaded what it needs for that: a class of the JDK that
   * is to be initialised in a full heap can never be used again.
   */
  static void rehearse() {
    StackTraceElement[] unused = Thread.currentThread().getStackTrace();
  }

  @Override
  public void run(Domain here) {
    Seat taken = null;
    try {
      if (sign != Sign.STANDS_STILL || standsStill()) {
        taken = tryTakeSeat();
      }
    } catch (OutOfMemoryError | LinkageError noLook) {
      // There was no memory to take a stack. If the fiber blocks its carrier still, somebody comes
      // again.
    }
    if (taken != null) {
      FlightRecording.pinned(execution, host.thread, sign);
      execution.relieve(here, taken);
    }
  }

  private @Nullable Seat tryTakeSeat() {
    synchronized (Relief.class) {
      if (!host.ask()) {
        return null;
      }
      Seat taken = null;
      try {
        Seat seat = host.seat;
        if (seat != null && seat.execution == execution && isBlockedElsewhere()) {
          execution.losesSeat(host); // before, as this may find no memory
          if (host.takeSeat()) {
            taken = seat;
          } else {
            execution.isBack(host);
          }
        }
      } finally {
        if (taken == null) {
          host.askNoMore();
        }
      }
      return taken;
    }
  }

  /** Whether the fiber takes no time of a processor; takes a while itself. */
  private boolean standsStill() {
    StackTraceElement[] stack = host.thread.getStackTrace();
    long before = domain.processorTime();
    LockSupport.parkNanos(HUNDRED_MILLISECONDS);
    return before >= 0
        && domain.processorTime() == before
        && Arrays.equals(stack, host.thread.getStackTrace());
  }

  /** Whether the fiber blocks its carrier, and not where it uses the seat. */
  private boolean isBlockedElsewhere() {
    boolean waited = isBlocked(host.thread.getState());
    StackTraceElement[] stack = host.thread.getStackTrace();
    boolean isBlocked =
        switch (sign) {
          case WAITS -> waited && isBlocked(host.thread.getState());
          case NATIVE -> isInNativeMethod(stack);
          case STANDS_STILL -> true;
        };
    return isBlocked && !usesSeat(stack);
  }

  /** Whether the innermost of our methods there is one that uses the seat. */
  private static boolean usesSeat(StackTraceElement[] stack) {
    for (StackTraceElement frame : stack) {
      if (frame.getClassName().equals(HOST)) {
        return switch (frame.getMethodName()) {
          case "run", "parkUntilSignaled" -> false;
          default -> true;
        };
      }
    }
    return false; // it is so deep that only the innermost frames are there, which are not ours
  }

  static boolean isInNativeMethod(StackTraceElement[] stack) {
    return stack.length > 0 && stack[0].isNativeMethod();
  }

  static boolean isBlocked(Thread.State state) {
    return switch (state) {
      case BLOCKED, WAITING, TIMED_WAITING -> true;
      default -> false;
    };
  }

  /** Names the execution. */
  @Override
  public String toString() {
    return execution.toString();
  }
}
