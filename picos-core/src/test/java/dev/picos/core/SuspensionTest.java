package dev.picos.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How a scheduler suspends a fiber. */
class SuspensionTest {
  private static final int ROUNDS = 4_000;

  private final Computation<Integer> computation = new Computation<>();
  private final Fiber fiber = new Fiber(computation);
  private final Fiber forbidding = new Fiber(computation, true);
  private final List<Object> log = new ArrayList<>();
  private final RuntimeException reason = new RuntimeException("reason");
  private final Trigger trigger = new Trigger();
  private final Trigger.Action<String, String> resume =
      (t, x, y) -> log.addAll(List.of(t.isSignaled(), x, y));

  @Test
  void tryBegin_resumesOnSignal() {
    // a fiber that suspends is resumed by the signal, and its computation holds the trigger
    boolean suspended = Suspension.tryBegin(fiber, trigger, "x", "y", resume);
    int attached = computation.attachedCount();
    boolean early = !log.isEmpty();
    trigger.signal();

    assertThat(suspended).isTrue();
    assertThat(attached).isEqualTo(1);
    assertThat(early).isFalse();
    assertThat(log).containsExactly(true, "x", "y");
  }

  @Test
  void tryBegin_resumesOnCancelation() {
    // a fiber that permits cancelation is resumed by it
    boolean suspended = Suspension.tryBegin(fiber, trigger, "x", "y", resume);
    computation.tryCancel(reason);
    trigger.signal();

    assertThat(suspended).isTrue();
    assertThat(log).containsExactly(true, "x", "y");
  }

  @Test
  void tryBegin_whenForbidden() {
    // a fiber that forbids cancelation is resumed by the signal alone
    boolean suspended = Suspension.tryBegin(forbidding, trigger, "x", "y", resume);
    int attached = computation.attachedCount();
    computation.tryCancel(reason);
    boolean early = !log.isEmpty();
    trigger.signal();

    assertThat(suspended).isTrue();
    assertThat(attached).isZero();
    assertThat(early).isFalse();
    assertThat(log).containsExactly(true, "x", "y");
  }

  @Test
  void tryBegin_whenCanceled() {
    // a canceled fiber does not suspend: the trigger is signaled, and nothing resumed
    computation.tryCancel(reason);

    boolean suspended = Suspension.tryBegin(fiber, trigger, "x", "y", resume);

    assertThat(suspended).isFalse();
    assertThat(trigger.isSignaled()).isTrue();
    assertThat(log).isEmpty();
  }

  @Test
  void tryBegin_whenCanceledAndForbidden() {
    // a canceled fiber that forbids cancelation suspends like any other
    computation.tryCancel(reason);

    boolean suspended = Suspension.tryBegin(forbidding, trigger, "x", "y", resume);
    boolean signaled = trigger.isSignaled();
    trigger.signal();

    assertThat(suspended).isTrue();
    assertThat(signaled).isFalse();
    assertThat(log).containsExactly(true, "x", "y");
  }

  @Test
  void tryBegin_whenReturned() {
    // a fiber whose computation has returned can no longer be canceled, and suspends
    computation.tryReturn(1);

    boolean suspended = Suspension.tryBegin(fiber, trigger, "x", "y", resume);
    boolean signaled = trigger.isSignaled();
    trigger.signal();

    assertThat(suspended).isTrue();
    assertThat(signaled).isFalse();
    assertThat(log).containsExactly(true, "x", "y");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void tryBegin_onSignaledTrigger(boolean forbid) {
    // on a signaled trigger nobody suspends, and nothing stays attached
    Fiber either = new Fiber(computation, forbid);
    trigger.signal();

    boolean suspended = Suspension.tryBegin(either, trigger, "x", "y", resume);

    assertThat(suspended).isFalse();
    assertThat(log).isEmpty();
    assertThat(computation.attachedCount()).isZero();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void tryBegin_onAwaitingTrigger(boolean forbid) {
    // a trigger with an action is refused, and nothing stays attached: cancelation must not
    // signal it
    Fiber either = new Fiber(computation, forbid);
    Trigger awaiting = Trigger.fromAction("first", "action", resume);

    assertThatIllegalStateException()
        .isThrownBy(
            () -> assertThat(Suspension.tryBegin(either, awaiting, "x", "y", resume)).isTrue());
    computation.tryCancel(reason);

    assertThat(awaiting.isSignaled()).isFalse();
    assertThat(log).isEmpty();
  }

  @Test
  void tryBegin_onComputationInTransaction() {
    // suspending aborts a transaction that is about to cancel the fiber
    Transaction transaction = new Transaction();
    assertThat(transaction.tryCancel(computation, reason)).isTrue();

    boolean suspended = Suspension.tryBegin(fiber, trigger, "x", "y", resume);
    boolean committed = transaction.tryCommit();

    assertThat(suspended).isTrue();
    assertThat(committed).isFalse();
    assertThat(trigger.isSignaled()).isFalse();
  }

  @Test
  void end_beforeTheSignal() {
    // to end a suspension whose trigger is not signaled is misuse
    assertThat(Suspension.tryBegin(fiber, trigger, "x", "y", resume)).isTrue();

    assertThatIllegalStateException()
        .isThrownBy(() -> Suspension.end(fiber, trigger))
        .withMessageContaining("not signaled");

    assertThat(computation.attachedCount()).isEqualTo(1);
  }

  @Test
  void end_afterTheSignal() {
    // the end of a suspension gives up the place of the trigger; there is no reason without
    // cancelation
    assertThat(Suspension.tryBegin(fiber, trigger, "x", "y", resume)).isTrue();
    trigger.signal();

    Throwable ended = Suspension.end(fiber, trigger);

    assertThat(ended).isNull();
    assertThat(computation.attachedCount()).isZero();
  }

  @Test
  void end_afterCancelation() {
    // the end of a suspension gives the reason that the fiber is canceled with
    assertThat(Suspension.tryBegin(fiber, trigger, "x", "y", resume)).isTrue();
    computation.tryCancel(reason);

    Throwable ended = Suspension.end(fiber, trigger);

    assertThat(ended).isSameAs(reason);
  }

  @Test
  void end_afterSignalAndCancelation() {
    // a fiber signaled first and canceled afterwards is canceled when its suspension ends
    assertThat(Suspension.tryBegin(fiber, trigger, "x", "y", resume)).isTrue();
    trigger.signal();
    computation.tryCancel(reason);

    Throwable ended = Suspension.end(fiber, trigger);

    assertThat(ended).isSameAs(reason);
  }

  @Test
  void end_whenForbidden() {
    // a fiber that forbids cancelation is never canceled when its suspension ends
    assertThat(Suspension.tryBegin(forbidding, trigger, "x", "y", resume)).isTrue();
    computation.tryCancel(reason);
    trigger.signal();

    Throwable ended = Suspension.end(forbidding, trigger);

    assertThat(ended).isNull();
  }

  @Test
  void suspending_manyTimes() {
    // a fiber that suspends and resumes 100,000 times leaves nothing in its computation
    for (int i = 0; i < 100_000; i++) {
      Trigger each = new Trigger();
      assertThat(Suspension.tryBegin(fiber, each, null, null, (t, x, y) -> {})).isTrue();
      each.signal();
      assertThat(Suspension.end(fiber, each)).isNull();
    }

    assertThat(computation.attachedCount()).isZero();
  }

  /** A fiber that suspends while another party ends the wait. */
  private static final class Contest {
    final Computation<Integer> computation = new Computation<>();
    final Fiber fiber = new Fiber(computation);
    final Trigger trigger = new Trigger();
    final RuntimeException reason = new RuntimeException("reason", null, false, false) {};
    final AtomicInteger resumed = new AtomicInteger();
    boolean suspended;

    void suspend() {
      suspended =
          Suspension.tryBegin(
              fiber, trigger, resumed, null, (t, counter, y) -> counter.incrementAndGet());
    }

    void cancelInTransaction() {
      while (computation.isRunning()) {
        Transaction transaction = new Transaction();
        if (transaction.tryCancel(computation, reason)) {
          transaction.tryCommit();
        }
      }
    }

    void check() {
      assertThat(trigger.isSignaled()).isTrue();
      assertThat(resumed.get()).isEqualTo(suspended ? 1 : 0);
      Suspension.end(fiber, trigger);
      assertThat(computation.attachedCount()).isZero();
    }
  }

  private static void raceSuspendAgainst(Consumer<Contest> wakeUp) {
    AtomicInteger suspended = new AtomicInteger();

    Race.run(
        ROUNDS,
        Contest::new,
        Contest::suspend,
        wakeUp,
        contest -> {
          contest.check();
          suspended.addAndGet(contest.suspended ? 1 : 0);
        });

    assertThat(suspended).hasValueBetween(1, ROUNDS - 1);
  }

  @Test
  void tryBegin_racingWithCancelation() {
    // a fiber that meets a cancelation either does not suspend, or is resumed once
    raceSuspendAgainst(contest -> contest.computation.tryCancel(contest.reason));
  }

  @Test
  void tryBegin_racingWithTransaction() {
    // a cancelation committed by a transaction is not lost on a suspending fiber
    raceSuspendAgainst(Contest::cancelInTransaction);
  }

  @Test
  void tryBegin_racingWithSignal() {
    // a fiber that meets a signal either does not suspend, or is resumed once
    raceSuspendAgainst(contest -> contest.trigger.signal());
  }
}
