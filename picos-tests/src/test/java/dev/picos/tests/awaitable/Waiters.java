package dev.picos.tests.awaitable;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.testing.fibers.Fibers;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntSupplier;

/**
 * Fibers that wait for awaitables. One that is listed there may be about to look at the value once
 * more, and goes on unsignaled if that has changed; so it counts when it is suspended.
 *
 * @param listed how many are listed
 */
record Waiters(IntSupplier listed, Set<Thread> threads) {
  Waiters(IntSupplier listed) {
    this(listed, ConcurrentHashMap.newKeySet());
  }

  <T> Computation<T> start(Callable<T> body) {
    return startUnder(new Computation<>(), body);
  }

  /** Starts a fiber that {@code computation} cancels, and that waits for nothing else. */
  <T> Computation<T> startUnder(Computation<?> computation, Callable<T> body) {
    return Fibers.startUnder(
        computation,
        () -> {
          threads.add(Thread.currentThread());
          try {
            return body.call();
          } finally {
            threads.remove(Thread.currentThread());
          }
        });
  }

  /** Returns once {@code count} are listed, and all that were started here are suspended. */
  void until(int count) {
    while (listed.getAsInt() != count || !areSuspended()) {
      Fiber.yield();
    }
  }

  private boolean areSuspended() {
    return threads.stream().allMatch(thread -> thread.getState() == Thread.State.WAITING);
  }
}
