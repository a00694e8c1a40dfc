package dev.picos.sched.fifo;

import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
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
 * Runs all fibers on one domain, in strict FIFO order.
 *
 * <p>A fiber runs until it awaits, yields or ends; then the fiber that has been ready for longest
 * runs. A fiber that is resumed because it is canceled goes ahead of those. After {@link
 * Fiber#spawn} the parent goes on, and the child waits for its turn. With a {@linkplain
 * Builder#quota quota}, a fiber also gives way after the given number of operations. Fibers are
 * never preempted between operations, so one that computes for long makes all others wait: this is
 * a scheduler for I/O and coordination, not for parallel work.
 *
 * <p>An instance is only a configuration; it may serve any number of runs and services, even at the
 * same time, which share nothing.
 */
public final class FifoScheduler implements Scheduler {
  private final int quota;
  private final boolean freshThreads;
  private final boolean adoptsThreads;
  private final boolean endsOnInterrupt;
  private final @Nullable Duration runTimeout;

  private FifoScheduler(Builder builder) {
    Execution.checkSupported();
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
  public static FifoScheduler create() {
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
    Execution execution = new Execution(new Fifo("fifo", quota));
    if (runTimeout != null) {
      execution.runTimeout(runTimeout);
    }
    return execution
        .freshThreads(freshThreads)
        .adoptsThreads(adoptsThreads)
        .endsOnInterrupt(endsOnInterrupt);
  }

  /** The settings of a {@link FifoScheduler}. */
  public static final class Builder {
    private int quota = Integer.MAX_VALUE;
    private boolean freshThreads;
    private boolean adoptsThreads;
    private boolean endsOnInterrupt;
    private @Nullable Duration runTimeout;

    private Builder() {}

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
     * hang; spawning takes longer with it. It has no effect on {@linkplain FifoScheduler#start
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
    public FifoScheduler build() {
      return new FifoScheduler(this);
    }
  }

  /** Names the settings. */
  @Override
  public String toString() {
    return "FifoScheduler["
        + (quota == Integer.MAX_VALUE ? "no quota" : "quota " + quota)
        + (freshThreads ? ", fresh threads" : "")
        + (adoptsThreads ? ", adopts threads" : "")
        + (runTimeout == null ? "" : ", run timeout " + runTimeout)
        + (endsOnInterrupt ? ", ends on interrupt" : "")
        + "]";
  }
}
