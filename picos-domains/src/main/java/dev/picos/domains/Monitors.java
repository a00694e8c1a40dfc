package dev.picos.domains;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The fibers of an execution that wait to enter a monitor, or in {@link Object#wait}. On one
 * domain, this class makes them ready in an order that depends on the program alone.
 */
final class Monitors {
  // For maintainers.
  //
  // After a monitor is released, the JVM makes the fiber that may enter it ready at any time, from
  // a thread of its own, through the inbox (see MonitorBarrier). While there are such fibers, the
  // domain therefore looks into the inbox only after the barrier, when it is about to choose the
  // next fiber. It hands on those that have come in the order in which they began to wait; so the
  // order does not depend on when the JVM made them ready. Other fibers that come through the inbox
  // are woken from outside, and their order cannot be repeated anyway.
  //
  // A fiber in Object.wait has no blocker, unlike one that the JDK has parked. A fiber that is
  // parked without a blocker may be in the set, too, which does no harm.
  //
  // On one domain, only that domain uses the set, and the set keeps the order. On several, a fiber
  // may run on another domain before it is added to the set here, and then stays in the set until
  // it runs once more. That does no harm either, since what counts is the state of its thread.

  private final Set<Host> waiting;

  Monitors(boolean parallel) {
    waiting = parallel ? ConcurrentHashMap.newKeySet() : new LinkedHashSet<>();
  }

  /** Whether no fiber waits, so that none can become ready by a release. */
  boolean isEmpty() {
    return waiting.isEmpty();
  }

  /** Called when a fiber is about to run. */
  void resumed(Host host) {
    if (!waiting.isEmpty()) {
      waiting.remove(host);
    }
  }

  /** Called when the slice of a fiber is over. */
  void suspended(Host host) {
    switch (host.thread.getState()) {
      case BLOCKED -> waiting.add(host);
      case WAITING -> noteWait(host);
      case TIMED_WAITING -> {
        OutsideControl.report(host.thread);
        noteWait(host);
      }
      default -> {}
    }
  }

  private void noteWait(Host host) {
    if (!host.isAwaiting() && LockSupport.getBlocker(host.thread) == null) {
      waiting.add(host);
    }
  }

  private static boolean mayHaveBeenReleased(Host host) {
    return switch (host.thread.getState()) {
      case WAITING, TIMED_WAITING, TERMINATED -> false;
      default -> true;
    };
  }

  /**
   * Waits until every fiber that was let into a monitor is in the inbox. No fiber runs meanwhile.
   */
  void awaitReleased() {
    if (waiting.stream().anyMatch(Monitors::mayHaveBeenReleased)) {
      MonitorBarrier.await();
    }
  }

  /**
   * Returns the fibers that {@code first} is the first of, in the order in which they are to be
   * ready: those that have waited for a monitor go before others, in the order in which they began
   * to wait.
   *
   * @throws OutOfMemoryError if there is no memory to find that out; the fibers are linked as
   *     before then
   */
  @Nullable Ready ordered(@Nullable Ready first) {
    List<Ready> others = new ArrayList<>();
    for (Ready fiber = first; fiber != null; fiber = fiber.below) {
      others.add(fiber);
    }
    List<Ready> all = new ArrayList<>(others.size());
    for (Host host : waiting) {
      if (others.remove(host)) {
        all.add(host);
      }
    }
    all.addAll(others);
    waiting.removeAll(all);
    Ready ordered = null;
    for (int i = all.size() - 1; i >= 0; i--) {
      all.get(i).below = ordered;
      ordered = all.get(i);
    }
    return ordered;
  }
}
