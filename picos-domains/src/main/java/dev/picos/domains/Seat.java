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
  // Fibers are started and end on different seats, so a count of those that are alive would be
  // written by all domains. Instead each domain counts what happens on its seat, in fields that
  // nobody else writes, and whoever wants the sum adds them up: first all that ended and then all
  // that were started. A start is counted before the fiber can be run, so if the two sums agree,
  // then at the moment between the two rounds no fiber was alive, and nobody was there to start
  // another. The reads are acquires, which keeps the rounds apart; the writes are releases, which
  // keeps a start before what makes the fiber known. (Picos, multififo: num_started, num_stopped.)

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

  /** Who has it, or had it last; for that domain. */
  private @Nullable Domain domain;

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

  /** Returns the seat on which the caller runs; {@code null} outside of all executions. */
  static @Nullable Seat current() {
    Thread thread = Thread.currentThread();
    if (thread.isVirtual()) {
      return of(thread);
    }
    Domain here = Domain.current();
    return here == null ? null : here.hosts.seat;
  }

  /** Returns the seat on which a virtual thread runs, if it is that of a fiber. */
  static @Nullable Seat of(Thread virtualThread) {
    // Without the flag of HostLookup there is none, and there are no hosts.
    if (!(HandlerLookup.registered() instanceof HostLookup lookup)) {
      return null;
    }
    Host host = lookup.host(virtualThread);
    return host == null ? null : host.seat;
  }

  boolean tryTake(Domain domain) {
    if (taken || !TAKEN.compareAndSet(this, false, true)) {
      return false;
    }
    this.domain = domain;
    return true;
  }

  Domain domain() {
    return Objects.requireNonNull(domain);
  }

  /** Gives the seat up, with everything visible to the next that the domain did on it. */
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
