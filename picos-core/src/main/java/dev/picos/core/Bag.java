package dev.picos.core;

import org.jspecify.annotations.Nullable;

/**
 * The triggers attached to a running computation: an immutable list, newest first.
 *
 * <p>A detached trigger stays in the list until there are as many detached triggers as live ones;
 * then the next change rebuilds the list from the triggers that are not signaled, in the same
 * order. So attaching and detaching take amortised constant time, and the list is at most about
 * twice as long as there are live triggers. The newest trigger leaves at once if nothing was
 * detached since it came; this is what happens when the fibers of a computation wait one at a time.
 */
final class Bag {
  // For maintainers.
  //
  // word = 2 * balance + mode, where balance = attached - 2 * detached = live - garbage, counted
  // over this node and all older ones, as of the time this node became the head; mode is 1 for
  // FIFO.
  //
  // A detach puts a new node with a smaller balance in the place of the head. So a head whose
  // balance is one above that of the next older node is as the attach left it, and taking it off
  // restores exactly the bag from before the attach.
  //
  // After a rebuild, a compare-and-set fails only because somebody else's change has succeeded, so
  // somebody makes progress. (As in Picos for OCaml.)

  private static final Bag LIFO = new Bag(0, null, null);
  private static final Bag FIFO = new Bag(1, null, null);

  private final int word;
  final @Nullable Trigger newest;
  private final @Nullable Bag older;

  private Bag(int word, @Nullable Trigger newest, @Nullable Bag older) {
    this.word = word;
    this.newest = newest;
    this.older = older;
  }

  static Bag empty(Computation.Mode mode) {
    return mode == Computation.Mode.FIFO ? FIFO : LIFO;
  }

  boolean isEmpty() {
    return newest == null;
  }

  /** The rest of a bag that is not empty. */
  Bag older() {
    return older == null ? root() : older;
  }

  Bag plus(Trigger trigger) {
    Bag base = word >= 0 ? this : live();
    return new Bag(base.word + 2, trigger, base);
  }

  /** This bag once {@code trigger}, which has been signaled, needs no place in it any more. */
  Bag minus(Trigger trigger) {
    if (older == null) {
      return this;
    }
    if (newest == trigger && word == older.word + 2) {
      return older;
    }
    return word >= 0 ? new Bag(word - 4, newest, older) : live();
  }

  /** The same triggers, in the order in which a completion signals them from {@link #newest} on. */
  Bag inSignalingOrder() {
    if ((word & 1) == 0 || older == null || older.isEmpty()) {
      return this;
    }
    return copyReversed(true);
  }

  /** How many triggers are held, dead ones included. */
  int size() {
    int size = 0;
    for (Bag node = this; node.older != null; node = node.older) {
      size++;
    }
    return size;
  }

  private Bag live() {
    return copyReversed(false).copyReversed(false);
  }

  private Bag copyReversed(boolean withSignaled) {
    Bag copy = root();
    for (Bag node = this; node.older != null; node = node.older) {
      if (node.newest != null && (withSignaled || !node.newest.isSignaled())) {
        copy = new Bag(copy.word + 2, node.newest, copy);
      }
    }
    return copy;
  }

  private Bag root() {
    return (word & 1) == 0 ? LIFO : FIFO;
  }
}
