package dev.picos.domains;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The hosts of one domain: those that wait there for a fiber, and how the domain runs a slice.
 * Belongs to the domain's thread and to the fiber that is running on it.
 */
final class Hosts {
  /** How many wait at most; each keeps some 650 bytes. */
  private static final int CAPACITY = 128;

  private final @Nullable Host[] waiting = new Host[CAPACITY];
  private int count;

  /** The seat that the domain has and works for; {@code null} while it sleeps. */
  @Nullable Seat seat;

  /** The host that has been freed in the present slice and must not be reused before it is over. */
  @Nullable Host freed;

  /** What the present slice has taken from the policy for the domain to run next. */
  @Nullable Ready next;

  /** Runs a fiber up to the end of its slice, and whatever that slice took from the policy. */
  void run(Ready ready, Seat seat) {
    if (this.seat != seat) { // an old object is expensive to write references to
      this.seat = seat;
    }
    Ready now = ready;
    while (now != null) {
      if (now instanceof Start start) {
        Host host = count > 0 && seat.execution.reusesHosts() ? pop() : new Host();
        host.take(start, seat.execution);
        now = run(host, seat);
      } else {
        now = run((Host) now, seat);
      }
    }
  }

  private @Nullable Ready run(Host host, @Nullable Seat seat) {
    Monitors monitors = seat == null ? null : seat.execution.monitors();
    if (monitors != null) {
      monitors.resumed(host);
    }
    boolean again = host.runSlice(seat);
    if (monitors != null) {
      monitors.suspended(host);
    }
    if (again && seat != null) {
      seat.execution.ready(host, seat);
    }
    if (freed != null) {
      waiting[count++] = freed;
      freed = null;
    }
    Ready after = next;
    next = null;
    return after;
  }

  boolean isFull() {
    return count == CAPACITY;
  }

  private Host pop() {
    Host host = Objects.requireNonNull(waiting[--count]);
    waiting[count] = null;
    return host;
  }

  /**
   * Ends all hosts that wait, with the domain. A virtual thread that waits would never be
   * collected.
   */
  void end() {
    while (count > 0) {
      run(pop(), null); // which has not been given a fiber
    }
  }
}
