package dev.picos.tests;

import dev.picos.core.Block;
import dev.picos.core.Fiber;
import dev.picos.core.Handler;
import dev.picos.core.Suspension;
import dev.picos.core.Trigger;
import dev.picos.testing.Task;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Makes a thread a fiber that can be woken, but the first time with an exception for the waker. */
public final class FailingWakeUp extends OnlyCurrent {
  private final AtomicReference<@Nullable RuntimeException> failure;

  private FailingWakeUp(RuntimeException failure) {
    this.failure = new AtomicReference<>(failure);
  }

  /** Runs {@code body} in a thread of its own, and waits until that waits. */
  public static Task<Boolean> waiting(RuntimeException failure, Block<RuntimeException> body) {
    Task<Boolean> task = Task.start(() -> Handler.using(new FailingWakeUp(failure), body));
    task.untilParked();
    return task;
  }

  @Override
  public @Nullable Throwable await(Trigger trigger) {
    Fiber fiber = current();
    if (!Suspension.tryBegin(
        fiber, trigger, this, Thread.currentThread(), (t, self, x) -> self.wake(x))) {
      return fiber.cancelReason();
    }
    while (!trigger.isSignaled()) {
      LockSupport.park(trigger);
    }
    return Suspension.end(fiber, trigger);
  }

  private void wake(Thread thread) {
    LockSupport.unpark(thread);
    RuntimeException thrown = failure.getAndSet(null);
    if (thrown != null) {
      throw thrown;
    }
  }
}
