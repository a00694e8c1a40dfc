package dev.picos.interop;

import dev.picos.core.Computation;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A future of the JDK whose timeouts go by the clock of the fiber that sets them, which may be
 * virtual, and whose dependents that are asynchronous run where it comes from.
 */
final class FiberFuture<T extends @Nullable Object> extends CompletableFuture<T> {
  private final @Nullable Executor executor;

  /**
   * @param executor where asynchronous functions run that depend on this; {@code null} for where
   *     the JDK runs them
   */
  FiberFuture(@Nullable Executor executor) {
    this.executor = executor;
  }

  @Override
  public <U extends @Nullable Object> CompletableFuture<U> newIncompleteFuture() {
    return new FiberFuture<>(executor);
  }

  @Override
  public Executor defaultExecutor() {
    Executor chosen = executor;
    return chosen == null ? super.defaultExecutor() : chosen;
  }

  /**
   * {@inheritDoc}
   *
   * <p>Cancelation: a calling fiber that is canceled throws the reason, and sets no timeout.
   */
  @Override
  public CompletableFuture<T> orTimeout(long timeout, TimeUnit unit) {
    return after(timeout, unit, () -> completeExceptionally(new TimeoutException()));
  }

  /**
   * {@inheritDoc}
   *
   * <p>Cancelation: a calling fiber that is canceled throws the reason, and sets no timeout.
   */
  @Override
  public CompletableFuture<T> completeOnTimeout(T value, long timeout, TimeUnit unit) {
    return after(timeout, unit, () -> complete(value));
  }

  private CompletableFuture<T> after(long timeout, TimeUnit unit, Runnable action) {
    Duration delay = Waits.atLeastZero(timeout, unit);
    if (!isDone()) {
      Computation<@Nullable Void> alarm =
          Computation.withAction(Computation.Mode.LIFO, action, null, Waits.RUN);
      alarm.cancelAfter(delay, Waits.ELAPSED);
      CompletableFuture<T> unused =
          whenComplete((value, thrown) -> alarm.tryReturn(null)); // its action does nothing then
    }
    return this;
  }
}
