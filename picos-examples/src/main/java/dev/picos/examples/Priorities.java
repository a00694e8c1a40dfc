package dev.picos.examples;

import dev.picos.core.Fiber;
import dev.picos.domains.Policy;
import dev.picos.domains.Ready;
import dev.picos.domains.ReadyQueue;
import dev.picos.examples.PriorityScheduler.Priority;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The ready fibers of one run, a queue for each priority. */
final class Priorities implements Policy {
  private final Function<? super Fiber, Priority> priority;

  Priorities(Function<? super Fiber, Priority> priority) {
    this.priority = priority;
  }

  // region ready
  private final ReadyQueue canceled = new ReadyQueue();
  private final ReadyQueue high = new ReadyQueue();
  private final ReadyQueue normal = new ReadyQueue();
  private final ReadyQueue low = new ReadyQueue();
  private final List<ReadyQueue> queues = List.of(high, normal, low);

  @Override
  public void ready(Ready fiber, boolean first) {
    (first ? canceled : queue(priority.apply(fiber.fiber()))).add(fiber);
  }

  private ReadyQueue queue(Priority priority) {
    return switch (priority) {
      case HIGH -> high;
      case NORMAL -> normal;
      case LOW -> low;
    };
  }

  @Override
  public boolean isEmpty() {
    boolean empty = canceled.isEmpty();
    for (int i = 0; empty && i < queues.size(); i++) {
      empty = queues.get(i).isEmpty();
    }
    return empty;
  }

  // endregion

  // region next
  private static final int ROTATION = 8;

  private int turn;

  @Override
  public @Nullable Ready next() {
    remaining = QUOTA;
    Ready next = canceled.poll();
    return next != null ? next : mostUrgent();
  }

  private @Nullable Ready mostUrgent() {
    turn = (turn + 1) % (ROTATION * queues.size());
    Ready next = turn % ROTATION == 0 ? queues.get(turn / ROTATION).poll() : null;
    for (int i = 0; next == null && i < queues.size(); i++) {
      next = queues.get(i).poll();
    }
    return next;
  }

  // endregion

  // region spend
  private static final int QUOTA = 100;

  private int remaining;

  @Override
  public boolean spend(Operation operation) {
    return --remaining <= 0;
  }

  // endregion

  /** Names the scheduler. */
  @Override
  public String toString() {
    return "priority";
  }
}
