package dev.picos.core;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/** {@link Transaction}'s algorithm, for twins to override one step of with a mistake. */
class TransactionCopy {
  enum Phase {
    STARTED,
    ABORTED,
    COMMITTED
  }

  record Tentative(TransactionCopy transaction, Bag before, int after) {}

  record Change(ComputationCopy computation, Tentative tentative) {}

  final AtomicReference<Phase> phase = new AtomicReference<>(Phase.STARTED);
  final List<Change> changes = new ArrayList<>(2);

  boolean tryAdd(ComputationCopy computation, int outcome) {
    while (phase.getAcquire() == Phase.STARTED) {
      Object before = computation.state.getAcquire();
      if (before instanceof Bag bag) {
        Tentative tentative = new Tentative(this, bag, outcome);
        changes.add(new Change(computation, tentative));
        if (computation.swap(bag, tentative)) {
          return true;
        }
        changes.removeLast();
      } else if (before instanceof Tentative other && other.transaction().tryAbort()) {
        computation.swap(other, other.before());
      } else {
        move(Phase.ABORTED);
      }
    }
    rollBack();
    return false;
  }

  boolean tryCommit() {
    if (!move(Phase.COMMITTED)) {
      rollBack();
      return false;
    }
    for (Change change : changes) {
      change.computation.swap(change.tentative, change.tentative.after);
    }
    changes.forEach(change -> Cascade.signal(change.tentative.before));
    return true;
  }

  boolean tryAbort() {
    return move(Phase.ABORTED) || phase.getAcquire() == Phase.ABORTED;
  }

  boolean isCommitted() {
    return phase.getAcquire() == Phase.COMMITTED;
  }

  boolean move(Phase next) {
    return phase.compareAndSet(Phase.STARTED, next);
  }

  void rollBack() {
    changes.forEach(change -> change.computation.swap(change.tentative, change.tentative.before));
  }
}
