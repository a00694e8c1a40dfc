package dev.picos.std.structured;

import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What a fiber does that was forked for its result. */
final class PromiseChild<T extends @Nullable Object> extends Failure implements Consumer<Fiber> {
  private final Bundle bundle;
  private final Body<? extends T, ?> body;
  private final Computation<T> result;
  private final Trigger canceler;

  PromiseChild(Bundle bundle, Body<? extends T, ?> body, Computation<T> result, Trigger canceler) {
    this.bundle = bundle;
    this.body = body;
    this.result = result;
    this.canceler = canceler;
  }

  @Override
  public void accept(Fiber fiber) {
    try {
      result.tryReturn(body.run());
    } catch (Throwable thrown) {
      fail(thrown);
    } finally {
      bundle.leave(canceler);
    }
  }

  private void fail(Throwable thrown) {
    // In this order: the error keeps its place among those of the bundle, and whoever awaits the
    // promise sees the error and not the Terminate that the bundle is stopped with.
    boolean isError = bundle.record(this, thrown);
    try {
      result.tryCancel(thrown);
    } catch (Throwable byWaiter) {
      bundle.fail(new Failure(), byWaiter);
    }
    if (isError) {
      bundle.stop();
    }
  }
}
