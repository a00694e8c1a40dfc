package dev.picos.domains;

import org.jspecify.annotations.Nullable;

/**
 * Fibers in the order in which they were added, for a {@link Policy} whose fibers nobody else
 * takes. The queue is not thread-safe.
 *
 * <p>Adding takes amortised constant time, and does nothing when there is no memory to grow; a
 * queue keeps room for the most fibers that it has ever held.
 */
public final class ReadyQueue {
  // This is no ArrayDeque, since an ArrayDeque loses its elements when growing it throws
  // OutOfMemoryError.

  private @Nullable Ready[] ring = new Ready[64]; // a power of two
  private int head;
  private int size;

  /** Makes an empty queue. */
  public ReadyQueue() {}

  /**
   * Adds {@code fiber} behind all others.
   *
   * @throws OutOfMemoryError if there is no room for it; it is not in the queue then
   */
  public void add(Ready fiber) {
    if (size == ring.length) {
      grow();
    }
    ring[(head + size) & (ring.length - 1)] = fiber;
    size++;
  }

  private void grow() {
    int length = ring.length;
    if (length == 1 << 30) {
      throw new OutOfMemoryError("more than " + length + " fibers are ready");
    }
    @Nullable Ready[] bigger = new Ready[2 * length];
    System.arraycopy(ring, head, bigger, 0, length - head);
    System.arraycopy(ring, 0, bigger, length - head, head);
    ring = bigger;
    head = 0;
  }

  /** Removes and returns the first; {@code null} if there is none. */
  public @Nullable Ready poll() {
    if (size == 0) {
      return null;
    }
    Ready first = ring[head];
    ring[head] = null;
    head = (head + 1) & (ring.length - 1);
    size--;
    return first;
  }

  /** Returns how many there are; in other threads than the domain's, about how many. */
  public int size() {
    return size;
  }

  /** Returns whether there is none. */
  public boolean isEmpty() {
    return size == 0;
  }
}
