package dev.picos.sched.randos;

import dev.picos.core.Body;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.domains.DeadlockException;
import dev.picos.domains.Domains;
import dev.picos.domains.Execution;
import dev.picos.domains.MissingFlagException;
import dev.picos.domains.UnfinishedRunException;
import dev.picos.domains.UnsupportedJvmException;
import dev.picos.domains.VirtualTimer;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Collections;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Runs fibers in a random order, to find the mistakes of a program that works in most orders.
 *
 * <p>After every operation except a spawn and {@link Fiber#current}, the next fiber to run is
 * chosen at random among all that are ready. The same happens when a fiber blocks in a lock, queue
 * or other class of {@code java.util.concurrent}.
 *
 * <p>The name is the one that the randomized scheduler of Picos for OCaml had first.
 *
 * <p>On one domain, which is the default, a seed determines all choices: the same program with the
 * same seed runs in the same order, on every machine and JDK. This holds as long as nothing outside
 * the run wakes its fibers: no other thread, no I/O, no timeout in real time, and no timed wait of
 * the JDK. (The log says where the run has met such a timed wait, once for each place.) The order
 * may also differ from one JDK to another where the JDK's own code differs, such as that of {@link
 * java.util.concurrent.Exchanger}, and where fibers contend for monitors: before JDK 24, a fiber
 * that owns a monitor lets no other fiber of its domain run. The seed also determines {@link
 * Fiber#random}, and so which of several {@code Event}s that are ready is chosen. On several
 * domains all of these choices are random too, but they cannot be repeated.
 *
 * <p>An exception that comes out of a run carries the seed, in a suppressed exception; that of a
 * deadlock also has it in its message. One that cannot carry anything, because it allows no
 * suppression, is logged with the seed. With {@code -Dpicos.randos.seed=…} among the options of the
 * JVM, every scheduler whose builder is given no seed has that one, so a failure can be repeated
 * without an edit.
 *
 * <p>A virtual thread that a fiber makes and starts is a fiber of the run as well, unless the
 * {@linkplain Builder#adoptsThreads builder} says otherwise: so code that uses {@link
 * Thread#startVirtualThread}, an executor with a virtual thread for each task, or a {@code
 * StructuredTaskScope} is in the schedule as it is. Its sleeps and timed waits take real time.
 *
 * <p>A platform thread counts as something outside, and so do the threads of pools, parallel
 * streams and {@link java.util.concurrent.CompletableFuture#supplyAsync supplyAsync}. Neither such
 * a thread nor a fiber that it spawns belongs to the run: the thread starts at once and runs in
 * parallel with the run. The seed does not determine when it runs, and the run does not wait for
 * it. To have such work in the schedule, spawn a fiber for it.
 *
 * <p>In {@linkplain Builder#virtualTime virtual time} the clock of {@link Fiber#sleep} and of
 * timeouts stands still while a fiber can run, and jumps to the next deadline when none can. In a
 * {@linkplain Builder#closedWorld closed world}, which virtual time implies unless the builder says
 * otherwise, a deadlock ends the run with a {@link DeadlockException}.
 *
 * <p>A run that hangs otherwise ends when its caller is interrupted, as JUnit's {@code @Timeout}
 * does it, or after a {@linkplain Builder#runTimeout timeout}, with an {@link
 * UnfinishedRunException}.
 *
 * <p>An instance is only a configuration: each run starts again from the seed.
 */
public final class RandosScheduler implements Scheduler {
  private static final System.Logger LOGGER = System.getLogger("dev.picos.sched.randos");

  /** The property that gives a seed to those schedulers whose builder was given none. */
  private static final String SEED = "picos.randos.seed";

  private static final LongFunction<Strategy> RANDOM_WALK = RandomWalk::new;

  /** The number of runs, one inside another or one after another, that an exception names. */
  private static final int MOST_RUNS = 4;

  private final long seed;
  private final int domains;
  private final boolean virtualTime;
  private final boolean closedWorld;
  private final boolean preemptsSpawn;
  private final boolean freshThreads;
  private final boolean adoptsThreads;
  private final boolean endsOnInterrupt;
  private final @Nullable Duration runTimeout;
  private final LongFunction<? extends Strategy> strategy;

  private RandosScheduler(Builder builder) {
    Execution.checkSupported();
    Long given = builder.seed == null ? replayedSeed() : builder.seed;
    seed = given == null ? ThreadLocalRandom.current().nextLong() : given;
    domains = builder.domains;
    virtualTime = builder.virtualTime;
    Boolean closed = builder.closedWorld;
    closedWorld = closed == null ? virtualTime : closed;
    preemptsSpawn = builder.preemptsSpawn;
    freshThreads = builder.freshThreads;
    adoptsThreads = builder.adoptsThreads;
    endsOnInterrupt = builder.endsOnInterrupt;
    runTimeout = builder.runTimeout;
    strategy = builder.strategy;
  }

  private static @Nullable Long replayedSeed() {
    String seed = System.getProperty(SEED);
    try {
      return seed == null ? null : Long.valueOf(seed);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(SEED + " must be a whole number: " + seed, e);
    }
  }

  /**
   * Returns a scheduler with the default settings and a random seed, or that of {@code
   * -Dpicos.randos.seed}.
   *
   * @throws IllegalArgumentException if that property is no number
   * @throws MissingFlagException if the JVM was not started with the flag that this needs; the
   *     message says which
   * @throws UnsupportedJvmException if this JVM cannot run fibers with any flag
   */
  public static RandosScheduler create() {
    return builder().build();
  }

  /** Starts to configure a scheduler. */
  public static Builder builder() {
    return new Builder();
  }

  /** Returns the seed of every run. */
  public long seed() {
    return seed;
  }

  /**
   * {@inheritDoc}
   *
   * @throws DeadlockException if the fibers are in a deadlock, in a {@linkplain Builder#closedWorld
   *     closed world}
   * @throws UnfinishedRunException if the run has been given up, because of {@link
   *     Builder#runTimeout} or {@link Builder#endsOnInterrupt}
   */
  @Override
  public void run(Fiber fiber, Consumer<? super Fiber> main) {
    Objects.requireNonNull(fiber, "fiber");
    Objects.requireNonNull(main, "main");
    VirtualTimer timer = virtualTime ? new VirtualTimer() : null;
    Strategy chooser = Objects.requireNonNull(strategy.apply(seed), "strategy");
    Randos policy = new Randos(new Bag(chooser), preemptsSpawn, timer, toString());
    int most = Math.min(domains, Domains.shared().size());
    Execution execution =
        new Execution(Collections.nCopies(most, policy))
            .freshThreads(freshThreads)
            .adoptsThreads(adoptsThreads)
            .endsOnInterrupt(endsOnInterrupt)
            .repeatable();
    if (runTimeout != null) {
      execution.runTimeout(runTimeout);
    }
    if (most == 1) {
      execution.random(new SplittableRandom(seed).split()::nextInt);
    }
    if (timer != null) {
      execution.timer(timer);
    }
    if (closedWorld) {
      execution.closedWorld();
    }
    try {
      execution.run(fiber, main);
    } catch (Throwable thrown) {
      noteSeed(thrown);
      throw thrown;
    }
  }

  /**
   * {@inheritDoc}
   *
   * @throws DeadlockException as {@link #run(Fiber, Consumer)} does
   * @throws UnfinishedRunException as {@code run} does
   */
  @Override
  public <T extends @Nullable Object, E extends Exception> T call(Body<? extends T, E> main)
      throws E {
    try {
      return Scheduler.super.call(main);
    } catch (Throwable thrown) {
      noteSeed(thrown);
      throw thrown;
    }
  }

  /** Adds to an exception which run it comes from, or logs it if the exception cannot carry it. */
  private void noteSeed(Throwable thrown) {
    int runs = 0;
    for (Throwable suppressed : thrown.getSuppressed()) {
      if (suppressed instanceof RunInfo info) {
        if (info.scheduler == this) {
          return;
        }
        runs++;
      }
    }
    if (runs < MOST_RUNS) {
      thrown.addSuppressed(new RunInfo(this));
    }
    if (thrown.getSuppressed().length == 0 || runs == MOST_RUNS) {
      LOGGER.log(Level.INFO, "{0} was thrown in a run of {1}", thrown, this);
    }
  }

  /** Says which run an exception comes from. */
  private static final class RunInfo extends RuntimeException {
    private static final long serialVersionUID = 1L;

    final transient RandosScheduler scheduler;

    RunInfo(RandosScheduler scheduler) {
      super("thrown in a run of " + scheduler, null, false, false);
      this.scheduler = scheduler;
    }
  }

  /** The settings of a {@link RandosScheduler}. */
  public static final class Builder {
    private @Nullable Long seed;
    private int domains = 1;
    private boolean virtualTime;
    private @Nullable Boolean closedWorld;
    private boolean preemptsSpawn;
    private boolean freshThreads;
    private boolean adoptsThreads = true;
    private boolean endsOnInterrupt = true;
    private @Nullable Duration runTimeout;
    private LongFunction<? extends Strategy> strategy = RANDOM_WALK;

    private Builder() {}

    /**
     * Sets the seed. Without one, {@link #build} takes that of {@code -Dpicos.randos.seed}, which
     * repeats a run although nobody has edited the program, or else one at random.
     */
    public Builder seed(long seed) {
      this.seed = seed;
      return this;
    }

    /**
     * Sets the number of domains that a run may use at the same time; it never uses more than the
     * pool has. With more than one domain, runs cannot be repeated. The default is one.
     *
     * @throws IllegalArgumentException if {@code domains} is not positive
     */
    public Builder domains(int domains) {
      if (domains <= 0) {
        throw new IllegalArgumentException("domains must be positive: " + domains);
      }
      this.domains = domains;
      return this;
    }

    /**
     * Sets whether a run has virtual time. It then stands still while a fiber is ready, and when
     * none is, it jumps to the next deadline. Timed waits of the JDK still take real time. The
     * default is real time.
     */
    public Builder virtualTime(boolean virtual) {
      virtualTime = virtual;
      return this;
    }

    /**
     * Declares that only the run's own fibers and timeouts wake its fibers. If no fiber can run and
     * no timeout is set, the run then ends with a {@link DeadlockException}, which says where each
     * fiber waits and where it was spawned. Before the run throws it, every await of a fiber ends
     * as if the fiber had been canceled with that exception, or throws the exception if the fiber
     * forbids cancelation, so that the fibers clean up and end. Fibers that wait in the JDK are
     * left behind.
     *
     * <p>It is not taken for a deadlock, but logged, when a fiber is in a timed wait of the JDK or
     * in I/O, or waits for another run. It is taken for a deadlock when a fiber waits for a thread
     * that the run has not {@linkplain #adoptsThreads adopted}, even if a fiber of the run has
     * started it.
     *
     * <p>The default is a closed world if {@link #virtualTime} is set, and an open one otherwise.
     * Choose an open world where other threads wake the fibers of a run in virtual time.
     */
    public Builder closedWorld(boolean closed) {
      closedWorld = closed;
      return this;
    }

    /**
     * Sets whether another fiber may run after a spawn, too. The default is {@code false}: if
     * spawns let others run, parents get ahead of their children too rarely, and a random walk
     * finds fewer bugs.
     */
    public Builder preemptOnSpawn(boolean preempt) {
      preemptsSpawn = preempt;
      return this;
    }

    /**
     * Sets how the next fiber is chosen. The given function makes a new strategy for each run, from
     * the seed. The default is a {@link RandomWalk}.
     */
    public Builder strategy(LongFunction<? extends Strategy> strategy) {
      this.strategy = Objects.requireNonNull(strategy, "strategy");
      return this;
    }

    /**
     * Sets whether each fiber has a {@link Thread} of its own. By default, several fibers may have
     * the same thread, one after another.
     */
    public Builder freshThreads(boolean fresh) {
      freshThreads = fresh;
      return this;
    }

    /**
     * Sets whether a virtual thread that a fiber makes and starts itself is a fiber of the run,
     * too, as long as it lives: the seed decides when it runs, and the run waits for it. This is
     * the default. Otherwise such a thread runs on the JDK's own scheduler, beside the run.
     */
    public Builder adoptsThreads(boolean adopts) {
      adoptsThreads = adopts;
      return this;
    }

    /**
     * Gives a run up that takes longer than {@code limit}, in real time, also if the run itself has
     * virtual time. It then throws an {@link UnfinishedRunException}, which says what each of its
     * fibers was doing. The default is what {@code -Dpicos.run.timeout} says, such as {@code 30s}
     * or {@code 5m}; without that there is no limit.
     *
     * @throws IllegalArgumentException if {@code limit} is not positive
     */
    public Builder runTimeout(Duration limit) {
      if (!limit.isPositive()) {
        throw new IllegalArgumentException("a run timeout must be positive: " + limit);
      }
      runTimeout = limit;
      return this;
    }

    /**
     * Sets whether an interrupt of the caller of a run gives the run up, as {@link #runTimeout}
     * does; the interrupt status is set again. The default is {@code true}, since a run of this
     * scheduler is a test, which its framework interrupts when it takes too long. A caller that
     * must not get ahead of its fibers chooses {@code false}.
     */
    public Builder endsOnInterrupt(boolean ends) {
      endsOnInterrupt = ends;
      return this;
    }

    /**
     * Makes the scheduler.
     *
     * @throws IllegalArgumentException if the seed comes from {@code -Dpicos.randos.seed}, and that
     *     is no number
     * @throws MissingFlagException if the JVM was not started with the flag that this needs; the
     *     message says which
     * @throws UnsupportedJvmException if this JVM cannot run fibers with any flag
     */
    public RandosScheduler build() {
      return new RandosScheduler(this);
    }
  }

  /** Returns the settings, with which the runs can be repeated. */
  @Override
  public String toString() {
    return "RandosScheduler[seed "
        + seed
        + (domains == 1 ? "" : ", domains " + domains + " (cannot be repeated)")
        + (virtualTime ? ", virtual time" : "")
        + (closedWorld == virtualTime ? "" : closedWorld ? ", closed world" : ", open world")
        + (preemptsSpawn ? ", preempts on spawn" : "")
        + (freshThreads ? ", fresh threads" : "")
        + (adoptsThreads ? "" : ", adopts no threads")
        + (runTimeout == null ? "" : ", run timeout " + runTimeout)
        + (endsOnInterrupt ? "" : ", does not end on interrupt")
        + (strategy == RANDOM_WALK ? "" : ", another strategy")
        + "]";
  }
}
