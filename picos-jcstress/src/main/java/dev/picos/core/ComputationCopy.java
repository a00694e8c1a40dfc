package dev.picos.core;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** {@link Computation}'s algorithm, for twins to override one step of with a mistake. */
class ComputationCopy {
  /** A {@link Bag}, a {@link TransactionCopy.Tentative}, or an Integer: the outcome. */
  final AtomicReference<Object> state = new AtomicReference<>();

  ComputationCopy() {
    this(Computation.Mode.FIFO);
  }

  ComputationCopy(Computation.Mode mode) {
    state.set(Bag.empty(mode));
  }

  boolean tryComplete(int outcome) {
    for (; ; ) {
      Bag bag = bag();
      if (bag == null) {
        return false;
      }
      if (swap(bag, outcome)) {
        Cascade.signal(bag);
        return true;
      }
    }
  }

  boolean tryAttach(Trigger trigger) {
    for (; ; ) {
      Bag bag = bag();
      if (bag == null) {
        return false;
      }
      if (swap(bag, bag.plus(trigger))) {
        return true;
      }
    }
  }

  void detach(Trigger trigger) {
    trigger.signal();
    for (; ; ) {
      Bag bag = bag();
      if (bag == null || swap(bag, bag.minus(trigger))) {
        return;
      }
    }
  }

  /** The triggers of a running computation, after aborting any transaction that is in the way. */
  @Nullable Bag bag() {
    for (; ; ) {
      Object now = state.getAcquire();
      if (now instanceof Bag bag) {
        return bag;
      }
      if (!(now instanceof TransactionCopy.Tentative tentative)
          || !tentative.transaction().tryAbort()) {
        return null;
      }
      swap(tentative, tentative.before());
    }
  }

  /** Returns 0 while it is running. */
  int outcome() {
    Object now = state.getAcquire();
    if (now instanceof TransactionCopy.Tentative tentative) {
      return tentative.transaction().isCommitted() ? tentative.after() : 0;
    }
    return now instanceof Integer outcome ? outcome : 0;
  }

  boolean swap(Object before, Object after) {
    return before == after || state.compareAndSet(before, after);
  }
}
