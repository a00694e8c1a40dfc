package dev.picos.domains;

import java.lang.management.ManagementFactory;
import java.security.AccessController;
import java.security.PrivilegedAction;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A carrier thread: a platform thread that runs the slices of fibers, lent to one scheduler at a
 * time.
 *
 * <p>The domains of the pool have consecutive {@linkplain #id() numbers}. A scheduler that finds no
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
  // Invariant: a task is put into offer only in place of IDLE, and is taken out only to be run. So
  // an offer that was accepted is run exactly once, and nothing can be offered to a domain that has
  // stopped waiting. There is no list of idle domains that could be out of date.
  //
  // No wake-up is lost. The domain publishes IDLE, then evaluates its predicate and looks for an
  // offer, and only then parks. A thread that makes the predicate true, or makes an offer, does so
  // first and then unparks the domain, and an unpark that comes before the park makes park() return
  // at once. An unpark that comes while the domain is busy may be used up by a fiber that parks on
  // its carrier; nothing relies on such an unpark, since the domain evaluates its predicate anew
  // whenever it starts to wait.
  //
  // Ordering: offer is changed by volatile operations only. Through them, the task sees everything
  // that the lender did before trySpawn.

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

  private static volatile @Nullable Lookup lookup;

  private final @Nullable Domains pool;
  private final int id;
  private final String name;
  private final DomainTask work;
  private final Idling idling;
  private volatile @Nullable Carrier thread;
  private final AtomicReference<DomainTask> offer = new AtomicReference<>(BUSY);
  private volatile boolean recalled;
  private volatile @Nullable DomainTask task;

  /** Open when a lender has been able to find this domain since its thread was started. */
  private volatile CountDownLatch up = new CountDownLatch(1);

  /** When the task was begun; only this thread uses it. */
  private long begun;

  /**
   * The loans of the tasks that run here at present, innermost first; only this thread uses them.
   */
  private @Nullable Loan loan;

  /**
   * Whether the predicates of lenders are being evaluated for a guest; only this thread uses it.
   */
  private boolean looking;

  /** What is kept here for the tasks that run here, if anything; only this thread writes it. */
  volatile @Nullable Attachment attachment;

  record Loan(BooleanSupplier until, @Nullable Loan outer) {}

  /** Something that is kept in a domain for the tasks that run there. */
  interface Attachment {
    /**
     * Called now and then while the domain has a task, by one thread at a time. Returns what
     * another domain is to do because this one is held up, if it is; that other domain may also not
     * come.
     */
    @Nullable DomainTask look();

    /** Called when the domain ends, in its thread. */
    void domainEnds();
  }

  /** Knows the virtual threads that tasks run on their domains. */
  interface Lookup {
    /** Returns the domain that a virtual thread runs on at present, if it is such a thread. */
    @Nullable Domain domainOf(Thread virtualThread);
  }

  private static final class Carrier extends Thread {
    final Domain domain;

    Carrier(Domain domain) {
      super(null, null, domain.name, 0, false); // inherits no locals and no context class loader
      this.domain = domain;
      setDaemon(true);
    }

    @Override
    public void run() {
      try {
        JdkPollers.start();
        domain.work.run(domain);
      } finally {
        if (domain.thread == this) {
          domain.leaveThread();
        }
      }
    }
  }

  /** Makes a domain whose thread, each time that it is started, does {@code work} and ends. */
  Domain(@Nullable Domains pool, int id, DomainTask work) {
    this(pool, id, work, Idling.parking());
  }

  /** As the other constructor; {@code idling} says how it waits. */
  Domain(@Nullable Domains pool, int id, DomainTask work, Idling idling) {
    this.pool = pool;
    this.id = id;
    this.work = work;
    this.idling = idling;
    this.name = "picos-domain-" + (id < 0 ? "extra" : Integer.toString(id));
  }

  /**
   * Makes the thread. Before JDK 24 a thread keeps the class loaders of all that is on the stack
   * which makes it, down to a privileged action; the first user has no part in that.
   */
  @SuppressWarnings("removal")
  private Carrier newThread() {
    return AccessController.doPrivileged((PrivilegedAction<Carrier>) () -> new Carrier(this));
  }

  /**
   * Returns the domain that the calling thread is or, if it is a virtual thread, runs on; or {@code
   * null}.
   */
  static @Nullable Domain current() {
    Thread thread = Thread.currentThread();
    if (thread instanceof Carrier carrier) {
      return carrier.domain;
    }
    Lookup known = thread.isVirtual() ? lookup : null;
    return known == null ? null : known.domainOf(thread);
  }

  /**
   * Makes {@link #current} find the domains of virtual threads. Code that runs such threads calls
   * it once.
   */
  static void register(Lookup lookup) {
    Domain.lookup = lookup;
  }

  /**
   * Starts the thread. This is called for the first time, or when the thread has ended.
   *
   * @throws OutOfMemoryError if it cannot be started; it can be tried again
   */
  void start() {
    Carrier carrier = newThread();
    up = new CountDownLatch(1);
    thread = carrier;
    boolean isStarted = false;
    try {
      carrier.start();
      isStarted = true;
    } finally {
      if (!isStarted) {
        thread = null;
      }
    }
  }

  /** Called in the thread when it is about to end; from then on another one can be started. */
  void leaveThread() {
    Attachment attached = attachment;
    try {
      if (attached != null) {
        attached.domainEnds();
      }
    } finally {
      attachment = null;
      thread = null; // last: the next one may start
    }
  }

  /** What the JVM says of this domain's thread. */
  Thread.State state() {
    Carrier carrier = thread;
    return carrier == null ? Thread.State.NEW : carrier.getState();
  }

  /** How long this domain has had a processor, in nanoseconds; -1 if the JVM does not tell. */
  long processorTime() {
    Carrier carrier = thread;
    if (carrier == null) {
      return -1;
    }
    try {
      return ManagementFactory.getThreadMXBean().getThreadCpuTime(carrier.threadId());
    } catch (UnsupportedOperationException | Error noAnswer) {
      return -1; // such as in a JVM without java.management, or in a full heap
    }
  }

  /** Looks after this domain; returns what another one is to do if this one is held up. */
  @Nullable DomainTask look() {
    Attachment attached = attachment;
    return attached == null || task == null ? null : attached.look();
  }

  /** Waits until this domain has been on offer since its thread was started. */
  void awaitUp() {
    boolean interrupted = false;
    while (up.getCount() > 0) {
      try {
        up.await();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether this domain is waiting in {@link #idle}, or has been given a task there. */
  boolean isOnOffer() {
    return offer.get() != BUSY;
  }

  /** Whether there is no thread, since it was not started, or is about to end. */
  boolean isNew() {
    return thread == null;
  }

  /** Returns the number of this domain in the pool, from 0; -1 for an extra domain. */
  public int id() {
    return id;
  }

  /**
   * Returns the task that this domain of the pool runs, the innermost one if the domain was lent
   * on, or {@code null}. This is for observers: the domain may run another task by the time they
   * look. The {@code toString()} of a scheduler's task names the scheduler.
   */
  public @Nullable DomainTask task() {
    return task;
  }

  /**
   * Returns the next domain in a fixed cycle through the whole pool; an extra domain is a cycle of
   * its own.
   */
  public Domain next() {
    return pool == null || id < 0 ? this : pool.all().get((id + 1) % pool.size());
  }

  /**
   * Waits in this domain, and lends it out while it waits, until {@code until} is true.
   *
   * <p>If it is true at once, nothing is run. Otherwise {@code until} is evaluated again after
   * every {@link #wakeup} and after every task that was run meanwhile, and any number of times
   * more; it must be quick, must not block and must not call operations of the pool. A task that
   * was accepted is run before this returns, even if {@code until} has become true. Calls may nest:
   * a task may call this as well. An interrupt does not end the wait, and the status is kept. If
   * {@code until} throws, this throws the same, and the domain is no longer lent out; what tasks
   * throw does not leave this method. Once a task has been accepted, nothing that the domain does
   * of its own accord needs memory.
   *
   * <p>The caller must hold no monitor: a guest may run slices of fibers, and a fiber that parks
   * takes with it the record of the monitors that its carrier holds.
   *
   * @throws IllegalStateException if the calling thread is not this domain's own
   * @throws OutOfMemoryError if there is no memory to begin with; the domain has not been on offer
   *     then
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
        offer.set(IDLE);
        countIdle(1);
        up.countDown(); // from now on a lender finds it
        try {
          DomainSlept slept = null;
          while (offer.get() == IDLE && !until.getAsBoolean()) {
            if (slept == null) {
              slept = FlightRecording.beginSlept();
            }
            idling.idle();
            interrupted |= Thread.interrupted();
          }
          FlightRecording.end(slept, this);
          idling.reset();
        } finally {
          interrupted |= Thread.interrupted(); // a guest starts with a clean status
          leaveIdle(loan);
        }
      }
    } finally {
      recalled = true; // perhaps another lender waits too
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Stops being on offer; runs the task first if one was offered. */
  private void leaveIdle(Loan mine) {
    DomainTask guest = offer.getAndSet(BUSY);
    if (guest == IDLE) {
      countIdle(-1);
    } else {
      lend(mine, guest);
    }
  }

  /** Runs the oldest of {@code calls}, if any; {@code until} says when it is to leave. */
  void answer(Calls calls, BooleanSupplier until) {
    Loan mine = new Loan(until, loan); // before: a call that has been taken must be run
    Calls.Call call = calls.poll();
    if (call != null) {
      lend(mine, call);
    }
  }

  /** Returns what {@link #lend} needs; {@code until} says when the guest is to leave. */
  Loan loan(BooleanSupplier until) {
    return new Loan(until, loan);
  }

  /** Runs {@code guest} in this domain's own thread. */
  void lend(Loan mine, DomainTask guest) {
    loan = mine;
    recalled = true; // so that the guest looks once at what its lender waits for
    DomainTask lender = task;
    task = guest;
    if (pool != null) {
      pool.watch(); // after: it stops when there are no tasks
    }
    begun = System.nanoTime();
    DomainLent lent = FlightRecording.beginLent();
    try {
      guest.run(this);
    } catch (Throwable thrown) {
      report(thrown);
    } finally {
      task = lender;
      loan = mine.outer;
      boolean unused = Thread.interrupted(); // what a guest leaves is not its lender's
    }
    FlightRecording.end(lent, this, guest);
  }

  private void countIdle(int change) {
    if (pool != null && id >= 0) {
      pool.countIdle(change);
    }
  }

  /** Tells the handler of uncaught exceptions, in this domain's own thread. */
  void report(Throwable thrown) {
    try {
      Thread here = Thread.currentThread();
      here.getUncaughtExceptionHandler().uncaughtException(here, thrown);
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
   * Makes the {@link #idle} in progress in this domain evaluate its predicate at least once more;
   * the predicate then sees everything that the caller did before. If a task is running in the
   * domain meanwhile, it is asked to leave. If no {@code idle} is in progress, this has no effect.
   * It may be called from any thread.
   */
  public void wakeup() {
    recalled = true;
    LockSupport.unpark(thread);
  }

  /** Asks the task that runs here, if any, to look whether it is to leave; else ends the wait. */
  void recall() {
    recalled = true;
    if (isOnOffer()) {
      LockSupport.unpark(thread);
    }
  }

  /**
   * Whether the task that runs here, if any, has had this domain for {@code nanos}. If not, it will
   * ask again whether it is to leave. For the predicate of a lender.
   */
  boolean isFreeFor(long nanos) {
    if (task == null || System.nanoTime() - begun >= nanos) {
      return true;
    }
    recalled = true;
    return false;
  }

  /**
   * Returns whether a lender of this domain has work for it again, that is, whether the predicate
   * holds of an {@link #idle} in which the caller's task runs. A task asks whenever it is about to
   * run another fiber, which costs a read of one flag, and leaves if the answer is {@code true}. A
   * task that itself idles lets its predicate ask, too; the predicate gets {@code false} while a
   * guest of that task asks, since the guest looks at all lenders itself. This is called in the
   * domain's own thread or in a fiber that it runs.
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
   * A predicate that throws is to do so in its lender, and not in the guest that happens to ask.
   */
  private static boolean holds(BooleanSupplier until) {
    try {
      return until.getAsBoolean();
    } catch (Throwable thrown) {
      return true;
    }
  }

  /** Names the domain. */
  @Override
  public String toString() {
    return name;
  }
}
