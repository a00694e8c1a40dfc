package dev.picos.interop;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.TerminateException;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The future of a task that a {@link FiberExecutor} runs in a fiber. Canceling it with {@code true}
 * cancels the fiber, which the executor has arranged to be an interrupt as well. A thread or fiber
 * that waits for it does so by the clock of its own scheduler, until its cancelation or an
 * interrupt ends the wait.
 */
class FiberTask<T extends @Nullable Object> extends FutureTask<T> {
  // For maintainers.
  //
  // Either whoever cancels this finds the computation of the fiber, or the fiber finds this
  // canceled and runs nothing: the fiber writes `computation` and then reads the state of the
  // future, and the other side changes that state and then reads `computation`. All of these
  // accesses are volatile.

  private final Computation<@Nullable Void> end = new Computation<>();
  private volatile @Nullable Computation<?> computation;

  FiberTask(Callable<T> body) {
    super(body);
  }

  /** Does all there is to do in the calling fiber, which does nothing else. */
  @Override
  public void run() {
    computation = Fiber.current().computation();
    try {
      perform();
    } finally {
      computation = null;
    }
  }

  /** Runs the body. */
  void perform() {
    super.run();
  }

  /** Whether the fiber runs the body, so that a cancelation without force leaves it alone. */
  boolean isAtWork() {
    return true;
  }

  @Override
  public boolean cancel(boolean mayInterruptIfRunning) {
    boolean isCanceled = super.cancel(false);
    Computation<?> running = computation;
    if (isCanceled && running != null && (mayInterruptIfRunning || !isAtWork())) {
      running.tryCancel(new TerminateException());
    }
    return isCanceled;
  }

  /** Has {@code action} run when this is done, which it must not be yet. */
  final void whenDone(Runnable action) {
    boolean attached = end.tryAttach(Trigger.fromAction(action, null, Waits.RUN));
    assert attached;
  }

  @Override
  protected void done() {
    end.tryReturn(null);
  }

  @Override
  public T get() throws InterruptedException, ExecutionException {
    if (!isDone()) {
      Control.runCancelableByInterrupt(end::join);
    }
    return super.get();
  }

  @Override
  public T get(long timeout, TimeUnit unit)
      throws InterruptedException, ExecutionException, TimeoutException {
    Objects.requireNonNull(unit, "unit");
    if (!isDone()) {
      try {
        Waits.within(end, timeout, unit);
      } catch (TimeoutException elapsed) {
        if (!isDone()) { // which it is before `end` is completed
          throw elapsed;
        }
      }
    }
    return super.get();
  }
}
