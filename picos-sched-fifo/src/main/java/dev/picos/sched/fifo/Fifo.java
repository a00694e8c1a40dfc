package dev.picos.sched.fifo;

import dev.picos.domains.Policy;
import dev.picos.domains.Ready;
import dev.picos.domains.ReadyQueue;
import org.jspecify.annotations.Nullable;

/**
 * First come, first served, but those that are canceled before all others.
 *
 * <p>Difference from the original: it puts the canceled at the head of its one queue, so that the
 * last of them comes first; here they, too, come in their order.
 */
final class Fifo implements Policy {
  private final ReadyQueue ready = new ReadyQueue();
  private final ReadyQueue canceled = new ReadyQueue();

  private final int quota;

  /** What is left to the running fiber. */
  private int remaining;

  Fifo(int quota) {
    this.quota = quota;
  }

  @Override
  public void ready(Ready fiber, boolean first) {
    (first ? canceled : ready).add(fiber);
  }

  @Override
  public @Nullable Ready next() {
    remaining = quota;
    Ready next = canceled.poll();
    return next != null ? next : ready.poll();
  }

  @Override
  public boolean isEmpty() {
    return ready.isEmpty() && canceled.isEmpty();
  }

  @Override
  public boolean spend(Operation operation) {
    return --remaining <= 0;
  }

  /** Names the scheduler. */
  @Override
  public String toString() {
    return "fifo";
  }
}
