package dev.picos.sched.multififo;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A queue that one domain adds to and all domains take from, first in, first out. It has no bound,
 * and needs no allocation for each element.
 */
final class LaneQueue<E> {
  // For maintainers.
  //
  // The queue is a chain of bounded queues. The owner adds to the last one; when that is full, the
  // owner makes another, twice as long, and links it. Every domain takes from the first one.
  //
  // No element is lost when the first queue is replaced. Once it has a successor, nothing is added
  // to it any more, and what was added to it last was there before the link. So a domain that finds
  // it empty, and then finds that it has a successor, looks at it once more. If it is still empty
  // then, it stays so, and the domain makes the successor the first queue, by a compare-and-set,
  // since several domains may find that out. The link and the reference to the first queue are
  // volatile.
  //
  // Most of the time the chain has one queue, and domains write nothing but its slots and indices.
  // The
  // chain is as short as the logarithm of the greatest number of elements that there have been at a
  // time, up to LONGEST.

  private static final int SHORTEST = 1 << 10;
  private static final int LONGEST = 1 << 17;

  private static final class Part<E> {
    final Ring<E> elements;
    volatile @Nullable Part<E> next;

    Part(int capacity) {
      elements = new Ring<>(capacity);
    }
  }

  private final AtomicReference<Part<E>> first;

  /** Only the owner uses this. */
  private Part<E> last;

  LaneQueue() {
    this(SHORTEST);
  }

  LaneQueue(int capacity) {
    last = new Part<>(capacity);
    first = new AtomicReference<>(last);
  }

  /**
   * Adds an element; only the owner does so.
   *
   * @throws OutOfMemoryError if the queue had to grow and could not; the element is not in it then
   */
  void offer(E element) {
    Part<E> now = last;
    if (!now.elements.offer(element)) {
      Part<E> longer = new Part<>(Math.min(LONGEST, 2 * now.elements.capacity()));
      longer.elements.offer(element);
      now.next = longer;
      last = longer;
    }
  }

  /** Takes the element that was added first; {@code null} if there is none. */
  @Nullable E poll() {
    for (; ; ) {
      Part<E> part = first.get();
      E element = part.elements.poll();
      if (element != null) {
        return element;
      }
      Part<E> next = part.next;
      if (next == null) {
        return null;
      }
      element = part.elements.poll();
      if (element != null) {
        return element;
      }
      first.compareAndSet(part, next);
    }
  }

  /**
   * Takes the first half of the elements, or less: returns the first one, and adds the others to
   * {@code to}, which the caller owns, up to {@code most} and as far as that need not grow.
   */
  @Nullable E pollHalf(LaneQueue<E> to, int most) {
    Ring<E> rest = to.last.elements;
    E element = first.get().elements.pollHalf(rest, rest.room(most));
    return element != null ? element : poll(); // from a successor
  }

  /** Changes whenever an element is taken, but for a rare coincidence. */
  long position() {
    return first.get().elements.taken();
  }

  boolean isEmpty() {
    for (Part<E> part = first.get(); part != null; part = part.next) {
      if (!part.elements.isEmpty()) {
        return false;
      }
    }
    return true;
  }

  /** How many elements there are. This is approximate while others add and take. */
  int size() {
    int size = 0;
    for (Part<E> part = first.get(); part != null; part = part.next) {
      size += part.elements.size();
    }
    return size;
  }
}
