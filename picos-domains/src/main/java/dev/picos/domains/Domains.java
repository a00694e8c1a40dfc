package dev.picos.domains;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The pool of {@linkplain Domain domains} that all schedulers of the JVM share.
 *
 * <p>It is a bounded set of carrier threads, lent to one scheduler after another. So several
 * libraries, each with a scheduler of its own, do not each bring a thread for every processor; and
 * the number, the names and the life of carrier threads are decided in one place. The pool is no
 * scheduler: it queues nothing but the executions that are to go on and find no domain.
 *
 * <p>An application may {@link #prepare} the pool; libraries never do so, and use {@link #shared}.
 * There are as many domains as processors, or as {@code -Dpicos.domains} says, which also raises
 * the limit. Their threads are daemons, started with the first use. They end when there has been
 * nothing to do for half a minute, or {@code -Dpicos.keepAliveMillis}, and start again when they
 * are needed.
 */
public final class Domains {
  // For maintainers.
  //
  // A lender offers a task to the domains in the order of their numbers, so that when there is
  // little to do, a few domains, whose caches are warm, do it. The number of idle domains is only a
  // hint, which spares a lender the search when the pool is busy; the truth is in each domain's
  // offer.
  //
  // A task that must run though no domain is idle is a call. It waits in a queue, and the domains
  // are recalled: each that has worked for the same task for a QUANTUM leaves that task at its next
  // dispatch and takes the oldest call. No call is left while a domain is idle: a domain publishes
  // that it is idle and then looks for calls, and a caller adds its call and then wakes every
  // domain that is idle.
  //
  // While any domain has a task, or a call waits, the timer's thread looks after the pool, once
  // every BEAT. If no call was taken for as long as PATIENCE, the domains are held up, by fibers
  // that do not give way, and an extra domain answers the calls. A domain that is held up because
  // its fiber blocks it is relieved by another one, idle or extra. Extra domains leave at their
  // next dispatch when a domain of the pool is idle.
  //
  // The looks do not stop too early. When the beat goes off it is no longer set, and the last look
  // then checks whether any domain has a task or a call waits. A domain that gets a task, and a
  // caller, does so first and then reads whether the beat is set. All of these accesses are
  // volatile, so at least one of the two sees what the other did.
  //
  // Difference from the idle-domains library: no list of idle domains, whose entries can be stale
  // there; a task that throws costs no capacity; prepare() returns when the pool is complete,
  // whoever built it; a pool is never closed, as its threads are daemons that end when there is
  // nothing to do.

  private static final long TEN_MILLISECONDS = 10_000_000;

  private static final AtomicReference<@Nullable Domains> SHARED = new AtomicReference<>();

  /** How long a domain works for a task, before it leaves it for one that waits. */
  private static final long QUANTUM = TimeUnit.MILLISECONDS.toNanos(1);

  private static final Duration BEAT = Duration.ofMillis(2);

  /** After how many looks at which no call was taken an extra domain comes. */
  private static final int PATIENCE = 5;

  private final List<Life> lives;
  private final List<Domain> all;
  private final Calls calls = new Calls();
  private final Alarm beat = new Alarm(this::onBeat);
  private final Queue<Domain> extra = new ConcurrentLinkedQueue<>();
  private final int mostInRelief = Property.nonNegative("picos.domains.relief", 256, "domains");
  private final AtomicInteger inRelief = new AtomicInteger();

  // For the one that looks.
  private long takenBefore;
  private int looksWithoutTaking;

  private final AtomicInteger idle = new AtomicInteger();
  private final Duration keepAlive;
  private final Alarm retirement = new Alarm(this::onRetire);

  /** When somebody looked after the pool last, which is when there was something to do last. */
  private volatile long lastLook;

  private final ReentrantLock starting = new ReentrantLock();
  private volatile boolean started;

  /** Makes a pool; tests make their own, and {@link #shared} is the one for everybody. */
  Domains(int size) {
    this(size, Idling::parking);
  }

  Domains(int size, Supplier<? extends Idling> idling) {
    this(
        size,
        Duration.ofMillis(Property.positive("picos.keepAliveMillis", 30_000, "milliseconds")),
        idling);
  }

  Domains(int size, Duration keepAlive) {
    this(size, keepAlive, Idling::parking);
  }

  /** Makes a pool whose threads end when there has been nothing to do for {@code keepAlive}. */
  Domains(int size, Duration keepAlive, Supplier<? extends Idling> idling) {
    this.keepAlive = keepAlive;
    lives = Stream.generate(Life::new).limit(size).toList();
    all =
        IntStream.range(0, size)
            .mapToObj(id -> new Domain(this, id, lives.get(id), newIdling(idling)))
            .toList();
  }

  private static Idling newIdling(Supplier<? extends Idling> idling) {
    return Objects.requireNonNull(idling.get(), "a strategy that idling supplies");
  }

  /**
   * Sizes the shared pool and starts it. This is for applications. The first call decides on the
   * size, or the first use of the pool; any other call returns the same pool, whatever it asks for.
   * Returns when the pool is complete.
   *
   * @param size the number of domains, taken as the nearest number between 1 and the limit
   * @throws OutOfMemoryError if the threads cannot be started; the next use tries again
   */
  public static Domains prepare(int size) {
    return prepare(size, Idling::parking);
  }

  /**
   * Sizes and starts the shared pool as {@link #prepare(int)} does, and chooses how its domains
   * wait while they have nothing to do.
   *
   * {@snippet :
   * Domains.prepare(2, Idling::spinning); // two processors are ours
   * }
   *
   * <p>A domain whose thread has ended, for want of work, does not spin either; so whoever buys
   * latency also sets {@code -Dpicos.keepAliveMillis}. Extra domains never wait.
   *
   * @param idling makes one for each domain
   * @throws OutOfMemoryError if the threads cannot be started; the next use tries again
   */
  public static Domains prepare(int size, Supplier<? extends Idling> idling) {
    Objects.requireNonNull(idling, "idling");
    Domains domains = SHARED.get();
    if (domains == null) {
      SHARED.compareAndSet(null, new Domains(Math.clamp(size, 1, limit()), idling));
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
    return Property.positive(
        "picos.domains", Runtime.getRuntime().availableProcessors(), "domains");
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
   * Says what the domains do, and how many fibers of each execution run, are ready, wait, or have
   * not had a turn yet, for people: a line for each. It looks at every virtual thread of the JVM,
   * without stopping any, so the numbers need not fit together while fibers run. A service without
   * fibers is not listed, nor are fibers of {@link dev.picos.core.ThreadScheduler}, which are
   * ordinary virtual threads.
   *
   * <pre>{@code
   * 2 domains, 1 of them idle
   *   picos-domain-0 runs multififo
   *   picos-domain-1 is idle
   * multififo: 1,003 fibers: 1 running, 2 ready, 1,000 waiting, 0 not started
   * }</pre>
   *
   * <p>{@code jcmd PID Thread.dump_to_file FILE} says where each fiber is.
   */
  public String describe() {
    return Overview.of(this, List.copyOf(extra));
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
   * Lends an idle domain to {@code task}, if possible one that no other task has put to sleep,
   * since that task would have to wait until {@code task} gives way. Makes one attempt, queues
   * nothing, waits for nobody and, once the pool has started, allocates nothing.
   *
   * @return {@code true} if {@code task} will be run, exactly once, and will see everything that
   *     the caller did before; {@code false}, which may be spurious, if it never will be run, for
   *     instance because no domain is idle
   * @throws OutOfMemoryError if the threads of the pool cannot be started; the task never runs
   *     then, and the next call tries again
   */
  public boolean trySpawn(DomainTask task) {
    Objects.requireNonNull(task, "task");
    ensureStarted();
    return idle.get() > 0 && (tryLend(task, false) || tryLend(task, true));
  }

  /**
   * Lends a domain on which nothing is going on; or, if {@code any}, also one whose task sleeps and
   * would have to wait for this one to give way.
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
      startExtra(task);
    }
  }

  /**
   * Runs {@code task} on an extra domain, which it leaves if one of the pool is idle.
   *
   * @throws OutOfMemoryError if no thread can be started; the task never runs then
   */
  private void startExtra(DomainTask task) {
    Domain domain =
        new Domain(
            this,
            -1,
            here -> {
              try {
                here.lend(here.loan(() -> idle.get() > 0), task);
              } finally {
                extra.remove(here);
              }
            });
    boolean isStarted = false;
    extra.add(domain);
    try {
      domain.start();
      isStarted = true;
    } finally {
      if (!isStarted) {
        extra.remove(domain);
      }
    }
  }

  /**
   * Runs {@code call} as soon as a domain can: on one that is idle, or else on one that leaves the
   * task that it has. Once the pool has been started, this cannot fail, and takes no memory.
   */
  void call(Calls.Call call) {
    try {
      if (trySpawn(call)) {
        return;
      }
    } catch (OutOfMemoryError noThread) {
      // Whoever looks after the pool tries again.
    }
    calls.add(call);
    for (int i = 0; i < all.size(); i++) {
      all.get(i).recall();
    }
    watch();
  }

  /** Sees to it that somebody looks after the pool as long as there is anything to do. */
  void watch() {
    WheelTimer.setIfPossible(beat, BEAT);
  }

  private void onBeat() {
    try {
      lookAfterCalls();
      for (int i = 0; i < all.size(); i++) {
        lookAfter(all.get(i));
      }
      for (Domain domain : extra) {
        lookAfter(domain);
      }
    } catch (OutOfMemoryError | LinkageError noLook) {
      // There was no memory for a thread, or to take a stack. The next look tries again.
    } finally {
      lastLook = System.nanoTime();
      if (isBusy()) {
        watch();
      } else {
        retireLater();
      }
    }
  }

  private boolean isBusy() {
    if (!extra.isEmpty() || !calls.isEmpty()) {
      return true;
    }
    for (int i = 0; i < all.size(); i++) {
      if (all.get(i).task() != null) {
        return true;
      }
    }
    return false;
  }

  private void lookAfterCalls() {
    long taken = calls.taken();
    if (calls.isEmpty() || taken != takenBefore) {
      takenBefore = taken;
      looksWithoutTaking = 0;
    } else if (++looksWithoutTaking >= PATIENCE) {
      looksWithoutTaking = 0;
      startExtra(this::answer);
    }
  }

  private void lookAfter(Domain domain) {
    DomainTask relief = domain.look();
    if (relief != null) {
      relieve(relief);
    }
    if (domain.id() < 0 && idle.get() > 0) {
      domain.recall();
    }
  }

  /** Has another domain do {@code relief}, as long as there are not too many of these. */
  private void relieve(DomainTask relief) {
    if (inRelief.get() >= mostInRelief || trySpawn(relief)) {
      return;
    }
    inRelief.getAndIncrement();
    boolean isStarted = false;
    try {
      startExtra(
          here -> {
            try {
              relief.run(here);
            } finally {
              inRelief.getAndDecrement();
            }
          });
      isStarted = true;
    } finally {
      if (!isStarted) {
        inRelief.getAndDecrement();
      }
    }
  }

  /** What an extra domain does. */
  private void answer(Domain here) {
    for (Calls.Call call = calls.poll(); call != null; call = calls.poll()) {
      call.run(here);
    }
  }

  /**
   * Starts the threads of the pool, unless they run, and waits until all of them are on offer.
   *
   * @throws OutOfMemoryError if a thread cannot be started; the next call tries again
   */
  void ensureStarted() {
    if (started) {
      return;
    }
    starting.lock();
    try {
      if (!started) {
        for (Domain domain : all) {
          if (domain.isNew()) { // else an earlier start has failed later on, or it has stayed
            domain.start();
          }
        }
        all.forEach(Domain::awaitUp);
        Relief.rehearse();
        started = true;
      }
    } finally {
      starting.unlock();
    }
  }

  // The end of threads that have nothing to do.

  // For maintainers.
  //
  // The thread of a domain ends itself, and nobody waits for that: the timer's thread, which asks
  // for it, has timeouts to serve. The thread decides under the lock that also guards the start of
  // threads. So it finds out that the pool has been started again, and stays; or whoever starts the
  // pool finds that the domain has no thread.

  /** Sees to it that the threads end if there is nothing to do for a while. */
  private void retireLater() {
    for (int i = 0; i < all.size(); i++) {
      if (!all.get(i).isNew()) {
        WheelTimer.setIfPossible(retirement, keepAlive);
        return;
      }
    }
  }

  private void onRetire() {
    if (beat.isSet()) {
      return; // the one that looks last sees to it again
    }
    if (System.nanoTime() - lastLook < keepAlive.toNanos() || !tryRetire()) {
      retireLater();
    }
  }

  /**
   * Asks the threads that are idle to end, unless somebody is just starting the pool. A lender that
   * comes meanwhile may find no domain idle, as when all of them are busy; the next one starts the
   * threads again.
   */
  private boolean tryRetire() {
    if (!starting.tryLock()) {
      return false;
    }
    try {
      started = false;
      for (int id = 0; id < all.size(); id++) {
        boolean unused = all.get(id).tryLend(lives.get(id).end);
      }
      return true;
    } finally {
      starting.unlock();
    }
  }

  /** Lets the calling thread of {@code here} end, unless it is needed; returns whether it is to. */
  private boolean tryEnd(Domain here) {
    starting.lock();
    try {
      if (started || !calls.isEmpty()) {
        return false;
      }
      here.leaveThread();
      return true;
    } finally {
      starting.unlock();
    }
  }

  /**
   * What a domain of the pool does: it is on offer until a call waits, over and over again, until
   * its end is lent to it.
   */
  private final class Life implements DomainTask, BooleanSupplier {
    final DomainTask end = here -> isOver = true;

    /** Whether the end has come; only the thread of the domain uses it. */
    private boolean isOver;

    private @Nullable Domain here;
    private boolean hasReported;

    @Override
    public void run(Domain here) {
      this.here = here;
      do {
        isOver = false;
        while (!isOver) {
          work(here);
        }
      } while (!tryEnd(here));
    }

    private void work(Domain here) {
      try {
        here.idle(this);
        if (!isOver) {
          here.answer(calls, this);
        }
      } catch (OutOfMemoryError full) {
        LockSupport.parkNanos(TEN_MILLISECONDS); // nobody would start the thread again
      } catch (Throwable byIdling) {
        if (!hasReported) {
          hasReported = true;
          here.report(byIdling);
        }
        LockSupport.parkNanos(TEN_MILLISECONDS); // likewise
      }
    }

    @Override
    public boolean getAsBoolean() {
      return isOver || (here != null && !calls.isEmpty() && here.isFreeFor(QUANTUM));
    }
  }

  void countIdle(int change) {
    idle.getAndAdd(change);
  }
}
