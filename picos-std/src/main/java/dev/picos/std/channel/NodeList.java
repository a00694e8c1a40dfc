package dev.picos.std.channel;

import dev.picos.core.Point;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * The nodes of a channel, in the order in which they came. Any thread may append a node behind the
 * one that it has seen to be the last; this fails if another thread has appended one meanwhile. Any
 * thread may follow the list. Dead nodes leave it sooner or later.
 *
 * <p>Everything is lock-free. Giving up takes amortised constant time. Except during a sweep, there
 * are never more dead nodes than live ones plus sixteen.
 */
final class NodeList<T extends @Nullable Object> {
  // For maintainers.
  //
  // The list leads from `head`, which is dead or not yet taken, through `next` to the last node,
  // whose `next` is null. `tail` is a hint that is near the end. The list is never empty: the last
  // node remains, dead or not.
  //
  // Invariants:
  //   1 All nodes before `head` are dead. `head` only moves forward. A node that was `head` points
  //     to itself, so that old garbage does not keep younger garbage alive; a thread that stands on
  //     such a node starts anew.
  //   2 A node that is skipped by the `next` of another was dead, and not the last.
  //
  // Dead nodes at the front are removed at once. So an operation that meets a partner leaves no
  // garbage, since the partner is the first live node. An operation that gives up may leave
  // garbage, which a sweep removes when `deaths` comes to exceed `mark`. The mark is half the
  // number of nodes that were live at the last sweep, or LITTLE if that is more. While the mark is
  // more than LITTLE, a meeting counts as a death, too.
  //
  // Claim: while no sweep is under way, no more nodes are dead than LITTLE or than are live,
  // whichever is more. (This leaves out nodes that have just died and are yet to be counted, one
  // for each thread.) Proof: let m be the mark.
  //   1 All nodes that had died when the last sweep began have been unlinked.
  //   2 Every node that has died since has been counted, or has left at once. So at most m are
  //     dead.
  //   3 If m is LITTLE, the claim follows from 2.
  //   4 Otherwise, at least 2m nodes were live at the last sweep. At most m of them have died
  //     since, because every death counts. So at least m nodes are live, and the claim follows from
  //     2.
  //
  // Claim: the sweeps cost amortised constant time for each node. Proof: let m be the mark before a
  // sweep. The sweep visits three kinds of nodes.
  //   1 Dead nodes: it unlinks each of them, once and for all; each pays for its own visit.
  //   2 Live nodes that were appended after the last sweep: each pays for its first visit.
  //   3 Live nodes that the last sweep has visited, too: there are at most 2m + 1, because m is at
  //     least half their number, rounded down. More than m deaths have been counted since, and pay
  //     for them.
  //
  // There is one sweep at a time; `mark` is SWEEPING meanwhile. A thread that counts a death then
  // leaves it to the sweeping thread to look again afterwards. The sweeping thread writes the mark
  // before it reads `deaths`, and the counting thread adds to `deaths` before it reads the mark; so
  // one of the two sees the other.
  //
  // Rejected: to count the live nodes, which costs every operation something; to number the nodes,
  // for which an item in the buffer would have to be bigger by a third.
  //
  // Ordering: all accesses are volatile, since the proofs of the channel say that one of two
  // parties sees the other. On x86 this costs nothing beyond the compare-and-sets.

  private static final VarHandle HEAD;
  private static final VarHandle TAIL;
  private static final VarHandle DEATHS;
  private static final VarHandle MARK;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      HEAD = lookup.findVarHandle(NodeList.class, "head", Node.class);
      TAIL = lookup.findVarHandle(NodeList.class, "tail", Node.class);
      DEATHS = lookup.findVarHandle(NodeList.class, "deaths", int.class);
      MARK = lookup.findVarHandle(NodeList.class, "mark", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Less garbage than this is not worth a sweep. */
  private static final int LITTLE = 16;

  private static final int SWEEPING = Integer.MAX_VALUE;

  @SuppressWarnings("unused") // through HEAD
  private volatile Node<T> head = Node.dead();

  @SuppressWarnings("unused") // through TAIL
  private volatile Node<T> tail = head;

  @SuppressWarnings("unused") // through DEATHS
  private volatile int deaths;

  @SuppressWarnings("unused") // through MARK
  private volatile int mark = LITTLE;

  /** The first node, which may be dead. */
  @SuppressWarnings("unchecked") // only nodes of this list
  Node<T> head() {
    Point.before(this, Point.Kind.READ);
    return (Node<T>) HEAD.getVolatile(this);
  }

  /** The node after {@code node}, or the head if that has left the list; null after the last. */
  @Nullable Node<T> after(Node<T> node) {
    Node<T> next = node.next();
    return next == node ? head() : next;
  }

  /** The node that is the last at present. */
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

  /** Removes the dead nodes at the front; the last node remains. */
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
          first.isolate();
        }
      }
    }
  }

  /** Removes a node that was met, and that was the first live one. */
  void met() {
    clean();
    if (mark() != LITTLE) {
      count();
    }
  }

  /**
   * Removes the node of a wait that was given up, or counts it so that a sweep removes it later.
   *
   * @return whether nodes have been removed from the middle
   */
  boolean gaveUp() {
    clean();
    return count();
  }

  private boolean count() {
    Point.before(this, Point.Kind.UPDATE);
    int now = (int) DEATHS.getAndAdd(this, 1) + 1;
    boolean swept = false;
    for (int most = mark(); now > most; now = deaths(), most = mark()) {
      Point.before(this, Point.Kind.UPDATE);
      if (MARK.compareAndSet(this, most, SWEEPING)) {
        sweep();
        swept = true;
      }
    }
    return swept;
  }

  private int deaths() {
    Point.before(this, Point.Kind.READ);
    return (int) DEATHS.getVolatile(this);
  }

  private int mark() {
    Point.before(this, Point.Kind.READ);
    return (int) MARK.getVolatile(this);
  }

  /** Unlinks the dead nodes in the middle, and sets the mark. */
  private void sweep() {
    int next = LITTLE;
    try {
      Point.before(this, Point.Kind.WRITE);
      DEATHS.setVolatile(this, 0);
      next = Math.max(LITTLE, unlinkDead() / 2);
      Node<T> unused = last(); // so that the hint keeps no unlinked node alive
    } finally { // also when the stack overflows
      mark = next;
    }
  }

  /**
   * Unlinks the dead nodes between the head and the last one, and returns how many are live there.
   */
  private int unlinkDead() {
    int live = 0;
    Node<T> last = last(); // nodes that come later die later, and are counted
    for (Node<T> kept = head(); ; ) {
      Node<T> next = kept.next();
      if (next == null) {
        return live;
      }
      Node<T> node = next == kept ? null : firstAlive(next);
      if (node == null) {
        kept = head();
      } else if (node == next || kept.trySkip(next, node)) {
        if (node == last) {
          return live;
        }
        live++;
        kept = node;
      }
    }
  }

  /**
   * The first node from {@code node} on that is live or the last; {@code null} if other threads
   * have moved the head past it.
   */
  private static <T extends @Nullable Object> @Nullable Node<T> firstAlive(Node<T> node) {
    for (; ; ) {
      Node<T> next = node.next();
      if (next == node) {
        return null;
      }
      if (next == null || !node.isDead()) {
        return node;
      }
      node = next;
    }
  }
}
