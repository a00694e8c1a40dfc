package dev.picos.domains;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The policy of one domain that no other takes fibers from: first come, first served, but those
 * that are canceled before all others.
 *
 * <p>Difference from the original: it puts the canceled at the head of its one queue, so that the
 * last of them comes first; here they, too, come in their order.
 */
public final class Fifo implements Policy {
  private final ReadyQueue ready = new ReadyQueue();
  private final ReadyQueue canceled = new ReadyQueue();

  private final String name;
  private final int quota;

  /** What is left to the running fiber. */
  private int remaining;

  /**
   * Makes a policy for one execution.
   *
   * @param name that of the scheduler, for people
   * @param quota after how many operations that did not suspend it a fiber has to give way
   * @throws IllegalArgumentException if {@code quota} is not positive
   */
  public Fifo(String name, int quota) {
    if (quota <= 0) {
      throw new IllegalArgumentException("quota must be positive: " + quota);
    }
    this.name = Objects.requireNonNull(name, "name");
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
    return name;
  }
}
