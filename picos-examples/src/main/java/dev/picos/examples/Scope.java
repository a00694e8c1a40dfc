package dev.picos.examples;

import dev.picos.core.Block;
import dev.picos.core.BlockWith;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

// region scope
/** Fibers that end together: if one fails, or the scope is canceled from outside, all stop. */
public final class Scope {
  private final Computation<@Nullable Void> inner = new Computation<>();
  private final AtomicInteger running = new AtomicInteger(1); // the body counts as well
  private final Trigger ended = new Trigger();

  private Scope() {}

  /** Runs {@code body}, and waits until every fiber that was forked in the scope has ended. */
  public static void run(BlockWith<Scope, RuntimeException> body) {
    Scope scope = new Scope();
    Fiber fiber = Fiber.current();
    Computation<?> outer = fiber.computation();
    Trigger canceler = Computation.attachCanceler(outer, scope.inner);
    fiber.setComputation(scope.inner);
    scope.capture(() -> body.run(scope));
    fiber.setComputation(outer);
    Throwable unused = fiber.callForbiddingCancelation(scope.ended::await);
    outer.detach(canceler);
    scope.inner.check(); // throws what stopped the scope
    fiber.check();
  }

  /** Starts a fiber in this scope. Throws if the caller is canceled, and starts nothing then. */
  public void fork(Block<RuntimeException> body) {
    running.incrementAndGet();
    try {
      Fiber.spawn(new Fiber(inner), fiber -> capture(body));
    } catch (Throwable refused) {
      leave();
      throw refused;
    }
  }

  private void capture(Block<RuntimeException> body) {
    try {
      body.run();
    } catch (Throwable thrown) {
      inner.tryCancel(thrown); // the first one wins
    } finally {
      leave();
    }
  }

  private void leave() {
    if (running.decrementAndGet() == 0) {
      ended.signal();
    }
  }
}
// endregion
