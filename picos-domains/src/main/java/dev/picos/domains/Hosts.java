package dev.picos.domains;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The hosts of one domain that wait there for a fiber, and how the domain runs a slice. They belong
 * to the domain's thread and to the fiber that is running on it.
 */
final class Hosts implements Domain.Attachment {
  /** The greatest number of hosts that wait; each keeps some 650 bytes. */
  private static final int CAPACITY = 128;

  /** There are as many numbers of hosts, and as many bits of {@link #dispatched} have one. */
  private static final int NUMBERS = 1 << Byte.SIZE;

  private static final VarHandle DISPATCHED;

  static {
    try {
      DISPATCHED = MethodHandles.lookup().findVarHandle(Hosts.class, "dispatched", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final @Nullable Host[] waiting = new Host[CAPACITY];
  private int count;

  /** The seat that the domain has and works for; {@code null} while it works for none. */
  private @Nullable Seat seat;

  // Others find out which host the domain runs. To write a reference at every dispatch is expensive
  // under some garbage collectors, which fence it. So the domain writes the number of the host, and
  // a reference only if the last host with that number was another one.

  /** The hosts that have been dispatched, each at its number. */
  private final @Nullable Host[] byNumber = new Host[NUMBERS];

  /** How many slices have been begun here, and below that the number of the last host. */
  private long dispatched;

  private byte lastNumber;

  private final Watch watch;

  /** The host that has been freed in the present slice and must not be reused before it is over. */
  @Nullable Host freed;

  /** What the present slice has taken from the policy for the domain to run next. */
  @Nullable Ready next;

  private Hosts(Domain domain) {
    watch = new Watch(domain, this);
  }

  /**
   * Returns the hosts of {@code here}; called in its thread, or in the fiber that runs on it.
   *
   * @throws OutOfMemoryError if there are none yet, and no memory for them
   */
  static Hosts of(Domain here) {
    Domain.Attachment attached = here.attachment;
    if (attached == null) {
      attached = new Hosts(here);
      here.attachment = attached;
    }
    return (Hosts) attached;
  }

  /**
   * Returns the seat of {@code here}, if it works for an execution and has not lost the seat;
   * called in its thread, which may be in a slice.
   */
  static @Nullable Seat seatOf(Domain here) {
    return here.attachment instanceof Hosts hosts ? hosts.heldSeat() : null;
  }

  private @Nullable Seat heldSeat() {
    Host last = lastDispatched(dispatched);
    return last != null && !last.holdsSeat() ? null : seat;
  }

  /** Called when the domain has taken a seat. */
  void takeSeat(Seat seat) {
    this.seat = seat;
  }

  /** Called when the domain {@code here} works for no execution any more; in its thread. */
  static void leaveSeat(Domain here) {
    if (here.attachment instanceof Hosts hosts) {
      hosts.seat = null;
      Arrays.fill(hosts.byNumber, null);
    }
  }

  /**
   * Runs a fiber up to the end of its slice, and whatever that slice took from the policy. If there
   * is no memory for a host, the fiber goes back to the policy: others, which have hosts, may have
   * the memory.
   *
   * @return whether the domain still has the seat
   */
  boolean run(Ready ready, Seat seat) {
    Ready now = ready;
    while (now != null) {
      Host host;
      if (now instanceof Start start) {
        host = hostFor(seat.execution);
        if (host == null) {
          Execution.waitForMemory();
          seat.execution.ready(start, seat);
          return true;
        }
        host.take(start, seat.execution);
      } else {
        host = (Host) now;
      }
      if (!run(host, seat)) {
        return false;
      }
      now = next;
      next = null;
    }
    return true;
  }

  private @Nullable Host hostFor(Execution execution) {
    if (count > 0 && execution.reusesHosts()) {
      return pop();
    }
    try {
      return new Host(++lastNumber);
    } catch (OutOfMemoryError full) {
      return null;
    }
  }

  private boolean run(Host host, Seat seat) {
    Monitors monitors = seat.execution.monitors();
    if (monitors != null) {
      monitors.resumed(host);
    }
    note(host);
    Host.Slice slice = host.runSlice(seat);
    boolean holdsSeat = slice.holdsSeat();
    if (monitors != null && holdsSeat) {
      monitors.suspended(host);
    }
    if (!holdsSeat) {
      seat.execution.isBack(host);
    }
    if (slice.isToGoOn()) {
      seat.execution.ready(host, holdsSeat ? seat : null);
    } else if (slice == Host.Slice.ENDED || slice == Host.Slice.ENDED_WITHOUT_SEAT) {
      end((Guest) host, holdsSeat ? seat : null);
    }
    if (freed != null) {
      waiting[count++] = freed;
      freed = null;
    }
    return holdsSeat;
  }

  private void end(Guest guest, @Nullable Seat seat) {
    byNumber[Byte.toUnsignedInt(guest.number)] = null; // or it would keep what it refers to
    if (seat != null) {
      guest.over(seat);
    } else {
      guest.overWithoutSeat();
    }
  }

  /** Says that this domain is about to run {@code host}. */
  private void note(Host host) {
    int number = Byte.toUnsignedInt(host.number);
    if (byNumber[number] != host) {
      byNumber[number] = host;
    }
    long before = dispatched;
    DISPATCHED.setRelease(this, before - before % NUMBERS + NUMBERS + number);
  }

  boolean isFull() {
    return count == CAPACITY;
  }

  private Host pop() {
    Host host = Objects.requireNonNull(waiting[--count]);
    waiting[count] = null;
    return host;
  }

  @Override
  public @Nullable DomainTask look() {
    return watch.look();
  }

  /** The seat of the domain, for others, which may be out of date. */
  @Nullable Seat seat() {
    return seat;
  }

  /** What changes whenever the domain begins a slice. */
  long dispatched() {
    return (long) DISPATCHED.getAcquire(this);
  }

  /** Returns the host of the slice that was begun last when that was returned, if it is there. */
  @Nullable Host lastDispatched(long dispatched) {
    return byNumber[(int) (dispatched % NUMBERS)];
  }

  /**
   * Ends all hosts that wait, as the domain ends. A virtual thread that waits would never be
   * collected.
   */
  @Override
  public void domainEnds() {
    while (count > 0) {
      Host.Slice unused = pop().runSlice(null); // which has not been given a fiber
    }
  }
}
