package dev.picos.std.event;

import dev.picos.core.Computation;
import dev.picos.core.Outcome;
import dev.picos.core.Transaction;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One alternative of one synchronization. Any thread may commit to it as long as no alternative has
 * been committed to. For authors of libraries; see {@link Request}.
 *
 * <p>A synchronization has a single commit point. So at most one of its offers is ever committed,
 * and at most once, and the fiber learns of it; every other attempt returns {@code false} and
 * changes nothing. An offer may be used in any thread and kept for any time; one that is not
 * {@linkplain #isOpen open} any more can be dropped.
 *
 * <p>What a thread does before it commits happens before the synchronization returns.
 *
 * <p>Progress: everything is lock-free, except {@link #tryCommitBoth}, which is obstruction-free,
 * with back-off.
 *
 * @param <T> what the event gives
 */
public final class Offer<T extends @Nullable Object> {
  // For maintainers.
  //
  // `target` is completed exactly once: with a Commit, by a thread that decides for one of the
  // offers; or it is canceled by the synchronizing fiber, when that is canceled, fails or was only
  // polling. This one word decides everything; an offer has no state of its own.

  /** The offer that a synchronization was decided for, and its outcome. */
  record Commit(Offer<?> offer, Outcome<?> outcome) {}

  /** Half the maximum number of spins between two attempts at a transaction. */
  private static final int MOST_SPINS = 1 << 10;

  private final Computation<Commit> target;
  final @Nullable Frame path;

  /** The action that takes the offer back; only the synchronizing fiber uses this. */
  @Nullable Runnable withdrawal;

  Offer(Computation<Commit> target, @Nullable Frame path) {
    this.target = target;
    this.path = path;
  }

  /**
   * Returns whether the synchronization is undecided: neither has one of its offers been committed
   * nor has it been given up.
   */
  public boolean isOpen() {
    return target.isRunning();
  }

  /**
   * Returns what this offer was committed with, or {@code null} if it was not: because the
   * synchronization is undecided, was given up, or was decided for another offer.
   */
  @SuppressWarnings("unchecked") // only an outcome of this offer's type is committed with it
  public @Nullable Outcome<T> peek() {
    return target.peek() instanceof Outcome.Returned<Commit>(Commit commit) && commit.offer == this
        ? (Outcome<T>) commit.outcome
        : null;
  }

  /** Returns whether {@code other} is an offer of the same synchronization, or this one. */
  public boolean isOfSameSync(Offer<?> other) {
    return target == other.target;
  }

  /**
   * Commits to this offer: the synchronization returns {@code value}, after what was wrapped around
   * the event has been applied to it.
   *
   * @return whether this call did it
   */
  public boolean tryCommit(T value) {
    return tryCommit(new Outcome.Returned<>(value));
  }

  /**
   * Commits to this offer: the synchronization throws {@code reason}, a checked exception inside a
   * {@link dev.picos.core.ComputationException}. What was wrapped around the event is not run.
   *
   * @return whether this call did it
   */
  public boolean tryFail(Throwable reason) {
    return tryCommit(new Outcome.Canceled<>(reason));
  }

  /**
   * Prepares a {@link #tryCommit(Object)} with {@code value}. What this returns takes no memory
   * when it runs, and so does not fail for a lack of memory. Use it where something has to be taken
   * away for the commit.
   */
  public BooleanSupplier prepared(T value) {
    Outcome<Commit> commit =
        new Outcome.Returned<>(new Commit(this, new Outcome.Returned<>(value)));
    return () -> target.tryComplete(commit);
  }

  boolean tryCommit(Outcome<T> outcome) {
    return target.isRunning() && target.tryReturn(new Commit(this, outcome));
  }

  /**
   * Commits to two offers of different synchronizations atomically, or to neither: a meeting of two
   * parties that both have other alternatives. Without interference this takes one attempt. Calls
   * that interfere with each other try again after random pauses, until one of the offers is not
   * open.
   *
   * @return whether this call did it; {@code false} only if one of them is not open
   * @throws IllegalArgumentException if both are of the same synchronization, which commits to at
   *     most one offer
   */
  public static <A extends @Nullable Object, B extends @Nullable Object> boolean tryCommitBoth(
      Offer<A> one, A value, Offer<B> other, B otherValue) {
    if (one.isOfSameSync(other)) {
      throw new IllegalArgumentException("of the same synchronization: it commits to one offer");
    }
    Commit commit = new Commit(one, new Outcome.Returned<>(value));
    Commit otherCommit = new Commit(other, new Outcome.Returned<>(otherValue));
    for (int spins = 1; one.isOpen() && other.isOpen(); spins = Math.min(2 * spins, MOST_SPINS)) {
      Transaction transaction = new Transaction();
      if (transaction.tryReturn(other.target, otherCommit)
          && transaction.tryReturn(one.target, commit)
          && transaction.tryCommit()) {
        return true;
      }
      backOff(spins);
    }
    return false;
  }

  private static void backOff(int spins) {
    for (int left = ThreadLocalRandom.current().nextInt(2 * spins); left > 0; left--) {
      Thread.onSpinWait();
    }
  }

  /** Names the state, for people. */
  @Override
  public String toString() {
    return "Offer[" + (isOpen() ? "open" : peek() == null ? "lost" : "committed") + "]";
  }
}
