package dev.picos.sched.multififo;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A bounded queue that one domain adds to and all domains take from, first in, first out. A domain
 * may take several elements at a time.
 *
 * <p>Adding and taking are lock-free; a taker that is stopped in the middle may make the queue look
 * full, but not empty.
 */
final class Ring<E> {
  // For maintainers.
  //
  // Elements are numbered as they are added, and lie in the slot of their number modulo the length.
  // Those from head up to, but not including, tail are in the queue.
  //
  //   tail    is written by the owner alone, after the slot
  //   head    is moved by takers, with compare-and-set
  //   a slot  is written by the owner while it is null, and set to null by whoever took its element
  //
  // Each element is taken once, and whole. A taker that moves head from h to h + n is the only one
  // that has taken the elements h to h + n - 1. It has read tail before, and that was more than
  // h + n - 1, so it sees what the owner wrote to their slots. The owner uses a slot again when it
  // has read null there: a release by the taker, after it has read the element. So nothing is
  // overwritten that is still to be read.
  //
  // Head is read before tail, so tail is not less than head. (JCTools, SpmcArrayQueue; Go,
  // runqgrab, for taking half.)
  //
  // The indices lie in one array so that each has its cache lines to itself: 16 numbers are two
  // lines, which the hardware likes to fetch together.

  private static final VarHandle SLOTS = MethodHandles.arrayElementVarHandle(Object[].class);
  private static final VarHandle INDICES = MethodHandles.arrayElementVarHandle(long[].class);

  private static final int LINES = 16;
  private static final int HEAD = LINES;
  private static final int TAIL = 2 * LINES;

  private final @Nullable Object[] slots;
  private final long[] indices = new long[3 * LINES];

  /** Makes a queue for {@code capacity} elements, which is a power of two. */
  Ring(int capacity) {
    slots = new Object[capacity];
    free(0); // links it: that must not fail for lack of memory when head has been moved
  }

  int capacity() {
    return slots.length;
  }

  /** Adds an element, unless the queue is full; only the owner does so. */
  boolean offer(E element) {
    long tail = indices[TAIL];
    int slot = slot(tail);
    if (!isFree(slot)) {
      return false;
    }
    slots[slot] = element;
    INDICES.setRelease(indices, TAIL, tail + 1); // publishes the slot
    return true;
  }

  /** How many elements can be added, up to {@code most}; only the owner asks. */
  int room(int most) {
    long tail = indices[TAIL];
    int limit = Math.min(most, slots.length);
    int room = 0;
    while (room < limit && isFree(slot(tail + room))) {
      room++;
    }
    return room;
  }

  /** Takes the element that was added first; {@code null} if there is none. */
  @Nullable E poll() {
    for (; ; ) {
      long head = head();
      if (head >= tail()) {
        return null;
      }
      if (tryMoveHead(head, 1)) {
        return take(head);
      }
    }
  }

  /**
   * Takes the first half of the elements, rounded up: returns the first one, and adds the others to
   * {@code to}, which the caller owns, up to {@code most}. There must be room for that many.
   */
  @Nullable E pollHalf(Ring<E> to, int most) {
    for (; ; ) {
      long head = head();
      long size = tail() - head;
      if (size <= 0) {
        return null;
      }
      int count = (int) Math.min(most + 1L, (size + 1) / 2);
      if (tryMoveHead(head, count)) {
        E first = take(head);
        for (int i = 1; i < count; i++) {
          if (!to.offer(take(head + i))) {
            throw new IllegalStateException("there was to be room for " + most);
          }
        }
        return first;
      }
    }
  }

  boolean isEmpty() {
    return head() >= tail();
  }

  /** How many elements have been taken. */
  long taken() {
    return head();
  }

  /** How many elements there are. This is approximate while others add and take. */
  int size() {
    long head = head();
    return (int) (tail() - head);
  }

  /** Takes an element that belongs to the caller since it has moved head beyond it. */
  @SuppressWarnings("unchecked") // only elements are added
  private E take(long number) {
    int slot = slot(number);
    E element = (E) Objects.requireNonNull(slots[slot]);
    free(slot); // after it has been read
    return element;
  }

  private void free(int slot) {
    SLOTS.setRelease(slots, slot, null);
  }

  private boolean isFree(int slot) {
    return SLOTS.getAcquire(slots, slot) == null;
  }

  private boolean tryMoveHead(long from, int by) {
    return INDICES.compareAndSet(indices, HEAD, from, from + by);
  }

  private long head() {
    return (long) INDICES.getVolatile(indices, HEAD);
  }

  private long tail() {
    return (long) INDICES.getVolatile(indices, TAIL);
  }

  private int slot(long number) {
    return (int) number & (slots.length - 1);
  }
}
