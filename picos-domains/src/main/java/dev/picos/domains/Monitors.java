package dev.picos.domains;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/**
 * The fibers of an execution that wait to enter a monitor, or in {@link Object#wait}. On one domain
 * it makes them ready in an order that depends on the program alone.
 */
final class Monitors {
  // For maintainers.
  //
  // The JVM makes a fiber that may enter a monitor ready at any time after the release, from a
  // thread of its own, through the inbox (see MonitorBarrier). While there are such fibers the
  // domain therefore looks into the inbox only before it chooses who is next, after the barrier,
  // and hands on those that have come in the order in which they began to wait. Others that come
  // through the inbox are woken from outside, and cannot be repeated anyway.
  //
  // A fiber in Object.wait is told from one that is parked by the JDK by having no blocker; one
  // more in the set that is parked without a blocker does no harm.
  //
  // On one domain it is used by that domain alone, and the set keeps the order. On several, a fiber
  // may run on another one before it is noted that it waits here, and stays noted until it runs
  // once more; that does no harm either, as what counts is the state of its thread.

  private final Set<Host> waiting;

  Monitors(boolean parallel) {
    waiting = parallel ? ConcurrentHashMap.newKeySet() : new LinkedHashSet<>();
  }

  /** Whether no fiber waits, so that none can become ready by a release. */
  boolean isEmpty() {
    return waiting.isEmpty();
  }

  /** A fiber runs. */
  void resumed(Host host) {
    if (!waiting.isEmpty()) {
      waiting.remove(host);
    }
  }

  /** The slice of a fiber is over. */
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

  /** Waits until every fiber that was let into a monitor is in the inbox. No fiber runs. */
  void awaitReleased() {
    if (waiting.stream().anyMatch(Monitors::mayHaveBeenReleased)) {
      MonitorBarrier.await();
    }
  }

  /** Hands everything that is ready to the policy. */
  void settle(Inbox inbox, Policy policy) {
    awaitReleased();
    List<Ready> arrived = new ArrayList<>();
    inbox.emptyInto((Ready fiber) -> arrived.add(fiber));
    for (Host host : List.copyOf(waiting)) {
      if (arrived.remove(host)) {
        waiting.remove(host);
        policy.ready(host, host.goesFirst());
      }
    }
    for (Ready other : arrived) {
      policy.ready(other, other.goesFirst());
    }
  }
}
