package dev.picos.std.structured;

import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.core.Trigger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The work of a fiber that was forked as a promise. */
final class PromiseChild<T extends @Nullable Object> extends Failure implements Consumer<Fiber> {
  private static final Outcome<?> NO_MEMORY =
      new Outcome.Canceled<>(new OutOfMemoryError("no memory for the outcome"));

  private final Bundle bundle;
  private final Body<? extends T, ?> body;
  private final Computation<T> result;
  private final Promise<T> promise;
  private final Trigger canceler;

  PromiseChild(
      Bundle bundle,
      Body<? extends T, ?> body,
      Computation<T> result,
      Promise<T> promise,
      Trigger canceler) {
    this.bundle = bundle;
    this.body = body;
    this.result = result;
    this.promise = promise;
    this.canceler = canceler;
  }

  @Override
  public void accept(Fiber fiber) {
    try {
      result.tryReturn(body.run());
    } catch (Throwable thrown) {
      fail(thrown);
    } finally {
      try {
        promise.end();
      } catch (Throwable byWaiter) {
        bundle.failLate(byWaiter);
      } finally {
        bundle.leave(canceler);
      }
    }
  }

  private void fail(Throwable thrown) {
    // This comes before the result is completed with the same exception.
    Throwable failure = bundle.failureIn(thrown, result);
    if (failure == null) {
      complete(thrown);
    } else if (bundle.isForSupervisor(failure)) {
      complete(thrown);
      bundle.supervise(this, failure);
    } else {
      // The order matters: the error keeps its place among those of the bundle, and a fiber that
      // awaits the promise sees the error and not what the bundle is stopped with.
      bundle.record(this, failure);
      complete(thrown);
      bundle.stop();
    }
  }

  private void complete(Throwable thrown) {
    try {
      result.tryComplete(canceled(thrown));
    } catch (Throwable byWaiter) {
      bundle.failLate(byWaiter);
    }
  }

  @SuppressWarnings("unchecked") // an outcome without a value is one of every type
  private Outcome<T> canceled(Throwable thrown) {
    try {
      return new Outcome.Canceled<>(thrown);
    } catch (OutOfMemoryError full) {
      return (Outcome<T>) NO_MEMORY; // those who await the promise have to be told something
    }
  }
}
