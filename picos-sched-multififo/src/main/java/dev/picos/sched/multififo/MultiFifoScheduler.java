package dev.picos.sched.multififo;

import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.domains.Domains;
import dev.picos.domains.Execution;
import dev.picos.domains.Fifo;
import dev.picos.domains.MissingFlagException;
import dev.picos.domains.Service;
import dev.picos.domains.UnfinishedRunException;
import dev.picos.domains.UnsupportedJvmException;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs fibers on several domains at once, each in FIFO order.
 *
 * <p>A fiber that is spawned or resumed goes to the domain where that was done, or to any domain if
 * a thread outside did it. A domain that has no fiber takes one from another domain, and fibers
 * that keep yielding spread over all domains evenly. So a fiber may find itself on another domain
 * after any operation. One that is resumed because it is canceled goes ahead of others. With a
 * {@linkplain Builder#quota quota}, a fiber also gives way after the given number of operations;
 * without one, it runs until it awaits, yields or ends.
 *
 * <p>The domains are those of the {@linkplain Domains#shared() shared pool}. A run begins on one,
 * calls others in when fibers wait, as far as some are idle and up to {@link Builder#domains}, and
 * lets them go when there is nothing for them to do. A fiber that waits while all domains of the
 * run compute without giving way is found within a few milliseconds, if another domain is idle.
 *
 * <p>An instance is only a configuration; it may serve any number of runs and services, even at the
 * same time, which share nothing but the pool.
 */
public final class MultiFifoScheduler implements Scheduler {
  private final int domains;
  private final int quota;
  private final boolean freshThreads;
  private final boolean adoptsThreads;
  private final boolean endsOnInterrupt;
  private final @Nullable Duration runTimeout;

  private MultiFifoScheduler(Builder builder) {
    Execution.checkSupported();
    domains = builder.domains;
    quota = builder.quota;
    freshThreads = builder.freshThreads;
    adoptsThreads = builder.adoptsThreads;
    endsOnInterrupt = builder.endsOnInterrupt;
    runTimeout = builder.runTimeout;
  }

  /**
   * Returns a scheduler with the default settings.
   *
   * @throws MissingFlagException if the JVM was not started with the flag that this needs; the
   *     message says which
   * @throws UnsupportedJvmException if this JVM cannot run fibers with any flag
   */
  public static MultiFifoScheduler create() {
    return builder().build();
  }

  /** Starts to configure a scheduler. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * {@inheritDoc}
   *
   * @throws UnfinishedRunException if the run has been given up, because of {@link
   *     Builder#runTimeout} or {@link Builder#endsOnInterrupt}
   */
  @Override
  public void run(Fiber fiber, Consumer<? super Fiber> main) {
    execution().run(fiber, main);
  }

  /**
   * Starts a service: a run that takes work from any thread until it is closed.
   *
   * @throws OutOfMemoryError if a domain was needed and could not be had
   */
  public Service start() {
    return execution().start();
  }

  private Execution execution() {
    int lanes = Math.min(domains, Domains.shared().size());
    Execution execution =
        lanes == 1
            ? new Execution(new Fifo("multififo", quota))
            : new Execution(new Lanes(lanes, quota).all());
    if (runTimeout != null) {
      execution.runTimeout(runTimeout);
    }
    return execution
        .freshThreads(freshThreads)
        .adoptsThreads(adoptsThreads)
        .endsOnInterrupt(endsOnInterrupt);
  }

  /** The settings of a {@link MultiFifoScheduler}. */
  public static final class Builder {
    private int domains = Integer.MAX_VALUE;
    private int quota = Integer.MAX_VALUE;
    private boolean freshThreads;
    private boolean adoptsThreads;
    private boolean endsOnInterrupt;
    private @Nullable Duration runTimeout;

    private Builder() {}

    /**
     * Limits a run to the given number of domains at a time. The default is the size of the pool,
     * and a run never has more.
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
     * Makes a fiber give way after {@code operations} operations that did not suspend it: spawns,
     * timeouts set, and awaits that ended at once. By default the number is practically unlimited.
     *
     * @throws IllegalArgumentException if {@code operations} is not positive
     */
    public Builder quota(int operations) {
      if (operations <= 0) {
        throw new IllegalArgumentException("quota must be positive: " + operations);
      }
      quota = operations;
      return this;
    }

    /**
     * Gives each fiber a {@link Thread} of its own, which makes spawning slower. Without it a fiber
     * may have the {@code Thread} that ended fibers had before; its thread locals, name and
     * interrupt status are as new either way. This is for code that takes the identity of a {@code
     * Thread} for that of a task.
     */
    public Builder freshThreads(boolean fresh) {
      freshThreads = fresh;
      return this;
    }

    /**
     * Sets whether a virtual thread that a fiber makes and starts itself is a fiber, too, as long
     * as it lives: this scheduler decides when it runs, and the run or service waits for it. Such
     * are the threads of {@code Executors.newVirtualThreadPerTaskExecutor()}, of {@link
     * Thread#startVirtualThread} and of a {@code StructuredTaskScope}. By default they run on the
     * JDK's own scheduler, and may outlive the run.
     */
    public Builder adoptsThreads(boolean adopts) {
      adoptsThreads = adopts;
      return this;
    }

    /**
     * Gives a run up that takes longer than {@code limit}, in real time. It then throws an {@link
     * UnfinishedRunException}, which says what each of its fibers was doing. This is for tests that
     * hang; spawning takes longer with it. It has no effect on {@linkplain MultiFifoScheduler#start
     * services}. The default is what {@code -Dpicos.run.timeout} says, such as {@code 30s} or
     * {@code 5m}; without that there is no limit.
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
     * does; the interrupt status is set again. This is for tests, whose framework interrupts them
     * when they take too long; spawning takes longer with it. By default a caller that is
     * interrupted waits on, so that no fiber is left at work behind its back.
     */
    public Builder endsOnInterrupt(boolean ends) {
      endsOnInterrupt = ends;
      return this;
    }

    /**
     * Makes the scheduler.
     *
     * @throws MissingFlagException if the JVM was not started with the flag that this needs; the
     *     message says which
     * @throws UnsupportedJvmException if this JVM cannot run fibers with any flag
     */
    public MultiFifoScheduler build() {
      return new MultiFifoScheduler(this);
    }
  }

  /** Names the settings. */
  @Override
  public String toString() {
    return "MultiFifoScheduler["
        + (domains == Integer.MAX_VALUE ? "all domains" : "domains " + domains)
        + (quota == Integer.MAX_VALUE ? ", no quota" : ", quota " + quota)
        + (freshThreads ? ", fresh threads" : "")
        + (adoptsThreads ? ", adopts threads" : "")
        + (runTimeout == null ? "" : ", run timeout " + runTimeout)
        + (endsOnInterrupt ? ", ends on interrupt" : "")
        + "]";
  }
}
