package consumer;

import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.domains.Execution;
import dev.picos.domains.Policy;
import dev.picos.domains.Ready;
import dev.picos.domains.ReadyQueue;
import java.util.function.Consumer;

/** Runs first what became ready first. */
public final class QueueScheduler implements Scheduler {
  @Override
  public void run(Fiber fiber, Consumer<? super Fiber> main) {
    new Execution(new Queue()).run(fiber, main);
  }

  private static final class Queue implements Policy {
    private final ReadyQueue queue = new ReadyQueue();

    @Override
    public void ready(Ready fiber, boolean first) {
      queue.add(fiber);
    }

    @Override
    public Ready next() {
      return queue.poll();
    }

    @Override
    public boolean isEmpty() {
      return queue.isEmpty();
    }

    @Override
    public boolean spend(Operation operation) {
      return false;
    }
  }
}
