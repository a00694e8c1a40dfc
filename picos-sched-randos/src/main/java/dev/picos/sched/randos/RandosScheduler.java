package dev.picos.sched.randos;

import dev.picos.core.Body;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.domains.DeadlockException;
import dev.picos.domains.Domains;
import dev.picos.domains.Execution;
import dev.picos.domains.VirtualTimer;
import java.lang.System.Logger.Level;
import java.util.Collections;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Runs fibers in a random order, to find out what is wrong with a program that works in most
 * orders.
 *
 * <p>After every operation but a spawn and {@link Fiber#current}, the next fiber to run is chosen
 * among all that are ready. So it is when a fiber blocks in a lock, queue or other class of {@code
 * java.util.concurrent}.
 *
 * <p>On one domain, which is the default, a seed determines all choices: the same program with the
 * same seed runs in the same order, on every machine and JDK. That holds as long as nothing outside
 * the run wakes its fibers: other threads, I/O, timeouts in real time, and timed waits of the JDK,
 * of which the log tells where they are, once for each place. Nor does it hold from one JDK to
 * another where the JDK's own code differs, such as that of {@link java.util.concurrent.Exchanger},
 * or where fibers contend for monitors: before JDK 24 a fiber that owns one is not interrupted by
 * others. The seed determines {@link Fiber#random} as well, and so which of several {@code Event}s
 * that are ready is chosen. On several domains all of this is random too, but not the same twice.
 *
 * <p>What fails in a run carries the seed, as a suppressed exception or in its message. What cannot
 * carry anything, such as an exception without suppression, is logged with the seed.
 *
 * <p>A thread that a fiber starts is such another thread, virtual or not, and so are those of
 * executors, parallel streams and {@code StructuredTaskScope}. It is no fiber of the run, nor is
 * what it spawns: it runs at once and beside the run, on the JDK's own scheduler; the seed does not
 * determine when, its sleeps take real time, and the run does not wait for it. Spawn a fiber for
 * what is to be in the schedule.
 *
 * <p>In {@linkplain Builder#virtualTime virtual time} the clock of {@link Fiber#sleep} and of
 * timeouts stands still while a fiber can run, and jumps to the next deadline when none can. In a
 * {@linkplain Builder#closedWorld closed world}, which that implies, a deadlock ends the run with a
 * {@link DeadlockException}.
 *
 * <p>An instance is only a configuration; each run begins anew with its seed.
 */
public final class RandosScheduler implements Scheduler {
  private static final System.Logger LOGGER = System.getLogger("dev.picos.sched.randos");

  private static final LongFunction<Strategy> RANDOM_WALK = RandomWalk::new;

  /** How many runs an exception tells of: one inside another, or one after another. */
  private static final int MOST_RUNS = 4;

  private final long seed;
  private final int domains;
  private final boolean virtualTime;
  private final boolean closedWorld;
  private final boolean preemptsSpawn;
  private final boolean freshThreads;
  private final LongFunction<? extends Strategy> strategy;

  private RandosScheduler(Builder builder) {
    Execution.checkSupported();
    Long given = builder.seed;
    seed = given == null ? ThreadLocalRandom.current().nextLong() : given;
    domains = builder.domains;
    virtualTime = builder.virtualTime;
    Boolean closed = builder.closedWorld;
    closedWorld = closed == null ? virtualTime : closed;
    preemptsSpawn = builder.preemptsSpawn;
    freshThreads = builder.freshThreads;
    strategy = builder.strategy;
  }

  /**
   * Returns a scheduler with the default settings and a seed by chance.
   *
   * @throws IllegalStateException if the JVM was not started with the flag that this needs; the
   *     message says which
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

  @Override
  public void run(Fiber fiber, Consumer<? super Fiber> main) {
    Objects.requireNonNull(fiber, "fiber");
    Objects.requireNonNull(main, "main");
    VirtualTimer timer = virtualTime ? new VirtualTimer() : null;
    Strategy chooser = Objects.requireNonNull(strategy.apply(seed), "strategy");
    Randos policy = new Randos(new Bag(chooser), preemptsSpawn, timer, toString());
    int most = Math.min(domains, Domains.shared().size());
    Execution execution =
        new Execution(Collections.nCopies(most, policy)).freshThreads(freshThreads).repeatable();
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

  /** Lets an exception tell which run it comes from, or the log, if the exception cannot. */
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

  /** Tells which run an exception comes from. */
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
    private LongFunction<? extends Strategy> strategy = RANDOM_WALK;

    private Builder() {}

    /** Chooses the seed, by chance if nobody does. */
    public Builder seed(long seed) {
      this.seed = seed;
      return this;
    }

    /**
     * Lets runs use so many domains at a time, but no more than the pool has. With more than one,
     * runs cannot be repeated. One by default.
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
     * Chooses whether time passes only while no fiber is ready, and then at once. Timed waits of
     * the JDK take real time nonetheless.
     */
    public Builder virtualTime(boolean virtual) {
      virtualTime = virtual;
      return this;
    }

    /**
     * Declares that nothing but the run's own fibers and timeouts wakes its fibers. A run in which
     * none can run and no timeout is set then throws {@link DeadlockException}, which says where
     * each fiber waits and was spawned; before that, every await of a fiber ends as if the fiber
     * were canceled, with it as the reason, or throws it where cancelation is forbidden: so the
     * fibers clean up and end. Fibers that wait in the JDK are left behind. A fiber in a timed wait
     * of the JDK or in I/O, or one that waits for another run, is not taken for a deadlock, and is
     * logged. One that waits for a thread is, even if a fiber of the run has started that thread.
     *
     * <p>As {@link #virtualTime} unless chosen: where other threads wake fibers of a run in virtual
     * time, the world is not closed.
     */
    public Builder closedWorld(boolean closed) {
      closedWorld = closed;
      return this;
    }

    /**
     * Chooses whether a spawn, too, may let another fiber run. Off by default: with it, a random
     * walk finds fewer bugs, since parents get ahead of their children too rarely.
     */
    public Builder preemptOnSpawn(boolean preempt) {
      preemptsSpawn = preempt;
      return this;
    }

    /**
     * Chooses how to choose, which is a {@link RandomWalk} by default; {@code strategy} makes a new
     * one for each run, from the seed.
     */
    public Builder strategy(LongFunction<? extends Strategy> strategy) {
      this.strategy = Objects.requireNonNull(strategy, "strategy");
      return this;
    }

    /** Gives each fiber a {@link Thread} of its own. */
    public Builder freshThreads(boolean fresh) {
      freshThreads = fresh;
      return this;
    }

    /**
     * Makes the scheduler.
     *
     * @throws IllegalStateException if the JVM was not started with the flag that this needs; the
     *     message says which
     */
    public RandosScheduler build() {
      return new RandosScheduler(this);
    }
  }

  /** Names the settings, as they are to be repeated. */
  @Override
  public String toString() {
    return "RandosScheduler[seed "
        + seed
        + (domains == 1 ? "" : ", domains " + domains + " (cannot be repeated)")
        + (virtualTime ? ", virtual time" : "")
        + (closedWorld == virtualTime ? "" : closedWorld ? ", closed world" : ", open world")
        + (preemptsSpawn ? ", preempts on spawn" : "")
        + (freshThreads ? ", fresh threads" : "")
        + (strategy == RANDOM_WALK ? "" : ", another strategy")
        + "]";
  }
}
