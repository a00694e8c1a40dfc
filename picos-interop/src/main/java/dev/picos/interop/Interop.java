package dev.picos.interop;

import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Handler;
import dev.picos.core.Trigger;
import dev.picos.std.event.Event;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Promise;
import dev.picos.std.structured.TerminateException;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * The futures of the JDK, and computations and promises: fibers wait for either, and each can be
 * had as the other.
 *
 * {@snippet :
 * Reply reply = Interop.await(client.sendAsync(request, BodyHandlers.ofString()));
 * CompletableFuture<Page> page = Interop.future(bundle.forkAsPromise(() -> render(reply)));
 * }
 *
 * <p>What a stage has failed with comes out as it was thrown, without the {@link
 * CompletionException} or {@link ExecutionException} that the JDK puts around it; a checked
 * exception comes inside a {@link ComputationException}, as from every wait. A stage that was
 * canceled throws a {@link CancellationException}.
 *
 * <p>What a thread does before it completes one of the two happens before the other is complete.
 *
 * <p>Every thread may use this, with or without a scheduler.
 */
public final class Interop {
  private static final Trigger.Action<CompletionStage<?>, Computation<?>> CANCEL_STAGE =
      (trigger, stage, computation) -> {
        if (computation.isCanceled()) {
          cancel(stage);
        }
      };

  private Interop() {}

  /**
   * Waits until {@code stage} is complete, and returns its value or throws what it has failed with.
   *
   * <p>Cancelation: none if the stage is complete. Else a calling fiber that is canceled before or
   * while it waits stops waiting, cancels the stage, and throws its own reason. Only a stage that
   * is a {@link Future}, or gives away itself in {@link CompletionStage#toCompletableFuture}, can
   * be canceled; others go on. To leave the stage alone, await its {@link #computation}.
   *
   * <p>Interrupts do not end the wait; the status is kept.
   */
  public static <T extends @Nullable Object> T await(CompletionStage<? extends T> stage) {
    Computation<T> result = computation(stage);
    try {
      result.join();
    } catch (Throwable thrown) {
      if (Fiber.current().isCanceled()) {
        cancel(stage);
      }
      throw thrown;
    }
    return result.await(); // which does not wait
  }

  /** As {@link #await(CompletionStage)}, which it is. */
  public static <T extends @Nullable Object> T await(CompletableFuture<? extends T> future) {
    return Interop.<T>await((CompletionStage<? extends T>) future);
  }

  /**
   * Waits until {@code future} is done, and returns its value or throws what it has failed with.
   * The fiber is suspended meanwhile, as in every blocking call of the JDK.
   *
   * <p>Cancelation: none if the future is done. Else a calling fiber that is canceled before or
   * while it waits stops waiting, cancels the future with {@link Future#cancel cancel(true)}, and
   * throws its own reason.
   *
   * <p>Interrupts do not end the wait; the status is kept.
   */
  public static <T extends @Nullable Object> T await(Future<? extends T> future) {
    if (future instanceof CompletionStage<?> stage) {
      @SuppressWarnings("unchecked") // one object has one result
      CompletionStage<? extends T> same = (CompletionStage<? extends T>) stage;
      return Interop.<T>await(same);
    }
    Objects.requireNonNull(future, "future");
    boolean interrupted = false;
    try {
      for (; ; ) {
        try {
          return future.isDone()
              ? future.get()
              : Control.<T, Exception>callInterruptible(future::get);
        } catch (InterruptedException fromElsewhere) {
          interrupted = true;
        } catch (ExecutionException failed) {
          Throwable cause = failed.getCause();
          throw ComputationException.unchecked(cause == null ? failed : cause);
        } catch (Throwable thrown) {
          if (Fiber.current().isCanceled()) {
            future.cancel(true);
          }
          throw ComputationException.unchecked(thrown);
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Returns the event of {@link #await(CompletionStage)}, which leaves the stage alone when another
   * alternative is chosen or the fiber is canceled.
   *
   * <p>Each synchronization adds a dependent to the stage, which cannot be removed before the stage
   * is complete. To wait for one stage again and again, make a {@link #computation} of it once, and
   * use {@link Event#of} that.
   */
  public static <T extends @Nullable Object> Event<T> awaitEvent(
      CompletionStage<? extends T> stage) {
    Objects.requireNonNull(stage, "stage");
    return Event.<T>guard(() -> Event.of(Interop.<T>computation(stage)));
  }

  /**
   * Returns a computation that is completed as {@code stage} is. If it is canceled before that, the
   * stage is not affected.
   */
  public static <T extends @Nullable Object> Computation<T> computation(
      CompletionStage<? extends T> stage) {
    Computation<T> computation = new Computation<>();
    complete(computation, stage);
    return computation;
  }

  /**
   * As {@link #computation}, but to cancel the computation also cancels the stage, as {@link
   * #await(CompletionStage)} does.
   */
  public static <T extends @Nullable Object> Computation<T> linkedComputation(
      CompletionStage<? extends T> stage) {
    Objects.requireNonNull(stage, "stage");
    Computation<T> computation = new Computation<>();
    boolean attached = computation.tryAttach(Trigger.fromAction(stage, computation, CANCEL_STAGE));
    assert attached;
    complete(computation, stage);
    return computation;
  }

  /**
   * Returns a future that is completed as {@code computation} is; a {@link TerminateException}
   * becomes a {@link CancellationException} with that as its cause. If the future is completed
   * otherwise before that, the computation is not affected, and nothing is left with it.
   *
   * <p>Functions that depend on the future, and are not asynchronous, run in the thread that
   * completes the computation, so they must not wait.
   */
  public static <T extends @Nullable Object> CompletableFuture<T> future(
      Computation<T> computation) {
    return Origin.of(computation).future(false);
  }

  /**
   * As {@link #future(Computation)}, but if the future is canceled, or completed with an exception,
   * such as by {@link CompletableFuture#orTimeout}, the computation is canceled with that.
   */
  public static <T extends @Nullable Object> CompletableFuture<T> linkedFuture(
      Computation<T> computation) {
    return Origin.of(computation).future(true);
  }

  /**
   * Returns a future that is completed as {@code promise} is; of a promise that was terminated it
   * is canceled. Otherwise as {@link #future(Computation)}.
   */
  public static <T extends @Nullable Object> CompletableFuture<T> future(Promise<T> promise) {
    return Origin.of(promise).future(false);
  }

  /**
   * As {@link #future(Promise)}, but if the future is canceled, or completed with an exception,
   * such as by {@link CompletableFuture#orTimeout}, the promise is {@linkplain Promise#terminate
   * terminated}.
   */
  public static <T extends @Nullable Object> CompletableFuture<T> linkedFuture(Promise<T> promise) {
    return Origin.of(promise).future(true);
  }

  /**
   * Returns a factory of virtual threads that are fibers of the run or service of the calling
   * fiber: its scheduler decides when they run, and the run waits for them.
   *
   * {@snippet :
   * try (ExecutorService executor = Executors.newThreadPerTaskExecutor(Interop.threadFactory())) {
   *   executor.submit(() -> serve(socket));
   * }
   * }
   *
   * <p>The threads may be started for as long as the run goes on, by its fibers, and those of a
   * service by any thread until the service is closed. Otherwise {@link Thread#start} throws a
   * {@link java.util.concurrent.RejectedExecutionException}. A thread that is alive when the run
   * fails never ends, like any other fiber. What leaves the body of one goes to the thread's
   * handler of uncaught exceptions, and does not fail the run. Outside of all runs, and in those of
   * {@link dev.picos.core.ThreadScheduler}, these are virtual threads of the JDK that belong to no
   * run.
   *
   * @throws UnsupportedOperationException if the scheduler of the calling fiber has no such threads
   */
  public static ThreadFactory threadFactory() {
    return Handler.ofCurrentThread().threadFactory();
  }

  private static <T extends @Nullable Object> void complete(
      Computation<T> computation, CompletionStage<? extends T> stage) {
    CompletionStage<?> unused =
        stage.whenComplete((value, thrown) -> complete(computation, value, thrown));
  }

  /** Nobody else would try again if there is no memory for the outcome. */
  private static <T extends @Nullable Object> void complete(
      Computation<T> computation, T value, @Nullable Throwable thrown) {
    while (computation.isRunning()) {
      try {
        boolean unused =
            thrown == null
                ? computation.tryReturn(value)
                : computation.tryCancel(withoutWrapper(thrown));
      } catch (OutOfMemoryError full) {
        Origin.waitForMemory();
      }
    }
  }

  private static Throwable withoutWrapper(Throwable thrown) {
    Throwable inner = thrown;
    while (inner instanceof CompletionException && inner.getCause() != null) {
      inner = inner.getCause();
    }
    return inner;
  }

  private static void cancel(CompletionStage<?> stage) {
    try {
      Future<?> future = stage instanceof Future<?> itself ? itself : stage.toCompletableFuture();
      future.cancel(true);
    } catch (UnsupportedOperationException noFuture) {
      // it goes on, as has been said
    }
  }
}
