package dev.picos.domains;

import static dev.picos.core.Computation.Mode.LIFO;

import dev.picos.core.Computation;
import dev.picos.core.Trigger;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The domains that work for one execution: calls more of them in when there is more to do than they
 * get done, lets them go when there is less, and lets the last one sleep.
 */
final class Workers {
  // For maintainers.
  //
  // working counts the domains that work here; at most as many as there are seats. A domain that
  // finds nothing to do goes back to the pool, unless it is the last one: that sleeps, and whoever
  // makes a fiber ready wakes it. So there is one sleeper at most, and waking others means calling
  // them in from the pool. A domain that was called in counts from when it arrives: whether one
  // comes is certain only then, and the last one must not leave because of one that does not come.
  //
  // No wake-up is lost. The last domain sets sleeper and then evaluates its condition; whoever adds
  // to the inbox, or stops the execution, does that and then reads sleeper. All of these accesses
  // are volatile, so one of the two sees what the other did. (Picos, fifo: needs_wakeup.) A fiber
  // that a domain makes ready on its own seat needs no such care: that domain is awake, and looks
  // at its seat before it sleeps or leaves.
  //
  // Parallelism is not lost for long. A domain that leaves more than one fiber ready behind the one
  // that is running calls another in, one at a time: searching is set until that one has found a
  // fiber or has gone, which only it can tell; when it has found one it calls the next, if there is
  // still more to do. That takes no fence, so it may happen that nobody is called; nor is anybody
  // for a single fiber, which most often has its turn at once, as in a ping-pong. If the running
  // fiber does not give way then, the beat finds out: while the execution is awake with seats to
  // spare, the timer's thread looks after every BEAT whether fibers wait. (Go: spinning Ms; Picos,
  // multififo: the heartbeat thread, here with no thread of its own, none when there is one seat or
  // all are taken, and none in an execution that sleeps.)
  //
  // The beat does not stop too early: it clears beating and then looks whether the execution sleeps
  // or works at full strength; a domain that ends either condition does so and then reads beating.
  // All of them are volatile.
  //
  // The execution is over when stopped is set and the last domain has left: one that goes for lack
  // of work does not go as the last one. Only while that one finds out whether time is to pass, or
  // whether there is a deadlock, does it not count itself, so that nobody arrives and runs a fiber
  // meanwhile. One who would have is not missed: the last one looks again before it sleeps. Others
  // may arrive while it sleeps and what they run may then wait for time to pass, so whoever leaves
  // lets it look again: by looksAgain, which like sleeper is written first and read second by both.

  private static final Duration BEAT = Duration.ofMillis(2);
  private static final Trigger.Action<Workers, @Nullable Void> ON_BEAT =
      (trigger, workers, none) -> workers.onBeat();

  /** What the computation of a beat is canceled with; nobody sees it. */
  private static final Throwable REASON = new Exception("beat", null, false, false) {};

  /** How often a domain that finds nothing looks again before it leaves. */
  private static final int SPINS = 200;

  private final Execution execution;
  private final List<Seat> seats;
  private final DomainTask task = new Loop(false);
  private final DomainTask help = new Loop(true);
  private final AtomicInteger working = new AtomicInteger(1);
  private final AtomicBoolean searching = new AtomicBoolean();
  private final AtomicBoolean beating = new AtomicBoolean();
  private volatile @Nullable Domain sleeper;

  /** Whether the domain that sleeps, the last one, is to look whether time is to pass. */
  private volatile boolean looksAgain;

  Workers(Execution execution, List<Seat> seats) {
    this.execution = execution;
    this.seats = seats;
  }

  /** What a domain does here. */
  private final class Loop implements DomainTask {
    /** Whether it was called in, and not sent to take the place of another. */
    private final boolean called;

    Loop(boolean called) {
      this.called = called;
    }

    @Override
    public void run(Domain here) {
      if (!called || tryArrive()) {
        work(here, called);
      } else {
        searching.set(false);
      }
    }

    @Override
    public String toString() {
      return execution.toString();
    }
  }

  /**
   * Calls the first domain in.
   *
   * @throws OutOfMemoryError if it could not be had
   */
  void start() {
    Domains.shared().spawn(task);
  }

  /** Makes every domain leave at its next dispatch. */
  void stop() {
    execution.stopped = true;
    wakeSleeper();
  }

  /** Something has ended that may have been all that the execution was waiting for. */
  void lookAgain() {
    looksAgain = true;
    wakeSleeper();
  }

  /** Lets the domain that sleeps look again, if one sleeps. */
  boolean wakeSleeper() {
    Domain asleep = sleeper;
    if (asleep == null) {
      return false;
    }
    asleep.wakeup();
    return true;
  }

  /**
   * There is more to do than the domains get done, perhaps. Wakes the one that sleeps, if one does,
   * or else calls another in, if there is none on its way.
   */
  void callOneMore() {
    if (wakeSleeper() || working.get() == seats.size() || searching.get()) {
      return;
    }
    if (searching.compareAndSet(false, true)
        && (working.get() == seats.size() || !Domains.shared().trySpawn(help))) {
      searching.set(false);
    }
  }

  /** Counts a domain that was called in; {@code false} if it is too late, or one too many. */
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

  /** One domain less; the last one ends the execution. */
  private void leave() {
    if (working.decrementAndGet() == 0) {
      execution.end();
    }
  }

  private void work(Domain here, boolean called) {
    Seat seat = takeSeat(here);
    boolean counts = true;
    try {
      beat();
      counts = serve(here, seat, called);
    } catch (Throwable thrown) {
      execution.fail(thrown);
    } finally {
      here.hosts.seat = null;
    }
    if (counts) {
      seat.leave();
      leave();
    } else {
      lookOnce();
    }
  }

  /** Looks for what nobody may have been called for. */
  private void lookOnce() {
    try {
      if (areFibersWaiting()) {
        callOneMore();
      }
      beat();
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
      Thread.onSpinWait(); // somebody is about to leave his
    }
  }

  /**
   * Runs fibers until there is a reason to leave; returns {@code false} if the domain is not
   * counted any more then.
   */
  private boolean serve(Domain here, Seat seat, boolean called) {
    boolean isSearching = called;
    try {
      while (!execution.stopped) {
        if (here.isRecalled()) {
          handOver(seat);
          return false;
        }
        Ready next = execution.next(seat);
        if (next != null) {
          if (isSearching) {
            isSearching = false;
            found();
          }
          here.hosts.run(next, seat);
        } else if (execution.isOver()) {
          stop();
        } else if (!awaitWork(here, seat)) {
          return false;
        }
      }
      return true;
    } finally {
      if (isSearching) {
        searching.set(false);
      }
    }
  }

  /** A domain that was called in has found a fiber to run. */
  private void found() {
    searching.set(false);
    if (areFibersWaiting()) {
      callOneMore();
    }
  }

  /** Returns false if the domain has left. */
  private boolean awaitWork(Domain here, Seat seat) {
    for (int i = 0; i < spins(); i++) {
      if (!execution.isEmpty(seat) || execution.stopped || here.isRecalled()) {
        return true;
      }
      Thread.onSpinWait();
    }
    if (tryLeave(seat)) {
      return false;
    }
    if (!goesOnAlone(seat)) {
      sleep(here, seat);
    }
    return true;
  }

  /** Whether, if nothing can run anywhere, the policy or the execution does something about it. */
  private boolean goesOnAlone(Seat seat) {
    looksAgain = false;
    if (seats.size() == 1) {
      return goesOn(seat);
    }
    if (!working.compareAndSet(1, 0)) {
      return true; // one has arrived
    }
    try {
      return goesOn(seat);
    } finally {
      working.set(1);
    }
  }

  private boolean goesOn(Seat seat) {
    return execution.isAnyReady(seat) || seat.policy.passTime() || execution.unwindsDeadlock(seat);
  }

  private int spins() {
    return seats.size() > 1 ? SPINS : 0;
  }

  /** Leaves for good, unless this is the last domain. */
  private boolean tryLeave(Seat seat) {
    int before = working.get();
    while (before > 1) {
      if (working.compareAndSet(before, before - 1)) {
        seat.leave();
        lookAgain();
        return true;
      }
      before = working.get();
    }
    return false;
  }

  private void sleep(Domain here, Seat seat) {
    here.hosts.seat = null; // what guests make ready comes from outside
    sleeper = here;
    here.idle(
        () ->
            !execution.isEmpty(seat)
                || looksAgain
                || execution.stopped
                || here.isRecalled()
                || execution.isOver());
    sleeper = null;
    beat();
  }

  /** The domain is needed elsewhere: another one takes its place, unless the others will do. */
  private void handOver(Seat seat) {
    seat.policy.leave();
    if (!tryLeave(seat)) {
      Domains.shared().spawn(task); // which waits for the seat, if there is no other
      seat.leave();
    }
  }

  private boolean areFibersWaiting() {
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

  // The beat.

  private void beat() {
    if (working.get() < seats.size()
        && sleeper == null
        && !execution.stopped
        && !beating.get()
        && beating.compareAndSet(false, true)) {
      try {
        WheelTimer.shared()
            .cancelAfter(Computation.withAction(LIFO, this, null, ON_BEAT), BEAT, REASON);
      } catch (OutOfMemoryError e) {
        beating.set(false); // the next one who leaves or wakes tries again
      }
    }
  }

  private void onBeat() {
    beating.set(false);
    lookOnce();
  }
}
