package dev.picos.interop;

import dev.picos.core.Computation;
import dev.picos.core.Outcome;
import dev.picos.core.Trigger;
import dev.picos.std.structured.Promise;
import dev.picos.std.structured.TerminateException;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a future of the JDK stands for.
 *
 * @param outcome returns how it was completed, or {@code null} while it is running
 * @param attach attaches a trigger that is signaled on completion, unless it is completed already
 * @param detach takes that back
 * @param stop is given what the future has failed with
 */
record Origin<T extends @Nullable Object>(
    Supplier<@Nullable Outcome<T>> outcome,
    Predicate<Trigger> attach,
    Consumer<Trigger> detach,
    Consumer<Throwable> stop) {
  private static final long TEN_MILLISECONDS = 10_000_000;

  private static final Trigger.Action<Origin<?>, CompletableFuture<?>> COMPLETE =
      (trigger, origin, future) -> origin.completeUnchecked(future);

  static <T extends @Nullable Object> Origin<T> of(Computation<T> computation) {
    Objects.requireNonNull(computation, "computation");
    return new Origin<>(
        computation::peek, computation::tryAttach, computation::detach, computation::tryCancel);
  }

  static <T extends @Nullable Object> Origin<T> of(Promise<T> promise) {
    Objects.requireNonNull(promise, "promise");
    return new Origin<>(
        promise::peek, promise::tryAttach, promise::detach, thrown -> promise.terminate());
  }

  /**
   * Returns a future that is completed as this is.
   *
   * @param linked whether what fails the future stops this
   */
  CompletableFuture<T> future(boolean linked) {
    CompletableFuture<T> future = new FiberFuture<>(null);
    Trigger completion = Trigger.fromAction(this, future, COMPLETE);
    CompletableFuture<T> unused =
        future.whenComplete(
            (value, thrown) -> {
              if (linked && thrown != null) {
                stop.accept(thrown);
              }
              detach.accept(completion);
            });
    if (!attach.test(completion)) {
      complete(future);
    }
    return future;
  }

  @SuppressWarnings("unchecked") // the future was made here, with this
  private void completeUnchecked(CompletableFuture<?> future) {
    complete((CompletableFuture<T>) future);
  }

  /** Does nothing while this is running: then the future has been completed otherwise. */
  private void complete(CompletableFuture<T> future) {
    Outcome<T> reached = outcome.get();
    while (reached != null && !future.isDone()) {
      try {
        if (reached instanceof Outcome.Returned<T> returned) {
          future.complete(returned.value());
        } else if (reached instanceof Outcome.Canceled<T> canceled) {
          future.completeExceptionally(forTheJdk(canceled.reason()));
        }
      } catch (OutOfMemoryError full) {
        waitForMemory(); // nobody else would try again
      }
    }
  }

  private static Throwable forTheJdk(Throwable reason) {
    return reason instanceof TerminateException
        ? new CancellationException("asked to stop").initCause(reason)
        : reason;
  }

  static void waitForMemory() {
    LockSupport.parkNanos(TEN_MILLISECONDS);
  }
}
