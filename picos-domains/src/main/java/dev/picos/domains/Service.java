package dev.picos.domains;

import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.FatalFiberError;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A run of a scheduler that has no main: it takes work from any thread until it is closed. For
 * servers, and for programs that meet fibers piece by piece.
 *
 * {@snippet :
 * try (Service service = MultiFifoScheduler.create().start()) {
 *   Computation<Integer> answer = service.submit(() -> 6 * 7);
 *   System.out.println(answer.await());
 * }
 * }
 *
 * <p>All methods may be called from any thread and any fiber, also at the same time. None is
 * cancelable. What the caller of {@code submit} did before happens before the work; what every
 * fiber did happens before {@link #close} returns.
 *
 * <p>A service that has nothing to do occupies no domain; domains are daemon threads, so one that
 * is never closed does not keep the JVM alive.
 *
 * <p>An exception that leaves the {@code main} of a spawned fiber ends the service as it ends a
 * run: what is running goes no further than its next operation, {@code submit} rejects, the results
 * of what was submitted as a {@link Body} and has not ended are canceled with the {@link
 * FatalFiberError}, and the first {@code close} throws it.
 */
public final class Service implements AutoCloseable {
  // For maintainers.
  //
  // A result is canceled with scope, through a canceler that is attached to it from before the
  // fiber is known to the execution until it ends. Scope is canceled by closeNow, and by the
  // execution when that ends with a fatal error; a fiber is counted in before the execution is
  // asked whether it still takes any (see Execution), so each one is refused, or run, or left
  // behind by a fatal error and its result canceled.

  private final Execution execution;
  private final Computation<@Nullable Void> end;
  private final Computation<@Nullable Void> scope = new Computation<>();
  private final AtomicBoolean reported = new AtomicBoolean();

  Service(Execution execution, Computation<@Nullable Void> end) {
    this.execution = execution;
    this.end = end;
    Trigger unused = Computation.attachCanceler(end, scope);
  }

  /**
   * Starts a fiber that does {@code main}, and returns its result. The fiber is under that
   * computation: to cancel the one is to cancel the other.
   *
   * @throws RejectedExecutionException if this service has been closed or has failed; what escaped
   *     from a fiber is the cause then
   * @throws OutOfMemoryError if there is no memory for the fiber, which has not been started then
   */
  public <T extends @Nullable Object> Computation<T> submit(Body<? extends T, ?> main) {
    Objects.requireNonNull(main, "main");
    Computation<T> result = new Computation<>(Computation.Mode.LIFO);
    Trigger canceler = Computation.canceler(scope, result);
    boolean accepted = false;
    if (scope.tryAttach(canceler)) {
      try {
        accepted =
            execution.trySubmit(
                new Fiber(result, false),
                fiber -> {
                  result.tryCapture(main::run);
                  scope.detach(canceler);
                });
      } finally {
        if (!accepted) {
          scope.detach(canceler);
        }
      }
    }
    if (!accepted) {
      throw rejection();
    }
    return result;
  }

  /**
   * Starts {@code fiber}, which is new, and whose computation and locals the caller has chosen.
   * {@link #closeNow} does not cancel it, and an exception that leaves {@code main} is fatal.
   *
   * @throws RejectedExecutionException as the other {@code submit} does
   * @throws OutOfMemoryError if there is no memory for the fiber, which has not been started then
   */
  public void submit(Fiber fiber, Consumer<? super Fiber> main) {
    Objects.requireNonNull(fiber, "fiber");
    Objects.requireNonNull(main, "main");
    if (!execution.trySubmit(fiber, main)) {
      throw rejection();
    }
  }

  private RejectedExecutionException rejection() {
    Throwable failure = execution.failure();
    return failure == null
        ? new RejectedExecutionException(this + " has been closed")
        : new RejectedExecutionException(this + " has failed", failure);
  }

  /**
   * Takes no more work, and waits until every fiber has ended. The wait ends neither by
   * cancelation, nor by an interrupt. Closing again only waits.
   *
   * @throws FatalFiberError if this service has failed, and no call before has thrown it
   * @throws IllegalStateException in a fiber of this service, which would wait for its own end;
   *     nothing is closed then
   */
  @Override
  public void close() {
    execution.checkOutside("close");
    execution.close();
    awaitEnd();
  }

  /**
   * Takes no more work, cancels what was submitted as a {@link Body}, and waits until every fiber
   * has ended. So it is for these to pass on their cancelation to the fibers that they have
   * spawned, and to heed it.
   *
   * @throws FatalFiberError as {@link #close} does
   * @throws IllegalStateException as {@code close} does
   */
  public void closeNow() {
    execution.checkOutside("closeNow");
    execution.close();
    try {
      scope.tryCancel(new CancellationException(this + " has been closed"));
    } finally {
      awaitEnd(); // also if an action of somebody's trigger throws
    }
  }

  private void awaitEnd() {
    Fiber.current().forbid(end::join);
    if (end.isCanceled() && reported.compareAndSet(false, true)) {
      end.check();
    }
  }

  /** Names the scheduler. */
  @Override
  public String toString() {
    return "a service of " + execution;
  }
}
