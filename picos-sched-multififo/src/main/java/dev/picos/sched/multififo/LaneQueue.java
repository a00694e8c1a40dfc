package dev.picos.sched.multififo;

import java.util.concurrent.atomic.AtomicReference;
import org.jctools.queues.varhandle.SpmcVarHandleArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * A queue that one domain adds to and all domains take from, first in, first out. It has no bound,
 * and costs nothing for each element.
 */
final class LaneQueue<E> {
  // For maintainers.
  //
  // A chain of bounded queues. The owner adds to the last one; when that is full it makes another,
  // twice as long, and links it. Everybody takes from the first one. When that is empty and has a
  // successor, nothing is added to it any more: so it is looked at once more, as what was added
  // last was there before the link, and if it is still empty the first one becomes its successor,
  // by a compare-and-set since several may find that out. The link and the first one are volatile.
  //
  // Most of the time there is one, of which an index is all that domains write. A chain is as short
  // as the logarithm of how many elements there have been at a time, up to LONGEST.

  private static final int SHORTEST = 1 << 10;
  private static final int LONGEST = 1 << 17;

  private static final class Part<E> {
    final SpmcVarHandleArrayQueue<E> elements;
    volatile @Nullable Part<E> next;

    Part(int capacity) {
      elements = new SpmcVarHandleArrayQueue<>(capacity);
    }
  }

  private final AtomicReference<Part<E>> first;

  /** The owner's. */
  private Part<E> last;

  LaneQueue() {
    this(SHORTEST);
  }

  LaneQueue(int capacity) {
    last = new Part<>(capacity);
    first = new AtomicReference<>(last);
  }

  /**
   * Adds an element; by the owner.
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

  boolean isEmpty() {
    for (Part<E> part = first.get(); part != null; part = part.next) {
      if (!part.elements.isEmpty()) {
        return false;
      }
    }
    return true;
  }

  /** How many elements there are; about, while others add and take. */
  int size() {
    int size = 0;
    for (Part<E> part = first.get(); part != null; part = part.next) {
      size += part.elements.size();
    }
    return size;
  }
}
