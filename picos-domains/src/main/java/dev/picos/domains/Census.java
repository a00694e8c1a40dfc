package dev.picos.domains;

import dev.picos.core.Fiber;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The fibers of an execution that have been spawned and have not ended, and how to say what they
 * are doing.
 */
final class Census {
  /** What is said of a monitor that a fiber waits to enter, where the JVM does not name it. */
  private static final String UNKNOWN =
      "(the JVM does not say which; from JDK 25 on it does, if the fiber leaves its carrier)";

  private final Map<Fiber, Living> living = new ConcurrentHashMap<>();
  private final AtomicLong spawned = new AtomicLong();
  private final boolean recordsSpawns;

  /**
   * @param recordsSpawns whether to record where each fiber is spawned, which takes several times
   *     as long as to spawn it
   */
  Census(boolean recordsSpawns) {
    this.recordsSpawns = recordsSpawns;
  }

  /** A fiber that has not ended. */
  static final class Living {
    final Fiber fiber;
    final long number;

    /** Not the stack itself, which takes ten times as long, and is seldom asked for. */
    private final @Nullable Throwable spawning;

    volatile @Nullable Host host;

    /** Whether its present await is to end because of a deadlock. */
    volatile boolean unwinds;

    Living(Fiber fiber, long number, @Nullable Throwable spawning) {
      this.fiber = fiber;
      this.number = number;
      this.spawning = spawning;
    }

    FiberReport report(@Nullable String monitor) {
      Host here = host;
      return new FiberReport(
          fiber,
          number,
          here == null ? "" : here.thread.getName(),
          status(),
          stack(),
          spawning == null ? List.of() : List.of(spawning.getStackTrace()),
          monitor);
    }

    List<StackTraceElement> stack() {
      Host here = host;
      return here == null ? List.of() : List.of(here.thread.getStackTrace());
    }

    Thread.State state() {
      Host here = host;
      return here == null ? Thread.State.NEW : here.thread.getState();
    }

    FiberReport.Status status() {
      Host here = host;
      if (here == null) {
        return FiberReport.Status.NEW;
      }
      if (isSuspended()) {
        return FiberReport.Status.WAITING;
      }
      return here.isQueued() ? FiberReport.Status.READY : FiberReport.Status.RUNNING;
    }

    /** Whether it waits for anything, and is not about to be ready. */
    boolean isSuspended() {
      Host here = host;
      return here != null && here.isSuspended();
    }

    /** Whether it waits to enter a monitor, and its carrier with it. */
    boolean isBlockedOnCarrier() {
      Host here = host;
      return here != null && here.isWithoutSeat() && state() == Thread.State.BLOCKED;
    }

    /** Whether it is suspended, and waits to enter a monitor, or in {@link Object#wait}. */
    boolean waitsForMonitor() {
      Host here = host;
      return here != null
          && isSuspended()
          && !here.isAwaiting()
          && (state() == Thread.State.BLOCKED || LockSupport.getBlocker(here.thread) == null);
    }
  }

  /** Called when the caller is about to spawn a fiber. */
  void spawning(Fiber fiber) {
    Throwable spawning = recordsSpawns ? new Throwable() : null;
    Living one = new Living(fiber, spawned.getAndIncrement(), spawning);
    try {
      living.put(fiber, one);
    } catch (OutOfMemoryError full) {
      living.remove(fiber); // it may be there even so, and would be taken to wait for ever
      throw full;
    }
  }

  void begun(Fiber fiber, Host host) {
    Living one = living.get(fiber);
    if (one != null) {
      one.host = host;
    }
  }

  /** Called when the fiber has ended, or has not been spawned after all. */
  void ended(Fiber fiber) {
    living.remove(fiber);
  }

  /** Returns what is known of the fiber, unless it has ended. */
  @Nullable Living get(Fiber fiber) {
    return living.get(fiber);
  }

  /** Returns the fibers in the order in which they were spawned. */
  List<Living> inOrder() {
    return living.values().stream()
        .sorted(Comparator.comparingLong((Living one) -> one.number))
        .toList();
  }

  /** Says what each of {@code fibers} is doing. */
  static List<FiberReport> report(List<Living> fibers) {
    boolean anyMonitors = fibers.stream().anyMatch(Living::waitsForMonitor);
    MonitorSnapshot monitors = new MonitorSnapshot(anyMonitors ? fibers : List.of());
    return fibers.stream().map(one -> one.report(monitor(one, monitors))).toList();
  }

  private static @Nullable String monitor(Living waiting, MonitorSnapshot monitors) {
    Host host = waiting.host;
    Object monitor = host == null ? null : monitors.awaitedBy(host);
    if (monitor == null) {
      return waiting.state() == Thread.State.BLOCKED ? UNKNOWN : null;
    }
    Living owner = monitors.ownerOf(monitor);
    return Objects.toIdentityString(monitor)
        + (owner == null ? "" : ", which fiber " + owner.number + " owns");
  }
}
