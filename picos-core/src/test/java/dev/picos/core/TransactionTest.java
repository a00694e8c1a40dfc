package dev.picos.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import dev.picos.testing.Wait;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TransactionTest {
  private static final int ROUNDS = 4_000;

  private final RuntimeException reason = new RuntimeException("reason");
  private final Computation<Integer> a = new Computation<>();
  private final Computation<Integer> b = new Computation<>();
  private final Transaction transaction = new Transaction();
  private final List<Object> log = new ArrayList<>();

  private Trigger logging(Object entry) {
    return Trigger.fromAction(log, entry, (trigger, log, e) -> log.add(e));
  }

  @Test
  void commit_completesAll() {
    // Until the commit both count as running, and then both are completed and signaled
    Trigger onA = new Trigger();
    Trigger onB = new Trigger();
    assertThat(a.tryAttach(onA)).isTrue();
    assertThat(b.tryAttach(onB)).isTrue();

    assertThat(transaction.tryReturn(a, 1)).isTrue();
    assertThat(transaction.tryReturn(b, 2)).isTrue();
    assertThat(a.isRunning()).isTrue();
    assertThat(b.isRunning()).isTrue();
    assertThat(a.peek()).isNull();
    assertThat(b.peek()).isNull();
    assertThat(onA.isSignaled()).isFalse();
    assertThat(onB.isSignaled()).isFalse();
    boolean committed = transaction.tryCommit();

    assertThat(committed).isTrue();
    assertThat(a.await()).isEqualTo(1);
    assertThat(b.await()).isEqualTo(2);
    assertThat(onA.isSignaled()).isTrue();
    assertThat(onB.isSignaled()).isTrue();
  }

  @Test
  void commit_ofCancelation() {
    // until the commit a computation does not count as canceled, and then it is, by that object
    assertThat(transaction.tryCancel(a, reason)).isTrue();
    boolean canceledBefore = a.isCanceled();
    Throwable reasonBefore = a.cancelReason();
    a.check();
    boolean committed = transaction.tryCommit();

    assertThat(canceledBefore).isFalse();
    assertThat(reasonBefore).isNull();
    assertThat(committed).isTrue();
    assertThat(a.isCanceled()).isTrue();
    assertThat(a.cancelReason()).isSameAs(reason);
  }

  @Test
  void commit_ofNull() {
    // a transaction may return null
    assertThat(transaction.tryReturn(a, null)).isTrue();

    boolean committed = transaction.tryCommit();

    assertThat(committed).isTrue();
    assertThat(a.peek()).isEqualTo(new Outcome.Returned<>(null));
  }

  @Test
  void commit_signalsInOrderOfAddition() {
    // triggers are signaled computation by computation, as added, each in its own order
    assertThat(a.tryAttach(logging("a1"))).isTrue();
    assertThat(b.tryAttach(logging("b1"))).isTrue();
    assertThat(a.tryAttach(logging("a2"))).isTrue();
    assertThat(b.tryAttach(logging("b2"))).isTrue();
    assertThat(transaction.tryReturn(b, 2)).isTrue();
    assertThat(transaction.tryReturn(a, 1)).isTrue();

    transaction.tryCommit();

    assertThat(log).containsExactly("b1", "b2", "a1", "a2");
  }

  @Test
  void commit_completesAllBeforeItSignals() {
    // when the first action runs, the last computation is completed
    Trigger trigger =
        Trigger.fromAction(log, b, (t, log, other) -> log.add(String.valueOf(other.peek())));
    assertThat(a.tryAttach(trigger)).isTrue();
    assertThat(transaction.tryReturn(a, 1)).isTrue();
    assertThat(transaction.tryReturn(b, 2)).isTrue();

    transaction.tryCommit();

    assertThat(log).containsExactly("Returned[value=2]");
  }

  @Test
  void commit_ofMany() {
    // a transaction may complete a thousand computations
    List<Computation<Integer>> many =
        Stream.generate(() -> new Computation<Integer>()).limit(1_000).toList();
    many.forEach(computation -> assertThat(transaction.tryReturn(computation, 1)).isTrue());

    boolean committed = transaction.tryCommit();

    assertThat(committed).isTrue();
    assertThat(many).noneMatch(Computation::isRunning);
  }

  @Test
  void commit_ofNothing() {
    // An empty transaction commits, once
    boolean first = transaction.tryCommit();
    boolean second = transaction.tryCommit();

    assertThat(first).isTrue();
    assertThat(second).isFalse();
  }

  @Test
  void commit_twice() {
    // a second commit fails and changes nothing
    assertThat(transaction.tryReturn(a, 1)).isTrue();
    transaction.tryCommit();

    boolean second = transaction.tryCommit();

    assertThat(second).isFalse();
    assertThat(a.await()).isEqualTo(1);
  }

  @Test
  void committedOutcome_isFinal() {
    // what a transaction has completed cannot be completed again
    assertThat(transaction.tryReturn(a, 1)).isTrue();
    transaction.tryCommit();

    assertThat(a.tryReturn(2)).isFalse();
    assertThat(a.tryCancel(reason)).isFalse();
    assertThat(a.tryAttach(new Trigger())).isFalse();
    assertThat(new Transaction().tryReturn(a, 3)).isFalse();
    assertThat(a.await()).isEqualTo(1);
  }

  @Test
  void adding_afterCommit() {
    // nothing can be added to a committed transaction
    assertThat(transaction.tryReturn(a, 1)).isTrue();
    transaction.tryCommit();

    assertThatIllegalStateException()
        .isThrownBy(() -> transaction.tryReturn(b, 2))
        .withMessageContaining("already committed");
    assertThatIllegalStateException().isThrownBy(() -> transaction.tryCancel(b, reason));
    assertThatIllegalStateException().isThrownBy(() -> transaction.tryReturn(a, 2));

    assertThat(b.isRunning()).isTrue();
  }

  @Test
  void adding_completedComputation() {
    // a completed computation cannot be added; the transaction is aborted and the others run on
    Trigger trigger = new Trigger();
    assertThat(a.tryAttach(trigger)).isTrue();
    b.tryReturn(2);
    assertThat(transaction.tryReturn(a, 1)).isTrue();

    boolean added = transaction.tryCancel(b, reason);
    boolean committed = transaction.tryCommit();

    assertThat(added).isFalse();
    assertThat(committed).isFalse();
    assertThat(a.isRunning()).isTrue();
    assertThat(trigger.isSignaled()).isFalse();
    assertThat(b.await()).isEqualTo(2);
    assertThat(a.tryReturn(3)).isTrue();
    assertThat(trigger.isSignaled()).isTrue();
  }

  @Test
  void adding_toAbortedTransaction() {
    // nothing can be added to an aborted transaction
    assertThat(transaction.tryReturn(a, 1)).isTrue();
    a.tryReturn(2);

    boolean added = transaction.tryReturn(b, 1);

    assertThat(added).isFalse();
    assertThat(b.isRunning()).isTrue();
    assertThat(b.attachedCount()).isZero();
  }

  @Test
  void adding_oneComputationTwice() {
    // a computation added twice aborts the transaction
    assertThat(transaction.tryReturn(a, 1)).isTrue();

    boolean added = transaction.tryReturn(a, 2);
    boolean committed = transaction.tryCommit();

    assertThat(added).isFalse();
    assertThat(committed).isFalse();
    assertThat(a.isRunning()).isTrue();
  }

  @Test
  void polling_doesNotAbort() {
    // looking at a computation does not disturb the transaction
    assertThat(transaction.tryReturn(a, 1)).isTrue();

    log.add(a.isRunning());
    log.add(a.isCanceled());
    log.add(String.valueOf(a.peek()));
    log.add(String.valueOf(a.cancelReason()));
    log.add(a.toString());
    a.check();
    boolean committed = transaction.tryCommit();

    assertThat(log).containsExactly(true, false, "null", "null", "Computation[running]");
    assertThat(committed).isTrue();
  }

  @Test
  void tryReturn_aborts() {
    // a completion that meets a transaction goes through, and the transaction fails as a whole
    assertThat(transaction.tryReturn(a, 1)).isTrue();
    assertThat(transaction.tryReturn(b, 2)).isTrue();

    boolean returned = b.tryReturn(3);
    boolean committed = transaction.tryCommit();

    assertThat(returned).isTrue();
    assertThat(committed).isFalse();
    assertThat(a.isRunning()).isTrue();
    assertThat(b.await()).isEqualTo(3);
  }

  @Test
  void tryCancel_aborts() {
    // so does a cancelation
    assertThat(transaction.tryReturn(a, 1)).isTrue();
    assertThat(transaction.tryReturn(b, 2)).isTrue();

    boolean canceled = a.tryCancel(reason);
    boolean committed = transaction.tryCommit();

    assertThat(canceled).isTrue();
    assertThat(committed).isFalse();
    assertThat(a.cancelReason()).isSameAs(reason);
    assertThat(b.isRunning()).isTrue();
  }

  @Test
  void tryAttach_aborts() {
    // Attaching to a tentatively completed computation succeeds and aborts the transaction
    assertThat(transaction.tryReturn(a, 1)).isTrue();
    Trigger trigger = new Trigger();

    boolean attached = a.tryAttach(trigger);
    boolean committed = transaction.tryCommit();

    assertThat(attached).isTrue();
    assertThat(committed).isFalse();
    assertThat(trigger.isSignaled()).isFalse();
    assertThat(a.tryReturn(2)).isTrue();
    assertThat(trigger.isSignaled()).isTrue();
  }

  @Test
  void detach_aborts() {
    // detaching from a tentatively completed computation takes effect and aborts the transaction
    Trigger trigger = new Trigger();
    assertThat(a.tryAttach(trigger)).isTrue();
    assertThat(transaction.tryReturn(a, 1)).isTrue();

    a.detach(trigger);
    boolean committed = transaction.tryCommit();

    assertThat(committed).isFalse();
    assertThat(a.attachedCount()).isZero();
  }

  @ParameterizedTest
  @EnumSource
  void abort_keepsTheTriggers(Computation.Mode mode) {
    // After an abort the triggers are still attached, and signaled in order when it is time
    Computation<Integer> ordered = new Computation<>(mode);
    assertThat(ordered.tryAttach(logging(1))).isTrue();
    assertThat(ordered.tryAttach(logging(2))).isTrue();
    assertThat(transaction.tryReturn(ordered, 1)).isTrue();
    assertThat(ordered.tryAttach(logging(3))).isTrue();
    transaction.tryCommit();
    boolean signaledByAbort = !log.isEmpty();

    ordered.tryReturn(2);

    List<Object> inOrder = List.of(1, 2, 3);
    assertThat(signaledByAbort).isFalse();
    assertThat(log).isEqualTo(mode == Computation.Mode.FIFO ? inOrder : inOrder.reversed());
  }

  @Test
  void failedCommit_rollsBack() {
    // a commit that fails leaves every computation of the transaction as it was before
    assertThat(a.tryAttach(new Trigger())).isTrue();
    assertThat(transaction.tryReturn(a, 1)).isTrue();
    assertThat(transaction.tryReturn(b, 2)).isTrue();
    b.tryReturn(3);

    boolean committed = transaction.tryCommit();

    assertThat(committed).isFalse();
    assertThat(a.attachedCount()).isEqualTo(1);
  }

  @Test
  void abandonedTransaction_blocksNobody() {
    // a transaction that its owner never ends is in nobody's way
    assertThat(transaction.tryReturn(a, 1)).isTrue();
    assertThat(transaction.tryReturn(b, 2)).isTrue();

    assertThat(a.tryReturn(3)).isTrue();
    assertThat(new Transaction().tryReturn(b, 4)).isTrue();
    assertThat(b.tryCancel(reason)).isTrue();
  }

  @Test
  void laterTransaction_abortsTheEarlier() {
    // of two transactions that meet, the one that comes later goes through
    Transaction later = new Transaction();
    assertThat(transaction.tryReturn(a, 1)).isTrue();
    assertThat(transaction.tryReturn(b, 2)).isTrue();

    boolean added = later.tryReturn(b, 3);
    boolean committed = later.tryCommit();
    boolean earlier = transaction.tryCommit();

    assertThat(added).isTrue();
    assertThat(committed).isTrue();
    assertThat(earlier).isFalse();
    assertThat(a.isRunning()).isTrue();
    assertThat(b.await()).isEqualTo(3);
  }

  @Test
  void nulls_areRefused() {
    // null is neither a computation nor a reason, and the transaction goes on without
    assertThat(transaction.tryReturn(a, 1)).isTrue();

    assertThatNullPointerException().isThrownBy(() -> transaction.tryReturn(null, 1));
    assertThatNullPointerException().isThrownBy(() -> transaction.tryCancel(null, reason));
    assertThatNullPointerException().isThrownBy(() -> transaction.tryCancel(b, null));

    assertThat(transaction.tryCommit()).isTrue();
    assertThat(a.await()).isEqualTo(1);
  }

  @Test
  void committedTransaction_holdsNothing() {
    // neither a committed transaction nor what it completed holds the triggers
    WeakReference<Trigger> attached = attachGarbage(a);
    assertThat(transaction.tryReturn(a, 1)).isTrue();

    transaction.tryCommit();

    Wait.untilCollected(attached, a, transaction);
  }

  private static WeakReference<Trigger> attachGarbage(Computation<?> computation) {
    Trigger trigger = new Trigger();
    assertThat(computation.tryAttach(trigger)).isTrue();
    return new WeakReference<>(trigger);
  }

  @Test
  void completedComputation_doesNotHoldTheTransaction() {
    // what a transaction has completed does not hold the transaction or its other computations
    WeakReference<Computation<?>> other = commitWithGarbage(a);

    Wait.untilCollected(other, a);
  }

  private static WeakReference<Computation<?>> commitWithGarbage(Computation<Integer> kept) {
    Computation<Integer> other = new Computation<>();
    Transaction transaction = new Transaction();
    assertThat(transaction.tryReturn(kept, 1)).isTrue();
    assertThat(transaction.tryReturn(other, 2)).isTrue();
    assertThat(transaction.tryCommit()).isTrue();
    return new WeakReference<>(other);
  }

  @Test
  void toString_namesTheState() {
    // a transaction names its state, for people
    Transaction aborted = new Transaction();
    assertThat(aborted.tryReturn(a, 1)).isTrue();
    a.tryReturn(2);
    String started = transaction.toString();
    transaction.tryCommit();

    assertThat(started).isEqualTo("Transaction[STARTED]");
    assertThat(transaction).hasToString("Transaction[COMMITTED]");
    assertThat(aborted).hasToString("Transaction[ABORTED]");
  }

  /** Two computations that two parties of a race complete in one transaction each. */
  private static final class Contest {
    final Computation<Integer> a = new Computation<>();
    final Computation<Integer> b = new Computation<>();
    final Trigger trigger = new Trigger();
    final RuntimeException reason = new RuntimeException("reason", null, false, false) {};
    boolean attached;
    boolean committed;
    boolean returned;
    boolean sawA;
    boolean sawB;

    /** Returns from one and cancels the other, unless somebody is first. */
    void complete(Computation<Integer> returning, int value, Computation<Integer> canceled) {
      while (returning.isRunning() || canceled.isRunning()) {
        Transaction transaction = new Transaction();
        if (transaction.tryReturn(returning, value)
            && transaction.tryCancel(canceled, reason)
            && transaction.tryCommit()) {
          return;
        }
        for (int i = ThreadLocalRandom.current().nextInt(100); i > 0; i--) {
          Thread.onSpinWait();
        }
      }
    }
  }

  @Test
  void commit_racingWithCommit() {
    // Of two transactions over the same computations one wins whole; both occur
    AtomicInteger first = new AtomicInteger();

    Race.run(
        ROUNDS,
        Contest::new,
        contest -> contest.complete(contest.a, 101, contest.b),
        contest -> contest.complete(contest.b, 42, contest.a),
        contest -> {
          List<Outcome<Integer>> outcomes = List.of(contest.a.peek(), contest.b.peek());
          assertThat(outcomes)
              .isIn(
                  List.of(new Outcome.Returned<>(101), new Outcome.Canceled<>(contest.reason)),
                  List.of(new Outcome.Canceled<>(contest.reason), new Outcome.Returned<>(42)));
          first.addAndGet(contest.b.isCanceled() ? 1 : 0);
        });

    assertThat(first).hasValueBetween(1, ROUNDS - 1);
  }

  @Test
  void commit_racingWithPolls() {
    // Nobody sees one completed and the other still running
    AtomicInteger seen = new AtomicInteger();

    Race.run(
        ROUNDS,
        Contest::new,
        contest -> {
          contest.sawA = !contest.a.isRunning();
          contest.sawB = !contest.b.isRunning();
        },
        contest -> contest.complete(contest.b, 42, contest.a),
        contest -> {
          assertThat(contest.sawA && !contest.sawB).isFalse();
          seen.addAndGet(contest.sawA ? 1 : 0);
        });

    assertThat(seen).hasValueBetween(1, ROUNDS - 1);
  }

  @Test
  void commit_racingWithAwait() {
    // An await that meets the commit yields the value and nothing internal
    Race.run(
        ROUNDS,
        Contest::new,
        contest -> assertThat(contest.b.await()).isEqualTo(42),
        contest -> contest.complete(contest.b, 42, contest.a),
        contest -> assertThat(contest.a.cancelReason()).isSameAs(contest.reason));
  }

  @Test
  void commit_racingWithAttach() {
    // a trigger that meets the commit is either attached, and signaled once committed, or refused
    AtomicInteger attached = new AtomicInteger();

    Race.run(
        ROUNDS,
        Contest::new,
        contest -> contest.attached = contest.a.tryAttach(contest.trigger),
        contest -> contest.complete(contest.b, 42, contest.a),
        contest -> {
          assertThat(contest.trigger.isSignaled()).isEqualTo(contest.attached);
          attached.addAndGet(contest.attached ? 1 : 0);
        });

    assertThat(attached).hasValueBetween(1, ROUNDS - 1);
  }

  @Test
  void commit_racingWithTryReturn() {
    // a single completion and a commit: one of them wins, and says so
    AtomicInteger committed = new AtomicInteger();

    Race.run(
        ROUNDS,
        Contest::new,
        contest -> {
          Transaction transaction = new Transaction();
          contest.committed =
              transaction.tryReturn(contest.a, 1)
                  && transaction.tryReturn(contest.b, 1)
                  && transaction.tryCommit();
        },
        contest -> contest.returned = contest.b.tryReturn(2),
        contest -> {
          assertThat(contest.returned).isNotEqualTo(contest.committed);
          assertThat(contest.a.isRunning()).isEqualTo(contest.returned);
          assertThat(contest.b.await()).isEqualTo(contest.committed ? 1 : 2);
          committed.addAndGet(contest.committed ? 1 : 0);
        });

    assertThat(committed).hasValueBetween(1, ROUNDS - 1);
  }
}
