package dev.picos.domains;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The policy of one domain that no other takes fibers from: first come, first served, except that
 * those that are canceled go before all others.
 *
 * <p>Difference from the original: it puts the canceled fibers at the head of its one queue, so
 * that the last of them comes first; here they, too, come in their order.
 */
public final class Fifo implements Policy {
  private final ReadyQueue ready = new ReadyQueue();
  private final ReadyQueue canceled = new ReadyQueue();

  private final String name;
  private final int quota;

  /** What is left of the running fiber's quota. */
  private int remaining;

  /**
   * Makes a policy for one execution.
   *
   * @param name the name of the scheduler, for people
   * @param quota the number of operations that did not suspend it after which a fiber has to give
   *     way
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
  public boolean hasEarlier() {
    return !isEmpty();
  }

  @Override
  public boolean spend(Operation operation) {
    return --remaining <= 0;
  }

  /** As long as no domain takes fibers from another, this only tells that some wait. */
  @Override
  public int available() {
    return ready.size() + canceled.size();
  }

  /** Names the scheduler. */
  @Override
  public String toString() {
    return name;
  }
}
