package dev.picos.interop;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.FatalFiberError;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.domains.Execution;
import dev.picos.domains.Fifo;
import dev.picos.domains.MissingFlagException;
import dev.picos.domains.Service;
import dev.picos.domains.UnsupportedJvmException;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs fibers on the thread of an event loop that is there already: a Netty {@code EventLoop}, a
 * Vert.x context, the queue of Swing or JavaFX, an Agrona agent, or any other executor that runs
 * its tasks one at a time.
 *
 * {@snippet :
 * EventLoopScheduler scheduler = EventLoopScheduler.on(SwingUtilities::invokeLater);
 * scheduler.run(() -> {
 *   button.setEnabled(false);
 *   label.setText(Interop.await(client.sendAsync(request, ofString())).body()); // no frame is lost
 *   button.setEnabled(true);
 * });
 * }
 *
 * <p>A fiber that waits suspends, and the loop goes on with its other work. So code that is written
 * as if it blocked may use what belongs to the loop without a lock. But {@link
 * Thread#currentThread} is the fiber's own thread, which the loop carries; code that asks whether
 * it is the thread of the loop, as JavaFX and {@code EventLoop.inEventLoop()} of Netty do, gets the
 * answer "no", and needs {@link #callInLoop}. The fibers run in FIFO order, with those that are
 * canceled before the others. After about a millisecond, the other tasks of the loop have their
 * turn.
 *
 * <p><b>What the executor has to do.</b> It runs its tasks
 *
 * <ul>
 *   <li>on a platform thread, and later, not before {@code execute} returns. The first task finds
 *       that out: if it is not so, nothing runs, and the caller or the stage gets an {@link
 *       IllegalStateException};
 *   <li>outside of any monitor. This is not checked;
 *   <li>one at a time, if the fibers are not to run beside other tasks. Two fibers of one run never
 *       run at the same time on any executor.
 * </ul>
 *
 * <p><b>When the loop ends.</b> If the executor refuses a task after the first one, the fibers that
 * are left go on in the shared pool of domains, where they can clean up. An executor that is shut
 * down may also drop a task in silence; that is found out within two seconds, or within twice the
 * time for which the task has been waiting.
 *
 * <p><b>What blocks the loop.</b> No other thread takes over from a fiber that blocks the thread of
 * the loop: one that reads a file or computes, one that waits inside {@code synchronized} before
 * JDK 24, and one that waits with a stack of more than some thousand frames. Sockets, locks, queues
 * and sleeps of the JDK do not block it. Nothing is logged when a fiber blocks the loop. An
 * interrupt of the loop's thread is lost if it comes while a fiber runs.
 *
 * <p>This is no {@link dev.picos.core.Scheduler}, as the caller of one waits, which the thread of a
 * loop must not do. An instance may be used for any number of runs and services, by any thread.
 */
public final class EventLoopScheduler {
  private final Executor loop;

  private EventLoopScheduler(Executor loop) {
    this.loop = loop;
  }

  /**
   * Returns a scheduler for fibers on {@code loop}.
   *
   * @throws MissingFlagException if the JVM was not started with the flag that this needs; the
   *     message says which
   * @throws UnsupportedJvmException if this JVM cannot run fibers with any flag
   */
  public static EventLoopScheduler on(Executor loop) {
    Execution.checkSupported();
    return new EventLoopScheduler(Objects.requireNonNull(loop, "loop"));
  }

  /**
   * Starts {@code main} as a fiber under a computation of its own, and returns at once. The stage
   * is completed when {@code main} and every fiber that it spawned have ended: with what {@code
   * main} returned or threw; with the reason if its computation was canceled; or with a {@link
   * FatalFiberError} if an exception left the {@code main} of a spawned fiber. Functions that
   * depend on the stage, and are not asynchronous, run in the thread of the loop; they get an
   * exception as the cause of a {@link java.util.concurrent.CompletionException}.
   *
   * <p>Nothing cancels the run from outside. To be able to, start it as {@linkplain #run(Fiber,
   * Consumer) a fiber of your own}, or {@linkplain #start submit} it to a service.
   *
   * @throws RejectedExecutionException if the loop takes no tasks, or whatever else it throws;
   *     nothing runs then
   * @throws IllegalStateException if the loop runs its first task before this returns
   * @throws OutOfMemoryError if the shared pool has not been started yet and cannot be
   */
  public <T extends @Nullable Object> CompletionStage<T> call(Body<? extends T, ?> main) {
    Objects.requireNonNull(main, "main");
    Computation<T> result = new Computation<>(Computation.Mode.LIFO);
    return run(new Fiber(result), fiber -> result.tryCapture(main::run))
        .thenCompose(over -> Interop.future(result));
  }

  /**
   * Starts {@code main} as a fiber, as {@link #call} does, for work that has no value.
   *
   * @throws RejectedExecutionException as {@code call} does
   * @throws IllegalStateException as {@code call} does
   */
  public CompletionStage<@Nullable Void> run(Block<?> main) {
    Objects.requireNonNull(main, "main");
    return call(
        () -> {
          main.run();
          return null;
        });
  }

  /**
   * Starts {@code main} as {@code fiber}, which is new, and whose computation and locals the caller
   * has chosen. The stage is completed when {@code main} and every fiber that it spawned have
   * ended, or exceptionally with a {@link FatalFiberError} if an exception left the {@code main} of
   * any of them.
   *
   * @throws RejectedExecutionException as {@link #call} does
   * @throws IllegalStateException as {@code call} does
   */
  public CompletionStage<@Nullable Void> run(Fiber fiber, Consumer<? super Fiber> main) {
    return execution().start(fiber, main);
  }

  /**
   * Starts a service on the loop: a run that takes work from any thread until it is closed. What is
   * submitted after the loop has ended runs in the shared pool of domains.
   *
   * <p>{@link Service#close} waits for the fibers, so the thread of the loop must not call it. It
   * throws an {@link IllegalStateException} if the loop cannot run fibers, for which see above.
   *
   * @throws OutOfMemoryError if the shared pool has not been started yet and cannot be
   */
  public Service start() {
    return execution().start();
  }

  /**
   * Calls {@code task} in the loop's own thread, as a task like any other, and waits for it. This
   * is for what checks on which thread it is called. It may be called anywhere except in that
   * thread. A loop that is shut down, and drops the task in silence, leaves the caller waiting; a
   * timeout, such as that of {@code Control.callWithin}, ends that.
   *
   * <p>Cancelation: a calling fiber that is canceled before or while it waits throws the reason,
   * unless {@code task} is over by then; if {@code task} has not begun, it never does. For a fiber
   * of this loop, {@code task} is over or has not begun.
   *
   * @throws E what {@code task} threw, as that very object
   * @throws RejectedExecutionException if the loop takes no tasks
   */
  public <T extends @Nullable Object, E extends Exception> T callInLoop(Body<? extends T, E> task)
      throws E {
    Objects.requireNonNull(task, "task");
    Computation<T> result = new Computation<>(Computation.Mode.LIFO);
    loop.execute(
        () -> {
          if (result.isRunning()) {
            boolean unused = result.tryCapture(task::run);
          }
        });
    try {
      result.join();
    } catch (Throwable canceled) {
      if (result.tryCancel(canceled)) {
        throw canceled;
      }
    }
    if (result.peek() instanceof Outcome.Canceled<?> thrown) {
      throw EventLoopScheduler.<E>unchanged(thrown.reason());
    }
    return result.await();
  }

  @SuppressWarnings("unchecked") // the task threw it, so it is an E or unchecked
  private static <E extends Throwable> RuntimeException unchanged(Throwable thrown) throws E {
    throw (E) thrown;
  }

  private Execution execution() {
    return new Execution(new Fifo(toString(), Integer.MAX_VALUE)).on(loop);
  }

  /** Names the loop. */
  @Override
  public String toString() {
    return "event loop " + loop;
  }
}
