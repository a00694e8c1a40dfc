package dev.picos.core;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Completes several computations at once, or none.
 *
 * {@snippet :
 * Transaction transaction = new Transaction();
 * if (transaction.tryReturn(give, done) && transaction.tryReturn(take, value)) {
 *   if (transaction.tryCommit()) return; // both are completed, and nobody saw one without the other
 * }
 * // something else came between: back off and start anew, or give up
 * }
 *
 * <p>Until {@link #tryCommit} every computation counts as running. Whoever completes a computation,
 * attaches to it or detaches from it meanwhile aborts the transaction that is in the way, so that
 * operations on a single computation never wait for a transaction. A transaction itself is only
 * obstruction-free: two that compete may abort each other for ever unless they back off for a
 * random time before they try again.
 *
 * <p>A transaction is used only by the fiber that made it, and only once.
 */
public final class Transaction {
  // For maintainers.
  //
  // STARTED -> COMMITTED by the owner, STARTED -> ABORTED by anyone; both final. This one word
  // decides (see Computation): tentative states that the transaction left in its computations mean
  // what the word says, at any moment. Replacing them afterwards is only cleaning up: the owner
  // does it for all of them, and anyone else for the one that is in the way.
  //
  // Ordering: both changes are volatile compare-and-sets, and reading the state is an acquire, so a
  // reader who sees COMMITTED sees what the owner did before. The list is the owner's alone.
  //
  // A commit allocates nothing, not even an iterator: once it is decided, nobody else will signal.
  //
  // Difference from the original: adding to a committed transaction always throws.

  private enum State {
    STARTED,
    ABORTED,
    COMMITTED
  }

  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(Transaction.class, "state", State.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private volatile State state = State.STARTED;
  private final List<Change> changes = new ArrayList<>(2);

  private record Change(Computation<?> computation, Computation.Tentative tentative) {
    void commit() {
      computation.swap(tentative, tentative.after());
    }

    void rollBack() {
      computation.swap(tentative, tentative.before());
    }
  }

  /** Starts a transaction. */
  public Transaction() {}

  /**
   * Adds the completion of {@code computation} with {@code value}.
   *
   * @return {@code false} if the computation is completed, or the transaction has been aborted; it
   *     is aborted then, and the caller may start another one
   * @throws IllegalStateException if this transaction is committed
   */
  public <T extends @Nullable Object> boolean tryReturn(Computation<T> computation, T value) {
    return tryAdd(computation, new Outcome.Returned<>(value));
  }

  /**
   * Adds the cancelation of {@code computation} with {@code reason}.
   *
   * @return {@code false} if the computation is completed, or the transaction has been aborted; it
   *     is aborted then, and the caller may start another one
   * @throws IllegalStateException if this transaction is committed
   */
  public boolean tryCancel(Computation<?> computation, Throwable reason) {
    return tryAdd(computation, new Outcome.Canceled<>(reason));
  }

  /**
   * Completes all the computations that were added, and then signals their triggers, in the order
   * of their addition. A transaction without computations commits.
   *
   * @return {@code false} if the transaction has been aborted, or committed before
   */
  public boolean tryCommit() {
    Handover[] handovers = handoversIfNeeded();
    if (!move(State.COMMITTED)) {
      rollBack();
      return false;
    }
    for (int i = 0; i < changes.size(); i++) {
      changes.get(i).commit();
    }
    Throwable failure = null;
    for (int i = 0; i < changes.size(); i++) {
      Bag triggers = changes.get(i).tentative.before();
      if (handovers != null) {
        triggers = handovers[i].signal(triggers);
      }
      failure = Cascade.signal(triggers, failure);
    }
    changes.clear();
    Cascade.report(failure);
    return true;
  }

  /** One for each change, or {@code null} if the caller has the stack to signal all triggers. */
  private Handover @Nullable [] handoversIfNeeded() {
    Handover first = Handover.ifNeeded();
    if (first == null) {
      return null;
    }
    Handover[] each = new Handover[changes.size()];
    for (int i = 0; i < each.length; i++) {
      each[i] = i == 0 ? first : Handover.prepared();
    }
    return each;
  }

  private boolean tryAdd(Computation<?> computation, Outcome<?> outcome) {
    if (isCommitted()) {
      throw new IllegalStateException("already committed");
    }
    while (read() == State.STARTED) {
      Object before = computation.state();
      if (before instanceof Bag bag) {
        Change change = new Change(computation, new Computation.Tentative(this, bag, outcome));
        changes.add(change);
        if (computation.swap(bag, change.tentative)) {
          return true;
        }
        changes.removeLast();
        Thread.onSpinWait();
      } else if (before instanceof Computation.Tentative other
          && other.transaction() != this
          && other.transaction().tryAbort()) {
        computation.swap(other, other.before());
      } else {
        move(State.ABORTED);
      }
    }
    rollBack();
    return false;
  }

  /** Aborts unless committed; returns whether it is aborted now. */
  boolean tryAbort() {
    return move(State.ABORTED) || read() == State.ABORTED;
  }

  boolean isCommitted() {
    return read() == State.COMMITTED;
  }

  private State read() {
    Point.before(this, Point.Kind.READ);
    return (State) STATE.getAcquire(this);
  }

  private boolean move(State next) {
    Point.before(this, Point.Kind.UPDATE);
    return STATE.compareAndSet(this, State.STARTED, next);
  }

  private void rollBack() {
    if (!changes.isEmpty()) {
      changes.forEach(Change::rollBack);
      changes.clear();
    }
  }

  /** Names the state, for people. */
  @Override
  public String toString() {
    return "Transaction[" + state + "]";
  }
}
