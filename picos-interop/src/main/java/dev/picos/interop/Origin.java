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
import org.jspecify.annotations.Nullable;

/** What a future of the JDK stands for. */
abstract class Origin<T extends @Nullable Object> {
  private static final long TEN_MILLISECONDS = 10_000_000;

  private static final Trigger.Action<Origin<?>, CompletableFuture<?>> COMPLETE =
      (trigger, origin, future) -> origin.completeUnchecked(future);

  static <T extends @Nullable Object> Origin<T> of(Computation<T> computation) {
    Objects.requireNonNull(computation, "computation");
    return new Origin<>() {
      @Override
      @Nullable Outcome<T> peek() {
        return computation.peek();
      }

      @Override
      boolean tryAttach(Trigger trigger) {
        return computation.tryAttach(trigger);
      }

      @Override
      void detach(Trigger trigger) {
        computation.detach(trigger);
      }

      @Override
      void stop(Throwable thrown) {
        computation.tryCancel(thrown);
      }
    };
  }

  static <T extends @Nullable Object> Origin<T> of(Promise<T> promise) {
    Objects.requireNonNull(promise, "promise");
    return new Origin<>() {
      @Override
      @Nullable Outcome<T> peek() {
        return promise.peek();
      }

      @Override
      boolean tryAttach(Trigger trigger) {
        return promise.tryAttach(trigger);
      }

      @Override
      void detach(Trigger trigger) {
        promise.detach(trigger);
      }

      @Override
      void stop(Throwable thrown) {
        promise.terminate();
      }
    };
  }

  abstract @Nullable Outcome<T> peek();

  abstract boolean tryAttach(Trigger trigger);

  abstract void detach(Trigger trigger);

  abstract void stop(Throwable thrown);

  /**
   * Returns a future that is completed as this is.
   *
   * @param linked whether what fails the future stops this
   */
  CompletableFuture<T> future(boolean linked) {
    CompletableFuture<T> future = new CompletableFuture<>();
    Trigger completion = Trigger.fromAction(this, future, COMPLETE);
    CompletableFuture<T> unused =
        future.whenComplete(
            (value, thrown) -> {
              if (linked && thrown != null) {
                stop(thrown);
              }
              detach(completion);
            });
    if (!tryAttach(completion)) {
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
    Outcome<T> outcome = peek();
    while (outcome != null && !future.isDone()) {
      try {
        if (outcome instanceof Outcome.Returned<T> returned) {
          future.complete(returned.value());
        } else if (outcome instanceof Outcome.Canceled<T> canceled) {
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
