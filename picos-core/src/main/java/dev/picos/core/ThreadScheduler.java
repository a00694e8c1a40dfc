package dev.picos.core;

import java.util.Objects;
import java.util.concurrent.ThreadFactory;
import java.util.function.Consumer;

/**
 * Runs each fiber as a virtual thread of its own, on the JDK's scheduler.
 *
 * <p>This scheduler needs no flag and no further module. Fibers run as they do where a plain Java
 * thread spawns them; in addition, a run waits for all the fibers that were spawned in it. They run
 * in parallel, in no particular order. The JDK's scheduler is not fair: while as many fibers as
 * there are carriers do nothing but yield in loops, one that another thread has woken may not run
 * at all (this was seen on JDK 25). So wait for something with an await, and not with a loop of
 * yields.
 *
 * <p>After a fatal error {@link #run} throws at once. Threads cannot be stopped, so the fibers that
 * are left go on up to their next {@code await} or {@code yield}, and then no further.
 *
 * <p>A run that hangs cannot be given up, unlike those of the other schedulers: that takes a list
 * of all fibers, to say where they are and to stop them, and this scheduler has none. The JVM has
 * one of their threads: see {@code jcmd <pid> Thread.dump_to_file}.
 *
 * <p>It has no state: one instance may serve any number of runs at once.
 */
public final class ThreadScheduler implements Scheduler {
  private static final ThreadScheduler INSTANCE = new ThreadScheduler();

  private ThreadScheduler() {}

  /** Returns the scheduler. */
  public static ThreadScheduler create() {
    return INSTANCE;
  }

  /**
   * Returns a factory of virtual threads that the JDK schedules. Like every thread, each of them is
   * a fiber; it belongs to no run. This is what programs use that may get the factory of another
   * scheduler's service.
   */
  public ThreadFactory threadFactory() {
    return Thread.ofVirtual().factory();
  }

  /**
   * Starts {@code main} as {@code fiber}, which is new and belongs to no run, in a virtual thread
   * of the JDK. What leaves {@code main} goes to the thread's handler of uncaught exceptions. May
   * be called in any thread and fiber.
   */
  public void spawn(Fiber fiber, Consumer<? super Fiber> main) {
    Objects.requireNonNull(fiber, "fiber");
    Objects.requireNonNull(main, "main");
    ThreadHandler.startWithoutRun(fiber, main);
  }

  @Override
  public void run(Fiber fiber, Consumer<? super Fiber> main) {
    Objects.requireNonNull(fiber, "fiber");
    Objects.requireNonNull(main, "main");
    ThreadRun run = new ThreadRun();
    run.start(fiber, main);
    run.join();
  }
}
