package dev.picos.domains;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The pool of {@linkplain Domain domains} that all schedulers of the JVM share.
 *
 * <p>A bounded set of carrier threads, lent to one scheduler after another. So several libraries,
 * each with a scheduler of its own, do not each bring a thread for every processor; and the number,
 * the names and the life of carrier threads are decided in one place. The pool is no scheduler: it
 * queues nothing.
 *
 * <p>An application may {@link #prepare} the pool; libraries never do, they use {@link #shared}.
 * There are as many domains as processors, or as {@code -Dpicos.domains} says, which also raises
 * the limit. Their threads are daemons, started with the first use.
 */
public final class Domains {
  // For maintainers.
  //
  // A lender offers a task to the domains in the order of their numbers, so that few of them, whose
  // caches are warm, do what little there may be to do. The number of idle domains is only a hint
  // that spares a busy pool the round; the truth is in each domain's offer.
  //
  // Difference from the idle-domains library: no list of idle domains, whose entries can be stale
  // there; a task that throws costs no capacity; nothing is accepted once closing has begun;
  // prepare() returns when the pool is complete, whoever built it.

  /** How much of what tasks threw is kept for {@link #close}. */
  private static final int FAILURES = 100;

  private static final AtomicReference<@Nullable Domains> SHARED = new AtomicReference<>();

  private final List<Domain> all;
  private final AtomicInteger idle = new AtomicInteger();
  private final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
  private final CountDownLatch up;
  private final ReentrantLock starting = new ReentrantLock();
  private volatile boolean started;
  private volatile boolean terminated;

  /** Makes a pool, for tests as well; {@link #shared} is the one for everybody. */
  Domains(int size) {
    List<Domain> domains = new ArrayList<>(size);
    for (int id = 0; id < size; id++) {
      domains.add(new Domain(this, id, this::live));
    }
    all = List.copyOf(domains);
    up = new CountDownLatch(size);
  }

  /**
   * Sizes the shared pool and starts it. For applications. The first call decides, or the first
   * use; any other call returns the same pool whatever it asks for. Returns when the pool is
   * complete.
   *
   * @param size how many domains, taken as the nearest number between 1 and the limit
   */
  public static Domains prepare(int size) {
    Domains domains = SHARED.get();
    if (domains == null) {
      SHARED.compareAndSet(null, new Domains(Math.clamp(size, 1, limit())));
      domains = Objects.requireNonNull(SHARED.get());
    }
    domains.ensureStarted();
    return domains;
  }

  /** Returns the shared pool. It starts no threads before the first task. */
  public static Domains shared() {
    Domains domains = SHARED.get();
    if (domains == null) {
      SHARED.compareAndSet(null, new Domains(limit()));
      domains = Objects.requireNonNull(SHARED.get());
    }
    return domains;
  }

  private static int limit() {
    String property = System.getProperty("picos.domains");
    if (property == null) {
      return Runtime.getRuntime().availableProcessors();
    }
    try {
      int limit = Integer.parseInt(property);
      if (limit > 0) {
        return limit;
      }
    } catch (NumberFormatException e) {
      // reported below
    }
    throw new IllegalArgumentException(
        "-Dpicos.domains must be a positive number of domains: " + property);
  }

  /** Returns how many domains there are. */
  public int size() {
    return all.size();
  }

  /** Returns all domains, by their numbers. */
  public List<Domain> all() {
    return all;
  }

  /**
   * Returns the domain of this pool that runs the caller, a fiber or a task. For a fiber it may be
   * another one after any operation.
   *
   * @throws IllegalStateException if none does
   */
  public Domain self() {
    return current()
        .orElseThrow(
            () -> new IllegalStateException(Thread.currentThread() + " is not run by a domain"));
  }

  /** Returns the domain of this pool that runs the caller, if one does. */
  public Optional<Domain> current() {
    return Optional.ofNullable(Domain.current()).filter(all::contains);
  }

  /** Returns how many domains are idle, which may be different when the caller looks again. */
  public int idleCount() {
    return Math.clamp(idle.get(), 0, size());
  }

  /**
   * Lends a domain that is idle to {@code task}; if there is one, a domain that no other task has
   * put to sleep, since that would have to wait until {@code task} gives way. Makes one attempt,
   * queues nothing, waits for nobody and, once the pool has started, allocates nothing.
   *
   * @return {@code true} if {@code task} will be run, exactly once, with everything visible that
   *     the caller did before; {@code false}, which may be spurious, if it never will, as when no
   *     domain is idle or the pool is being closed
   */
  public boolean trySpawn(DomainTask task) {
    Objects.requireNonNull(task, "task");
    ensureStarted();
    return !terminated && idle.get() > 0 && (tryLend(task, false) || tryLend(task, true));
  }

  /**
   * Lends a domain on which nothing is going on, or any: one whose task sleeps, too, which would
   * have to wait for this one to give way.
   */
  private boolean tryLend(DomainTask task, boolean any) {
    for (int i = 0; i < all.size(); i++) { // an iterator would be an allocation
      Domain domain = all.get(i);
      if ((any || domain.task() == null) && domain.tryLend(task)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Runs {@code task} on a domain that is idle or else on an extra one, which ends with it.
   *
   * @throws OutOfMemoryError if the thread that it needs cannot be started; the task never runs
   *     then
   */
  void spawn(DomainTask task) {
    if (!trySpawn(task)) {
      new Domain(null, -1, task).start();
    }
  }

  private void ensureStarted() {
    if (started) {
      return;
    }
    starting.lock();
    try {
      if (terminated) {
        return;
      }
      for (Domain domain : all) {
        if (domain.isNew()) { // else somebody is starting the pool too, or has tried and failed
          domain.start();
        }
      }
    } finally {
      starting.unlock();
    }
    await(up);
    started = true;
  }

  private void live(Domain here) {
    here.idle(new End(here));
  }

  /** What a domain of the pool waits for when it has nothing else to do. */
  private final class End implements BooleanSupplier {
    private final Domain here;
    private boolean isUp;

    End(Domain here) {
      this.here = here;
    }

    @Override
    public boolean getAsBoolean() {
      boolean end = terminated;
      if (!isUp && (end || here.isOnOffer())) {
        isUp = true;
        up.countDown(); // from now on trySpawn finds it
      }
      return end;
    }
  }

  private static void await(CountDownLatch latch) {
    boolean interrupted = false;
    while (latch.getCount() > 0) {
      try {
        latch.await();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Throws {@link DomainsTerminated} once {@link #close} has been called. Costs one volatile read.
   */
  public void checkTerminate() {
    if (terminated) {
      throw new DomainsTerminated();
    }
  }

  /**
   * Ends the pool: accepts no more tasks, lets those that were accepted run, and waits until all
   * domains have ended. Schedulers can go on to run on extra domains. Idempotent.
   *
   * @throws IllegalStateException if called by a task or a fiber on one of the domains, which would
   *     wait for itself
   * @throws DomainTasksFailedException if tasks threw, with what they threw, the first hundred or
   *     so; once
   */
  public void close() {
    if (current().isPresent()) {
      throw new IllegalStateException("a domain cannot close its pool: it would wait for itself");
    }
    starting.lock();
    try {
      terminated = true;
    } finally {
      starting.unlock();
    }
    all.forEach(Domain::wakeup);
    all.forEach(Domain::join);
    List<Throwable> thrown = new ArrayList<>();
    for (Throwable t = failures.poll(); t != null; t = failures.poll()) {
      thrown.add(t);
    }
    if (!thrown.isEmpty()) {
      throw new DomainTasksFailedException(thrown);
    }
  }

  void countIdle(int change) {
    idle.getAndAdd(change);
  }

  void failed(Throwable thrown) {
    if (failures.size() < FAILURES) { // or a few more, when several fail at once
      failures.add(thrown);
    }
  }
}
