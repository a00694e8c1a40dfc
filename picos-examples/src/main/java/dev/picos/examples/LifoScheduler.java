package dev.picos.examples;

import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.domains.Execution;
import dev.picos.domains.Policy;
import dev.picos.domains.Ready;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

// region lifo
/** Runs the fiber that became ready last; but now and then the oldest one, so that none starves. */
public final class LifoScheduler implements Scheduler {
  @Override
  public void run(Fiber fiber, Consumer<? super Fiber> main) {
    new Execution(new Lifo()).run(fiber, main);
  }

  private static final class Lifo implements Policy {
    // Not an ArrayDeque, which loses what it holds when it finds no memory to grow.
    private final Deque<Ready> stack = new ConcurrentLinkedDeque<>();
    private int turns;

    @Override
    public void ready(Ready fiber, boolean first) {
      stack.push(fiber);
    }

    @Override
    public @Nullable Ready next() {
      return ++turns % 8 == 0 ? stack.pollLast() : stack.poll();
    }

    @Override
    public boolean isEmpty() {
      return stack.isEmpty();
    }

    @Override
    public boolean spend(Operation operation) {
      return false; // no quota: a fiber runs until it awaits, yields or ends
    }
  }
}
// endregion
