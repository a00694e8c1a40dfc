package dev.picos.core;

import org.jspecify.annotations.Nullable;

/**
 * Timeouts, the earliest first: a pairing heap.
 *
 * <p>The links lie in the timeouts, so no operation takes memory; and none recurses. Adding takes
 * constant time, and removing amortised logarithmic time. A heap is for one thread.
 *
 * <p>Source: Fredman, Sedgewick, Sleator and Tarjan, The pairing heap (1986), with two passes.
 */
final class TimeoutHeap {
  // For maintainers.
  //
  // A tree in which no timeout is earlier than its parent. The children of a timeout are a list: it
  // refers to the first, each refers to the next, and back to the previous, the first to the
  // parent. A root refers to neither.

  private @Nullable Timeout root;
  private int size;

  /** Returns a timeout with the least deadline, or {@code null} if there is none at all. */
  @Nullable Timeout earliest() {
    return root;
  }

  int size() {
    return size;
  }

  void add(Timeout timeout) {
    timeout.isInHeap = true;
    size++;
    root = root == null ? timeout : linked(root, timeout);
  }

  /** Removes a timeout that is in this heap. */
  void remove(Timeout timeout) {
    Timeout below = linkedAll(timeout.child);
    timeout.child = null;
    timeout.isInHeap = false;
    size--;
    Timeout above = root;
    if (timeout == above || above == null) {
      root = below;
    } else {
      cut(timeout);
      root = below == null ? above : linked(above, below);
    }
  }

  private static void cut(Timeout timeout) {
    Timeout previous = timeout.previous;
    Timeout next = timeout.next;
    if (next != null) {
      next.previous = previous;
    }
    if (previous != null && previous.child == timeout) {
      previous.child = next;
    } else if (previous != null) {
      previous.next = next;
    }
    timeout.previous = null;
    timeout.next = null;
  }

  /** Makes the later of two roots a child of the earlier, which this returns. */
  private static Timeout linked(Timeout one, Timeout other) {
    return one.deadline <= other.deadline ? withChild(one, other) : withChild(other, one);
  }

  private static Timeout withChild(Timeout parent, Timeout child) {
    Timeout next = parent.child;
    child.previous = parent;
    child.next = next;
    if (next != null) {
      next.previous = child;
    }
    parent.child = child;
    return parent;
  }

  /** Makes one tree of a list of siblings: links them in pairs, and then the last pair with all. */
  private static @Nullable Timeout linkedAll(@Nullable Timeout first) {
    Timeout pairs = null; // a stack, by next
    for (Timeout one = first; one != null; ) {
      Timeout other = one.next;
      Timeout rest = other == null ? null : other.next;
      detach(one);
      Timeout pair = one;
      if (other != null) {
        detach(other);
        pair = linked(one, other);
      }
      pair.next = pairs;
      pairs = pair;
      one = rest;
    }
    Timeout all = null;
    while (pairs != null) {
      Timeout pair = pairs;
      pairs = pair.next;
      pair.next = null;
      all = all == null ? pair : linked(all, pair);
    }
    return all;
  }

  private static void detach(Timeout timeout) {
    timeout.previous = null;
    timeout.next = null;
  }
}
