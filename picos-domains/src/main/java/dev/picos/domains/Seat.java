package dev.picos.domains;

import dev.picos.core.internal.HandlerLookup;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The place of one domain in an execution: the policy that the domain follows there, and how many
 * fibers were started and have ended there. One domain at a time has it.
 */
final class Seat {
  // For maintainers.
  //
  // Fibers start and end on different seats, so a single count of those that are alive would be
  // written by all domains. Instead, each domain counts what happens on its seat, in numbers that
  // no other domain writes. To find out whether any fiber is alive, a domain adds these up: first
  // all that have ended, and then all that were started. A start is counted before the fiber can be
  // run. So if the two sums agree, then no fiber was alive at the moment between the two rounds,
  // and nobody was there to start another. The reads are acquires, which keep the two rounds apart;
  // the writes are releases, which keep the count of a start before what makes the fiber known.
  // (Picos, multififo: num_started, num_stopped.)

  private static final VarHandle TAKEN;
  private static final VarHandle COUNTS = MethodHandles.arrayElementVarHandle(long[].class);

  /** How far the counts of two seats are apart: two cache lines, which may be fetched together. */
  private static final int SPACING = 16;

  /** How many fibers are chosen at most before those that wait outside are taken in. */
  private static final int TURNS_OUTSIDE = 16;

  static {
    try {
      TAKEN = MethodHandles.lookup().findVarHandle(Seat.class, "taken", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  final Execution execution;
  final Policy policy;

  /** The domain that has this seat, or had it last; for that domain's use. */
  private @Nullable Domain domain;

  /**
   * The fibers that are ready here but could not be queued for lack of stack or memory, the oldest
   * first; for the use of the domain that has this seat, and of the fiber that runs on it. A domain
   * does not leave the seat while there are any.
   */
  @Nullable Ready late;

  @SuppressWarnings("unused") // through TAKEN
  private volatile boolean taken;

  /**
   * How many fibers were started and have ended, for all seats. These are written for each fiber,
   * so those of one seat have two cache lines to themselves.
   */
  private final long[] counts;

  private final int started;
  private final int ended;

  /** Where in {@link #counts} is how many fibers were chosen while others waited outside. */
  private final int turns;

  private Seat(Execution execution, Policy policy, long[] counts, int index) {
    this.execution = execution;
    this.policy = policy;
    this.counts = counts;
    started = (index + 1) * SPACING;
    ended = started + 1;
    turns = started + 2;
  }

  /** Makes a seat for each of {@code policies}. */
  static List<Seat> all(Execution execution, List<? extends Policy> policies) {
    long[] counts = new long[(policies.size() + 1) * SPACING];
    return IntStream.range(0, policies.size())
        .mapToObj(index -> new Seat(execution, policies.get(index), counts, index))
        .toList();
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
    COUNTS.setRelease(counts, started, counts[started] + change);
  }

  /**
   * Called when some wait outside and the next fiber is to be chosen; returns whether to take them
   * in before that.
   */
  boolean looksOutside() {
    if (++counts[turns] < TURNS_OUTSIDE && policy.hasEarlier()) {
      return false;
    }
    counts[turns] = 0;
    return true;
  }

  void countEnded() {
    COUNTS.setRelease(counts, ended, counts[ended] + 1);
  }

  long started() {
    return (long) COUNTS.getAcquire(counts, started);
  }

  long ended() {
    return (long) COUNTS.getAcquire(counts, ended);
  }
}
