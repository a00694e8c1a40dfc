package dev.picos.sched.fifo;

import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.domains.Execution;
import dev.picos.domains.Fifo;
import dev.picos.domains.Service;
import java.util.function.Consumer;

/**
 * Runs all fibers on one domain, in strict FIFO order.
 *
 * <p>A fiber runs until it awaits, yields or ends; then the one runs that has been ready for
 * longest. A fiber that is resumed because it is canceled goes ahead of those. After {@link
 * Fiber#spawn} the parent goes on, and the child waits for its turn. With a {@linkplain
 * Builder#quota quota}, a fiber also gives way after so many operations. Fibers are never preempted
 * between operations, so one that computes for long makes all others wait: this is a scheduler for
 * I/O and coordination, not for parallel work.
 *
 * <p>An instance is only a configuration; it may serve any number of runs and services, also at
 * once, which share nothing.
 */
public final class FifoScheduler implements Scheduler {
  private final int quota;
  private final boolean freshThreads;

  private FifoScheduler(Builder builder) {
    Execution.checkSupported();
    quota = builder.quota;
    freshThreads = builder.freshThreads;
  }

  /**
   * Returns a scheduler with the default settings.
   *
   * @throws IllegalStateException if the JVM was not started with the flag that this needs; the
   *     message says which
   */
  public static FifoScheduler create() {
    return builder().build();
  }

  /** Starts to configure a scheduler. */
  public static Builder builder() {
    return new Builder();
  }

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
    return new Execution(new Fifo("fifo", quota)).freshThreads(freshThreads);
  }

  /** The settings of a {@link FifoScheduler}. */
  public static final class Builder {
    private int quota = Integer.MAX_VALUE;
    private boolean freshThreads;

    private Builder() {}

    /**
     * Makes a fiber give way after {@code operations} operations that did not suspend it: spawns,
     * timeouts set, and awaits that ended at once. Practically unlimited by default.
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
     * interrupt status are as new either way. For code that takes the identity of a {@code Thread}
     * for that of a task.
     */
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
        + "]";
  }
}
