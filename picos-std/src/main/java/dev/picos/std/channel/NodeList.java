package dev.picos.std.channel;

import dev.picos.core.Point;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * The nodes of a channel, in the order in which they came: to be appended to by anyone who has seen
 * that nobody else did, and to be followed by anyone. Dead nodes leave it sooner or later.
 *
 * <p>Everything is lock-free. Who gives up does so in amortised constant time, and there are never
 * more dead nodes than live ones, and sixteen.
 */
final class NodeList<T extends @Nullable Object> {
  // For maintainers.
  //
  // From `head`, which is dead or not yet taken, through `next` to the last node, whose `next` is
  // null. `tail` is a hint where the end is near. The list is never empty: the last node remains,
  // dead or not.
  //
  // Invariants:
  //   1 all nodes before `head` are dead; head moves forward only; a node that was head points to
  //     itself, so that old garbage does not hold on to younger, and who stands on it starts anew
  //   2 a node that is skipped by the `next` of another was dead, and not the last
  //
  // Garbage is counted as it is reported by those who gave up, and is discounted by a sweep, which
  // unlinks what is dead in the middle. The first nodes are removed at once if they are dead.
  //
  // Ordering: all accesses are volatile, since channels argue that of two parties one sees the
  // other. On x86 that costs nothing that the compare-and-sets do not cost.

  private static final VarHandle HEAD;
  private static final VarHandle TAIL;
  private static final VarHandle GARBAGE;
  private static final VarHandle SWEEP_AT;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      HEAD = lookup.findVarHandle(NodeList.class, "head", Node.class);
      TAIL = lookup.findVarHandle(NodeList.class, "tail", Node.class);
      GARBAGE = lookup.findVarHandle(NodeList.class, "garbage", int.class);
      SWEEP_AT = lookup.findVarHandle(NodeList.class, "sweepAt", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Less garbage than this is not worth a sweep. */
  private static final int LITTLE = 16;

  @SuppressWarnings("unused") // through HEAD
  private volatile Node<T> head = Node.dead();

  @SuppressWarnings("unused") // through TAIL
  private volatile Node<T> tail = head;

  @SuppressWarnings("unused") // through GARBAGE
  private volatile int garbage;

  @SuppressWarnings("unused") // through SWEEP_AT
  private volatile int sweepAt = LITTLE;

  /** The first node, which may be dead. */
  @SuppressWarnings("unchecked") // only nodes of this list
  Node<T> head() {
    Point.before(this, Point.Kind.READ);
    return (Node<T>) HEAD.getVolatile(this);
  }

  /** The node behind {@code node}, or the head if that has left the list; none behind the last. */
  @Nullable Node<T> after(Node<T> node) {
    Node<T> next = node.next();
    return next == node ? head() : next;
  }

  /** The last node, as of now. */
  Node<T> last() {
    Point.before(this, Point.Kind.READ);
    @SuppressWarnings("unchecked") // only nodes of this list
    Node<T> before = (Node<T>) TAIL.getVolatile(this);
    Node<T> node = before;
    for (Node<T> next = node.next(); next != null; next = node.next()) {
      node = next == node ? head() : next;
    }
    if (node != before) {
      Point.before(this, Point.Kind.UPDATE);
      TAIL.compareAndSet(this, before, node);
    }
    return node;
  }

  /** Appends {@code node}, if {@code last} is still the last. */
  boolean append(Node<T> last, Node<T> node) {
    if (!last.tryAppend(node)) {
      return false;
    }
    Point.before(this, Point.Kind.UPDATE);
    TAIL.compareAndSet(this, last, node);
    return true;
  }

  /** Removes the first nodes as far as they are dead; the last node remains. */
  void clean() {
    for (; ; ) {
      Node<T> first = head();
      Node<T> next = first.next();
      if (next == null || !first.isDead()) {
        return;
      }
      if (next != first) {
        Point.before(this, Point.Kind.UPDATE);
        if (HEAD.compareAndSet(this, first, next)) {
          first.setNext(first);
        }
      }
    }
  }

  /** Removes the node of one who gave up, or counts it, for a later time. */
  void gaveUp() {
    clean();
    Point.before(this, Point.Kind.UPDATE);
    int now = (int) GARBAGE.getAndAdd(this, 1) + 1;
    Point.before(this, Point.Kind.READ);
    if (now > (int) SWEEP_AT.getVolatile(this)) {
      Point.before(this, Point.Kind.UPDATE);
      if (GARBAGE.compareAndSet(this, now, 0)) {
        sweep();
      }
    }
  }

  /** Unlinks the dead nodes in the middle. */
  private void sweep() {
    int live = 0;
    Node<T> kept = head();
    for (Node<T> node = kept.next(); node != null; ) {
      Node<T> next = node.next();
      if (next == node) {
        break; // others have come as far as here from the head on
      }
      if (next == null || !node.isDead()) {
        live++;
        if (kept.next() != node) {
          kept.setNext(node);
        }
        kept = node;
      }
      node = next;
    }
    Point.before(this, Point.Kind.WRITE);
    SWEEP_AT.setVolatile(this, Math.max(LITTLE, live));
  }
}
