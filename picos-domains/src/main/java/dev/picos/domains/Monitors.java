package dev.picos.domains;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;

/**
 * The fibers of an execution on one domain that wait to enter a monitor, or in {@link Object#wait}.
 * Makes them ready in an order that depends on the program alone.
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
  // Used by the one domain and the fiber that it runs. A fiber in Object.wait is told from one that
  // is parked by the JDK by having no blocker; one more in the set that is parked without a blocker
  // does no harm.

  private final Set<Host> waiting = new LinkedHashSet<>();

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
      case WAITING, TIMED_WAITING -> false;
      default -> true;
    };
  }

  /** Hands everything that is ready to the policy. */
  void settle(Inbox inbox, Policy policy) {
    if (waiting.stream().anyMatch(Monitors::mayHaveBeenReleased)) {
      MonitorBarrier.await();
    }
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
