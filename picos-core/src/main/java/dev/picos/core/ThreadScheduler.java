package dev.picos.core;

import java.util.Objects;
import java.util.function.Consumer;

/**
 * Runs each fiber as a virtual thread of its own, on the JDK's scheduler.
 *
 * <p>Needs no flag and no further module, and is what the operations of a plain Java thread come to
 * as well; as a scheduler it adds that a run waits for all the fibers that it spawned. Fibers run
 * in parallel, in no order that is promised. Nor is the JDK's scheduler fair: while as many fibers
 * as there are carriers do nothing but yield in loops, one that another thread has woken may not
 * run at all (seen on JDK 25). Who waits for something awaits it.
 *
 * <p>After a fatal error {@link #run} throws at once. Threads cannot be stopped, so the fibers that
 * are left go on up to their next {@code await} or {@code yield}, and then no further.
 *
 * <p>Stateless: one instance may serve any number of runs at once.
 */
public final class ThreadScheduler implements Scheduler {
  private static final ThreadScheduler INSTANCE = new ThreadScheduler();

  private ThreadScheduler() {}

  /** Returns the scheduler. */
  public static ThreadScheduler create() {
    return INSTANCE;
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
