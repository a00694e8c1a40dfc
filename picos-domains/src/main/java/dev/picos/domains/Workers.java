package dev.picos.domains;

import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The domains that work for one execution. This class calls more of them in when there is more to
 * do than they can keep up with, and lets them go when there is less; without any, the execution
 * sleeps.
 */
final class Workers {
  // For maintainers.
  //
  // The field working counts the domains that work here; there are at most as many as there are
  // seats. A domain that finds nothing to do goes back to the pool. When the last one does so, the
  // execution is asleep: it has no domain, and nothing of it is on any stack. Any thread that makes
  // a fiber ready then wakes it, by calling a domain in, which is counted from that moment on since
  // it is certain to come. A domain that is called in while the execution is awake is only counted
  // when it arrives: until then it is not certain that it comes, and the last one must not go to
  // sleep because of one that never comes.
  //
  // No wake-up is lost. The last domain leaves its seat, sets asleep and then looks once more for a
  // reason to be awake. A thread that adds to the inbox, or stops the execution, does so first and
  // then reads asleep. All of these accesses are volatile, so at least one of the two sees what the
  // other did. (Picos, fifo: needs_wakeup.) Whoever sets asleep back, by compare-and-set, brings a
  // domain: the last domain brings itself. A fiber that a domain makes ready on its own seat needs
  // no such care: that domain is awake, and before it leaves its seat it looks once more whether
  // anything is ready there.
  //
  // Parallelism is not lost for long. A domain that leaves more than one fiber ready behind the one
  // that is running calls another domain in, one at a time: searching is set until the domain that
  // was called has found a fiber or has gone, which only that domain can tell. When it has found a
  // fiber, it calls the next domain if there is still more to do. This takes no fence, so it may
  // happen that no domain is called. Nor is one called for a single fiber, which most often gets
  // its turn at once, as in a ping-pong. If the running fiber then does not give way, the pool's
  // look finds out (see Domains): while any domain works here, the timer's thread checks every two
  // milliseconds whether fibers wait. (Go: spinning Ms; Picos, multififo: the heartbeat thread.)
  //
  // A domain whose fiber blocks it loses its seat to another domain, which is counted in its place
  // from then on (see Relief). When the fiber gives way, the one that is back leaves without being
  // counted, and without the seat.
  //
  // The execution is over when stopped is set and the last domain has left; one that leaves for
  // lack of work puts the execution to sleep instead. The last domain does not count itself while
  // it finds out whether time is to pass, or whether there is a deadlock, so that no other domain
  // arrives and runs a fiber meanwhile. A domain that would have arrived is not missed, since the
  // last one looks at all seats after that. What makes a further look necessary, such as the end of
  // the last timeout, sets looksAgain and wakes the execution.

  /** How often a domain that finds nothing looks again before it leaves. */
  private static final int SPINS = 200;

  private final Execution execution;
  private final List<Seat> seats;
  private final Calls.Call task = new Loop(false);
  private final DomainTask help = new Loop(true);
  private final AtomicInteger working = new AtomicInteger(1);
  private final AtomicBoolean asleep = new AtomicBoolean();
  private final AtomicBoolean searching = new AtomicBoolean();

  /** Whether the last domain is to check, before the execution sleeps, whether time is to pass. */
  private volatile boolean looksAgain;

  /** What takes the place of the pool, if anything does. */
  private @Nullable EventLoop loop;

  Workers(Execution execution, List<Seat> seats) {
    this.execution = execution;
    this.seats = seats;
  }

  /** What a domain does here. */
  private final class Loop extends Calls.Call {
    /** Whether the domain comes to help those that work here; it is not counted yet then. */
    private final boolean helps;

    Loop(boolean helps) {
      this.helps = helps;
    }

    @Override
    public void run(Domain here) {
      if (!helps || (canHost(here) && tryArrive())) {
        work(here, takeSeat(here), helps);
      } else {
        searching.set(false);
      }
    }

    /** Whether there is memory for hosts in that domain; without it a domain is of no help. */
    private static boolean canHost(Domain here) {
      try {
        Hosts unused = Hosts.of(here);
        return true;
      } catch (OutOfMemoryError e) {
        return false;
      }
    }

    @Override
    public String toString() {
      return execution.toString();
    }
  }

  /** How a domain comes to leave. */
  private enum Departure {
    /** The execution has been stopped. */
    STOPPED,

    /** It is not needed, and is no longer counted. */
    NOT_NEEDED,

    /** It was the last one, and found nothing to do; it is no longer counted. */
    LAST,

    /** It was relieved while its fiber blocked it; another one has its seat and is counted. */
    RELIEVED
  }

  /** Chooses an executor in place of the pool, for an execution that has one seat. */
  EventLoop workOn(Executor executor) {
    EventLoop chosen = new EventLoop(execution, executor, task);
    loop = chosen;
    return chosen;
  }

  /**
   * Calls the first domain in.
   *
   * @throws OutOfMemoryError if no domain could be had
   * @throws RejectedExecutionException if the event loop takes no tasks
   */
  void start() {
    if (loop == null) {
      Domains.shared().spawn(task);
    } else {
      loop.start();
    }
  }

  /**
   * Begins without a domain: the first fiber that arrives calls one in.
   *
   * @throws OutOfMemoryError if the pool has not been started yet and cannot be
   */
  void startAsleep() {
    Domains.shared().ensureStarted(); // so that work cannot fail for want of a thread
    working.set(0);
    asleep.set(true);
  }

  /** Makes every domain leave at its next dispatch. */
  void stop() {
    execution.stopped = true;
    wake();
  }

  /** Called when something has ended that may have been all that the execution was waiting for. */
  void lookAgain() {
    looksAgain = true;
    wake();
  }

  /** Brings a domain here if the execution is asleep; returns whether it was. */
  boolean wake() {
    if (!asleep.get()) {
      return false;
    }
    if (asleep.compareAndSet(true, false)) {
      working.set(1);
      call();
    }
    return true;
  }

  /** Has a domain come that is counted already. */
  private void call() {
    if (loop == null) {
      Domains.shared().call(task);
    } else {
      loop.call();
    }
  }

  /** Whether there is a domain left to be called in while this execution is awake. */
  boolean mayCallOneMore() {
    return working.get() < seats.size() && !searching.get();
  }

  /**
   * Called when there may be more to do than the domains can keep up with. Wakes the execution if
   * it is asleep; otherwise calls another domain in, unless one is on its way.
   */
  void callOneMore() {
    if (wake() || !mayCallOneMore()) {
      return;
    }
    if (searching.compareAndSet(false, true)) {
      boolean isOnItsWay = false;
      try {
        isOnItsWay = working.get() < seats.size() && Domains.shared().trySpawn(help);
      } catch (OutOfMemoryError none) {
        // Those that work here go on without help.
      } finally {
        if (!isOnItsWay) {
          searching.set(false);
        }
      }
    }
  }

  /**
   * Counts a domain that was called in; returns {@code false} if it comes too late or would be one
   * too many.
   */
  private boolean tryArrive() {
    int before = working.get();
    while (before > 0 && before < seats.size()) {
      if (working.compareAndSet(before, before + 1)) {
        return true;
      }
      before = working.get();
    }
    return false;
  }

  /** Counts this domain no longer; the last one ends the execution. */
  private void leave() {
    if (working.decrementAndGet() == 0) {
      execution.end();
    }
  }

  /** Goes on where another domain has left off, in its place. */
  void relieve(Domain here, Seat seat) {
    seat.takeOver(here);
    work(here, seat, false);
  }

  private void work(Domain here, Seat first, boolean searches) {
    Departure departure = workOnSeat(here, first, searches);
    while (departure == Departure.LAST && !fallsAsleep()) {
      departure = workOnSeat(here, takeSeat(here), false);
    }
    switch (departure) {
      case STOPPED -> leave();
      case NOT_NEEDED -> lookOnce();
      case LAST, RELIEVED -> {}
    }
  }

  private Departure workOnSeat(Domain here, Seat seat, boolean searches) {
    Departure departure = Departure.STOPPED;
    try {
      departure = serve(here, hostsOf(here), seat, searches);
    } catch (Throwable thrown) {
      execution.fail(thrown);
    } finally {
      Hosts.leaveSeat(here);
      if (departure != Departure.RELIEVED) {
        seat.leave();
      }
    }
    return departure;
  }

  /** Returns false if there is something to do after all; the domain is counted again then. */
  private boolean fallsAsleep() {
    asleep.set(true);
    boolean stays =
        !execution.inbox.isEmpty() || looksAgain || execution.stopped || execution.isOver();
    if (stays && asleep.compareAndSet(true, false)) {
      working.set(1);
      return false;
    }
    return true;
  }

  /** Waits for memory if there is none: this may be the only domain. */
  private static Hosts hostsOf(Domain here) {
    for (; ; ) {
      try {
        return Hosts.of(here);
      } catch (OutOfMemoryError full) {
        Execution.waitForMemory();
      }
    }
  }

  /** Looks for fibers for which perhaps no domain has been called in. */
  void lookOnce() {
    try {
      if (working.get() < seats.size() && !execution.stopped && areFibersWaiting()) {
        callOneMore();
      }
    } catch (Throwable defect) { // of a policy
      execution.fail(defect);
    }
  }

  private Seat takeSeat(Domain here) {
    for (; ; ) {
      for (int i = 0; i < seats.size(); i++) {
        if (seats.get(i).tryTake(here)) {
          return seats.get(i);
        }
      }
      Thread.onSpinWait(); // some domain is about to leave its seat
    }
  }

  /** Runs fibers until there is a reason to leave. */
  private Departure serve(Domain here, Hosts hosts, Seat seat, boolean searches) {
    boolean isSearching = searches;
    hosts.takeSeat(seat);
    try {
      while (!execution.stopped) {
        if (seat.late != null) {
          execution.readyLate(seat);
        }
        if (seat.late == null && here.isRecalled()) {
          handOver(seat);
          return Departure.NOT_NEEDED;
        }
        Ready next = execution.next(seat);
        if (next != null) {
          if (isSearching) {
            isSearching = false;
            found();
          }
          if (!hosts.run(next, seat)) {
            return Departure.RELIEVED;
          }
        } else if (execution.isOver()) {
          stop();
        } else if (!isWorthStaying(here, seat)) {
          if (tryLeave()) {
            return Departure.NOT_NEEDED;
          }
          if (!goesOnAlone(seat)) {
            return Departure.LAST;
          }
        }
      }
      return Departure.STOPPED;
    } finally {
      if (isSearching) {
        searching.set(false);
      }
    }
  }

  /** A domain that came to help has found a fiber to run. */
  private void found() {
    searching.set(false);
    if (areFibersWaiting()) {
      callOneMore();
    }
  }

  /** Looks a few times more whether there is something to do. */
  private boolean isWorthStaying(Domain here, Seat seat) {
    for (int i = 0; i < spins(); i++) {
      if (!execution.isEmpty(seat) || execution.stopped || here.isRecalled()) {
        return true;
      }
      Thread.onSpinWait();
    }
    return false;
  }

  /**
   * Whether, if nothing can run anywhere, the policy or the execution does something about it. If
   * not, this domain, which is the last one, is no longer counted.
   */
  private boolean goesOnAlone(Seat seat) {
    looksAgain = false;
    if (seats.size() > 1 && !working.compareAndSet(1, 0)) {
      return true; // one has arrived
    }
    boolean goesOn = true;
    try {
      goesOn =
          execution.isAnyReady(seat)
              || (execution.doAllWithoutSeatWait()
                  && (seat.policy.passTime() || execution.unwindsDeadlock(seat)))
              || !execution.isEmpty(seat); // to look at a fiber's stack may make it ready here
    } catch (OutOfMemoryError full) {
      Execution.waitForMemory(); // and looks again
    } finally {
      working.set(goesOn ? 1 : 0);
    }
    return goesOn;
  }

  private int spins() {
    return seats.size() > 1 ? SPINS : 0;
  }

  /** Counts this domain no longer, unless it is the last one. */
  private boolean tryLeave() {
    int before = working.get();
    while (before > 1) {
      if (working.compareAndSet(before, before - 1)) {
        return true;
      }
      before = working.get();
    }
    return false;
  }

  /**
   * Called when the domain is needed elsewhere: another one takes its place, unless the others
   * suffice.
   */
  private void handOver(Seat seat) {
    seat.policy.leave();
    if (!tryLeave()) {
      call(); // to one that waits for the seat, if there is no other
    }
  }

  boolean areFibersWaiting() {
    if (!execution.inbox.isEmpty()) {
      return true;
    }
    for (int i = 0; i < seats.size(); i++) {
      if (seats.get(i).policy.available() > 0) {
        return true;
      }
    }
    return false;
  }
}
