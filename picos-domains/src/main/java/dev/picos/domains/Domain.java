package dev.picos.domains;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A carrier thread: a platform thread that runs the slices of fibers, lent to one scheduler at a
 * time.
 *
 * <p>Every domain of the pool has a dense {@linkplain #id() number}. A scheduler that finds no
 * domain idle may run on an extra one, which ends with the run and is not in the pool.
 */
public final class Domain {
  // For maintainers.
  //
  //   offer                who changes it
  //   BUSY -> IDLE         the domain, in idle(), while it waits
  //   IDLE -> BUSY         the domain, when it stops waiting
  //   IDLE -> a task       Domains.trySpawn, which then wakes the domain
  //   a task -> BUSY       the domain, which then runs the task
  //
  // Invariant: a task gets in by replacing IDLE and out only by being run; so an offer that was
  // accepted is run exactly once, and a domain that has stopped waiting can be offered nothing.
  // There is no list of idle domains that could be out of date.
  //
  // No wake-up is lost: the domain publishes IDLE and then evaluates its predicate and looks for an
  // offer before it parks, whoever makes the predicate true or an offer does that before it
  // unparks, and an unpark that comes first makes park() return. An unpark that comes when the
  // domain is busy may be used up by a fiber that parks on its carrier; nobody relies on it, as the
  // domain evaluates anew whenever it starts to wait.
  //
  // Ordering: offer is changed by volatile operations only. What the lender did before trySpawn is
  // seen by the task through them.

  private static final DomainTask BUSY = Mark.BUSY;
  private static final DomainTask IDLE = Mark.IDLE;

  /** What an offer is when it is no task. */
  private enum Mark implements DomainTask {
    BUSY,
    IDLE;

    @Override
    public void run(Domain here) {
      throw new AssertionError(this + " is no task");
    }
  }

  private final @Nullable Domains pool;
  private final int id;
  private final Carrier thread;
  private final AtomicReference<DomainTask> offer = new AtomicReference<>(BUSY);
  private volatile boolean recalled;
  private volatile @Nullable DomainTask task;

  /**
   * What the tasks that run here at present were lent under, innermost first; this thread's alone.
   */
  private @Nullable Loan loan;

  /** Whether the predicates of lenders are being evaluated for a guest; this thread's alone. */
  private boolean looking;

  /** The threads that run fibers here; this thread's alone. */
  final Hosts hosts = new Hosts();

  private record Loan(BooleanSupplier until, @Nullable Loan outer) {}

  private static final class Carrier extends Thread {
    final Domain domain;
    private final DomainTask work;

    Carrier(Domain domain, String name, DomainTask work) {
      super(null, null, name, 0, false); // inherits no thread locals and no context class loader
      this.domain = domain;
      this.work = work;
      setDaemon(true);
    }

    @Override
    public void run() {
      JdkPollers.start();
      try {
        work.run(domain);
      } finally {
        domain.hosts.end();
      }
    }
  }

  /** Makes a domain whose thread, once started, does {@code work} and ends. */
  Domain(@Nullable Domains pool, int id, DomainTask work) {
    this.pool = pool;
    this.id = id;
    String name = "picos-domain-" + (pool == null ? "extra" : Integer.toString(id));
    this.thread = new Carrier(this, name, work);
  }

  /**
   * Returns the domain that the calling thread is or, when a fiber calls, runs on; or {@code null}.
   */
  static @Nullable Domain current() {
    Thread thread = Thread.currentThread();
    if (thread instanceof Carrier carrier) {
      return carrier.domain;
    }
    Seat seat = thread.isVirtual() ? Seat.of(thread) : null;
    return seat == null ? null : seat.domain();
  }

  void start() {
    thread.start();
  }

  /** Whether this domain is waiting in {@link #idle}, or has got a task there. */
  boolean isOnOffer() {
    return offer.get() != BUSY;
  }

  boolean isNew() {
    return thread.getState() == Thread.State.NEW;
  }

  void join() {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Returns the number of this domain in the pool, from 0; -1 for an extra domain. */
  public int id() {
    return id;
  }

  /**
   * Returns the task that this domain of the pool runs, the innermost if it was lent on, or {@code
   * null}. For those who look on: it may be another one by the time it is looked at. That of a
   * scheduler says in its {@code toString()} which.
   */
  public @Nullable DomainTask task() {
    return task;
  }

  /**
   * Returns the next domain in a fixed cycle through the whole pool; an extra domain is a cycle of
   * its own.
   */
  public Domain next() {
    return pool == null ? this : pool.all().get((id + 1) % pool.size());
  }

  /**
   * Waits in this domain, and lends it out while it waits, until {@code until} is true.
   *
   * <p>If it is true at once nothing is run. Otherwise {@code until} is evaluated again after every
   * {@link #wakeup} and after every task that was run meanwhile, and any number of times more; it
   * must be quick, must not block and must not call operations of the pool. A task that was
   * accepted is run before this returns, even if {@code until} has become true. Nests: a task may
   * call this as well. An interrupt does not end the wait, and the status is kept. If {@code until}
   * throws, so does this, and the domain is no longer lent out; exceptions of tasks do not come out
   * of here.
   *
   * <p>The caller must hold no monitor: a guest may run slices of fibers, and a fiber that parks
   * takes the record of the monitors that its carrier holds with it.
   *
   * @throws IllegalStateException if the calling thread is not this domain's own
   */
  public void idle(BooleanSupplier until) {
    Objects.requireNonNull(until, "until");
    if (Thread.currentThread() != thread) {
      throw new IllegalStateException(this + " idles only in its own thread");
    }
    Loan loan = new Loan(until, this.loan);
    boolean interrupted = Thread.interrupted();
    try {
      while (!until.getAsBoolean()) {
        DomainLent lent = new DomainLent(); // before, so that accepting a task cannot fail
        offer.set(IDLE);
        countIdle(1);
        try {
          while (offer.get() == IDLE && !until.getAsBoolean()) {
            DomainSlept slept = new DomainSlept();
            slept.begin();
            LockSupport.park(this);
            slept.commit(this);
            interrupted |= Thread.interrupted();
          }
        } finally {
          interrupted |= Thread.interrupted(); // a guest starts with a clean status
          leaveIdle(loan, lent);
        }
      }
    } finally {
      recalled = true; // perhaps another lender waits too
      if (interrupted) {
        thread.interrupt();
      }
    }
  }

  /** Stops being on offer; runs the task first if one was offered. */
  private void leaveIdle(Loan mine, DomainLent lent) {
    DomainTask guest = offer.getAndSet(BUSY);
    if (guest == IDLE) {
      countIdle(-1);
      return;
    }
    loan = mine;
    recalled = true; // so that the guest looks once at what its lender waits for
    DomainTask lender = task;
    task = guest;
    lent.begin();
    try {
      guest.run(this);
    } catch (DomainsTerminated expected) {
      // the way for a task to leave
    } catch (Throwable thrown) {
      report(thrown);
    } finally {
      task = lender;
      loan = mine.outer;
      boolean unused = Thread.interrupted(); // what a guest leaves is not its lender's
    }
    lent.commit(this, guest);
  }

  private void countIdle(int change) {
    if (pool != null) {
      pool.countIdle(change);
    }
  }

  private void report(Throwable thrown) {
    if (pool != null) {
      pool.failed(thrown);
    }
    try {
      thread.getUncaughtExceptionHandler().uncaughtException(thread, thrown);
    } catch (Throwable ignored) {
      // as the JVM itself does
    }
  }

  /** Lends this domain to {@code task} if it is idle. */
  boolean tryLend(DomainTask task) {
    if (offer.get() != IDLE || !offer.compareAndSet(IDLE, task)) {
      return false;
    }
    countIdle(-1);
    LockSupport.unpark(thread);
    return true;
  }

  /**
   * Makes the {@link #idle} in progress in this domain evaluate its predicate at least once more,
   * with everything visible that the caller did before. If a task is running in the domain
   * meanwhile, it is asked to leave. Without an {@code idle} in progress this has no effect. From
   * any thread.
   */
  public void wakeup() {
    recalled = true;
    LockSupport.unpark(thread);
  }

  /**
   * Returns whether a lender of this domain has work for it again: whether the predicate of an
   * {@link #idle} holds in which the caller's task runs. A task asks whenever it is about to run
   * another fiber, which costs a read of one flag, and leaves if so. A task that itself idles lets
   * its predicate ask, too; there it is {@code false} while a guest of that task asks, who looks at
   * all lenders itself. Called in the domain's own thread or in a fiber that it runs.
   */
  public boolean isRecalled() {
    return recalled && !looking && lenderWaits();
  }

  private boolean lenderWaits() {
    recalled = false; // before looking: a wake-up that comes later is for the next look
    looking = true; // one that comes now is not for a predicate that asks, which sees less than we
    try {
      for (Loan l = loan; l != null; l = l.outer) {
        if (holds(l.until)) {
          recalled = true;
          return true;
        }
      }
      return false;
    } finally {
      looking = false;
    }
  }

  /**
   * A predicate that throws shall do so in its lender, and not in the guest that happens to ask.
   */
  private static boolean holds(BooleanSupplier until) {
    try {
      return until.getAsBoolean();
    } catch (Throwable thrown) {
      return true;
    }
  }

  /**
   * Throws {@link DomainsTerminated} if the pool is being closed. For tasks that do not return when
   * they have nothing to do.
   */
  public void checkTerminate() {
    if (pool != null) {
      pool.checkTerminate();
    }
  }

  /** Names the domain. */
  @Override
  public String toString() {
    return thread.getName();
  }
}
