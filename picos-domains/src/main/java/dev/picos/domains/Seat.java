package dev.picos.domains;

import dev.picos.core.internal.HandlerLookup;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The place of one domain in an execution: the policy that the domain follows there, and how many
 * fibers were started and have ended there. One domain at a time has it.
 */
final class Seat {
  // For maintainers.
  //
  // Fibers start and end on different seats, so a single count of those that are alive would be
  // written by all domains. Instead, each domain counts what happens on its seat, in fields that no
  // other domain writes. To find out whether any fiber is alive, a domain adds these up: first all
  // that have ended, and then all that were started. A start is counted before the fiber can be
  // run. So if the two sums agree, then no fiber was alive at the moment between the two rounds,
  // and nobody was there to start another. The reads are acquires, which keep the two rounds apart;
  // the writes are releases, which keep the count of a start before what makes the fiber known.
  // (Picos, multififo: num_started, num_stopped.)

  private static final VarHandle TAKEN;
  private static final VarHandle STARTED;
  private static final VarHandle ENDED;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      TAKEN = lookup.findVarHandle(Seat.class, "taken", boolean.class);
      STARTED = lookup.findVarHandle(Seat.class, "started", long.class);
      ENDED = lookup.findVarHandle(Seat.class, "ended", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  final Execution execution;
  final Policy policy;

  /** The domain that has this seat, or had it last; for that domain's use. */
  private @Nullable Domain domain;

  /**
   * The fibers that a fiber here has made ready when there was no stack left to queue them; for the
   * use of the domain that has this seat, and of the fiber that runs on it.
   */
  @Nullable Ready late;

  @SuppressWarnings("unused") // through TAKEN
  private volatile boolean taken;

  @SuppressWarnings("unused") // through STARTED
  private volatile long started;

  @SuppressWarnings("unused") // through ENDED
  private volatile long ended;

  Seat(Execution execution, Policy policy) {
    this.execution = execution;
    this.policy = policy;
  }

  /**
   * Returns the seat on which the caller runs; {@code null} outside of all executions, and for a
   * fiber that has lost its seat.
   */
  static @Nullable Seat current() {
    Thread thread = Thread.currentThread();
    if (thread.isVirtual()) {
      return of(thread);
    }
    Domain here = Domain.current();
    return here == null ? null : Hosts.seatOf(here);
  }

  /** Returns the seat on which a virtual thread runs, if it is that of a fiber. */
  private static @Nullable Seat of(Thread virtualThread) {
    // Without the flag of HostLookup there is none, and there are no hosts.
    if (!(HandlerLookup.registered() instanceof HostLookup)) {
      return null;
    }
    Host host = HostLookup.host(virtualThread);
    return host == null ? null : host.heldSeat();
  }

  boolean tryTake(Domain domain) {
    if (taken || !TAKEN.compareAndSet(this, false, true)) {
      return false;
    }
    this.domain = domain;
    return true;
  }

  /** Gives the seat to {@code domain}, from one that does not use it any more. */
  void takeOver(Domain domain) {
    this.domain = domain;
  }

  Domain domain() {
    return Objects.requireNonNull(domain);
  }

  /** Gives the seat up. The next domain sees everything that this one did on it. */
  void leave() {
    taken = false;
  }

  /** Counts a fiber that is about to be made known; -1 takes that back. */
  void countStarted(int change) {
    STARTED.setRelease(this, (long) STARTED.get(this) + change);
  }

  void countEnded() {
    ENDED.setRelease(this, (long) ENDED.get(this) + 1);
  }

  long started() {
    return (long) STARTED.getAcquire(this);
  }

  long ended() {
    return (long) ENDED.getAcquire(this);
  }
}
