package dev.picos.tests.structured;

import dev.picos.core.Fiber;
import dev.picos.core.Suspension;
import dev.picos.core.ThreadScheduler;
import dev.picos.core.Trigger;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnlyCurrent;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/** Makes the calling thread a fiber that spawns some fibers, and then fails to spawn more. */
final class RefusingHandler extends OnlyCurrent {
  private final Fiber fiber = current();
  private final Throwable refusal;
  private int left;

  RefusingHandler(int spawns, Throwable refusal) {
    this.left = spawns;
    this.refusal = refusal;
  }

  @Override
  public void spawn(Fiber child, Consumer<? super Fiber> main) {
    fiber.check();
    if (left-- <= 0) {
      Fibers.<RuntimeException>sneak(refusal);
    }
    Thread.startVirtualThread(() -> ThreadScheduler.create().run(child, main));
  }

  @Override
  public void yield() {
    fiber.check();
  }

  @Override
  public Throwable await(Trigger trigger) {
    if (!Suspension.tryBegin(
        fiber, trigger, Thread.currentThread(), null, (t, x, y) -> unpark(x))) {
      return fiber.cancelReason();
    }
    while (!trigger.isSignaled()) {
      LockSupport.park(trigger);
    }
    return Suspension.end(fiber, trigger);
  }

  private static void unpark(Thread thread) {
    LockSupport.unpark(thread);
  }
}
