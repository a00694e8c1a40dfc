package dev.picos.core;

import java.time.Duration;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The five operations of a scheduler, as called by the fibers that it runs, and its source of
 * random numbers.
 *
 * <p>Libraries do not call these; they use {@link Fiber}, {@link Trigger} and {@link Computation},
 * whose operations come here in the calling thread. An operation finds its handler in this order:
 * the innermost one that {@link #using} has bound in the thread; the scheduler whose fiber the
 * thread is; and for every other thread the <em>thread handler</em>, under which awaiting parks the
 * thread and a spawned fiber is a virtual thread. So every Java thread is a fiber.
 *
 * <p>Except for {@link #await}, what an operation throws comes out of the call in the fiber.
 */
public interface Handler {
  /** Returns the calling fiber, always the same object. Must not throw, even if it is canceled. */
  Fiber current();

  /**
   * Starts {@code main} as {@code fiber}. If the caller is canceled it must throw the reason and
   * not start the fiber; once it has returned, {@code main} must be called, even if {@code fiber}
   * itself is canceled by then. An exception that leaves {@code main} stops the scheduler with
   * {@link FatalFiberError}; fibers that exist are not unwound.
   */
  void spawn(Fiber fiber, Consumer<? super Fiber> main);

  /**
   * Lets other ready fibers run before the caller continues. If the caller is canceled by then,
   * throws the reason.
   */
  void yield();

  /**
   * Arranges that {@code computation} is canceled with {@code reason} after {@code delay}, which is
   * not negative. The delay is measured by a monotonic clock, and the cancelation is never early.
   * Once the computation is completed, the timeout must hold on to nothing. If the caller is
   * canceled, throws the reason and arranges nothing.
   */
  void cancelAfter(Computation<?> computation, Duration delay, Throwable reason);

  /**
   * Suspends the calling fiber until {@code trigger} is signaled, with the help of {@link
   * Suspension}. Unless the fiber forbids cancelation, its cancelation must signal the trigger,
   * too. Whenever the fiber continues, the trigger must be signaled. Must not throw: if there is no
   * memory to suspend a fiber that permits cancelation, signal the trigger and return the {@link
   * OutOfMemoryError} as the reason.
   *
   * @return the reason if the fiber is canceled when it continues, else {@code null}
   */
  @Nullable Throwable await(Trigger trigger);

  /**
   * Returns a random number from 0 to {@code bound - 1}, each as likely as the others. A scheduler
   * whose runs can be repeated overrides this, and returns the same numbers each time.
   *
   * @throws IllegalArgumentException if {@code bound} is not positive
   */
  default int random(int bound) {
    return ThreadLocalRandom.current().nextInt(bound);
  }

  /**
   * Returns whether the fibers of this handler and those of {@code other} belong to the same run,
   * so that it makes no difference which of them spawns a fiber. Must be symmetric, and must not
   * throw. A scheduler that has a handler for each fiber overrides this.
   */
  default boolean isOfSameRun(Handler other) {
    return this == other;
  }

  /**
   * Starts {@code main} as {@code fiber} in the run of this handler, on behalf of a thread or fiber
   * that does not belong to it. {@link Fiber#spawnIn} calls this from any thread, while the fiber
   * of this handler has not ended, and so the run has not ended either. The new fiber becomes ready
   * behind those that were handed over before, and the run waits for it as for any other. It has
   * been checked already that the caller is not canceled. All or nothing: if this throws, {@code
   * main} is never called; if this returns, {@code main} is called unless the run has failed.
   *
   * @throws UnsupportedOperationException if this scheduler takes no fibers from outside of its
   *     runs, as by default
   */
  default void spawnFromOutside(Fiber fiber, Consumer<? super Fiber> main) {
    throw new UnsupportedOperationException(
        getClass().getName()
            + " takes no fibers from outside of its run: the scope may be used by the fibers of that"
            + " run only, or the handler has to override isOfSameRun and spawnFromOutside");
  }

  /**
   * Returns a factory of virtual threads that are fibers of the run of this handler, once they have
   * been started: the scheduler decides when they run, and the run waits for them. Each has a
   * computation and locals of its own. What leaves the body of one goes to the thread's handler of
   * uncaught exceptions, and does not fail the run. Such a thread may be started by the fibers of
   * the run; for others, {@link Thread#start} may throw a {@link
   * java.util.concurrent.RejectedExecutionException}.
   *
   * @throws UnsupportedOperationException if this scheduler has no such threads, as by default
   */
  default ThreadFactory threadFactory() {
    throw new UnsupportedOperationException(
        getClass().getName() + " has no threads that are fibers; it would override threadFactory");
  }

  /**
   * Returns the handler of the calling thread, for libraries that keep it for {@link
   * Fiber#spawnIn}. The operations of the handler are those of the calling fiber, and are valid
   * only while that is alive.
   */
  static Handler ofCurrentThread() {
    return Handlers.current();
  }

  /**
   * Runs {@code body} in the calling thread with {@code handler} for its operations, and then
   * restores what was bound before. Calls may be nested. This is how an event loop that has its own
   * idea of fibers becomes a scheduler. If the handler starts fibers in other threads, it is bound
   * in each of them in the same way.
   */
  static <E extends Exception> void using(Handler handler, Block<E> body) throws E {
    Handlers.using(handler, body);
  }
}
