package dev.picos.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.testing.Task;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FiberTest {
  private static final int ROUNDS = 4_000;

  private final RuntimeException reason = new RuntimeException("reason");
  private final Computation<Integer> computation = new Computation<>();
  private final Fiber fiber = new Fiber(computation, false);
  private final Fiber forbidding = new Fiber(computation, true);
  private final List<Object> log = new ArrayList<>();

  @Test
  void newFiber_isAsItWasMade() {
    // a new fiber has the computation and the flag that it was made with
    assertThat(fiber.computation()).isSameAs(computation);
    assertThat(fiber.hasForbidden()).isFalse();
    assertThat(forbidding.hasForbidden()).isTrue();
  }

  @Test
  void setComputation_changesWhatCancels() {
    // a fiber is canceled by the computation that it is associated with at present
    Computation<String> other = new Computation<>();
    computation.tryCancel(reason);

    fiber.setComputation(other);

    assertThat(fiber.computation()).isSameAs(other);
    assertThat(fiber.isCanceled()).isFalse();
  }

  @Test
  void polls_ofRunningFiber() {
    // a fiber whose computation runs, or has returned, is not canceled
    boolean whileRunning = fiber.isCanceled();
    computation.tryReturn(1);

    assertThat(whileRunning).isFalse();
    assertThat(fiber.isCanceled()).isFalse();
    assertThat(fiber.cancelReason()).isNull();
    assertThatCode(fiber::check).doesNotThrowAnyException();
  }

  @Test
  void polls_ofCanceledFiber() {
    // FI-13: a fiber that permits cancelation is canceled with its computation
    computation.tryCancel(reason);

    assertThat(fiber.isCanceled()).isTrue();
    assertThat(fiber.cancelReason()).isSameAs(reason);
    assertThatThrownBy(fiber::check).isSameAs(reason);
  }

  @Test
  void polls_ofForbiddingFiber() {
    // FI-13: a fiber that forbids cancelation is not canceled, whatever its computation
    computation.tryCancel(reason);

    assertThat(forbidding.isCanceled()).isFalse();
    assertThat(forbidding.cancelReason()).isNull();
    assertThatCode(forbidding::check).doesNotThrowAnyException();
  }

  @Test
  void check_withCheckedReason() {
    // design decision 4: a checked reason is thrown wrapped
    IOException checked = new IOException();
    computation.tryCancel(checked);

    assertThatThrownBy(fiber::check)
        .isInstanceOf(ComputationException.class)
        .cause()
        .isSameAs(checked);
  }

  @Test
  void exchangeForbid_returnsWhatWas() {
    // exchanging the flag sets it and returns what it was
    boolean first = fiber.exchangeForbid(true);
    boolean second = fiber.exchangeForbid(true);
    boolean third = fiber.exchangeForbid(false);

    assertThat(List.of(first, second, third)).containsExactly(false, true, true);
    assertThat(fiber.hasForbidden()).isFalse();
  }

  @Test
  void setForbid_setsTheFlag() {
    // the flag can be set and reset
    fiber.setForbid(true);
    boolean set = fiber.hasForbidden();
    fiber.setForbid(false);

    assertThat(set).isTrue();
    assertThat(fiber.hasForbidden()).isFalse();
  }

  @Test
  void forbid_nests() {
    // FI-11: forbid{ forbid{..}; A; permit{ B }; C }: A and C cannot be canceled, B can
    computation.tryCancel(reason);

    log.add(fiber.isCanceled());
    fiber.forbid(
        () -> {
          fiber.forbid(() -> log.add(fiber.isCanceled()));
          log.add(fiber.isCanceled());
          fiber.permit(() -> log.add(fiber.isCanceled()));
          log.add(fiber.isCanceled());
        });
    log.add(fiber.isCanceled());

    assertThat(log).containsExactly(true, false, false, true, false, true);
  }

  @Test
  void forbid_returnsTheValue() throws Exception {
    // forbidding and permitting give the value of the body
    String forbidden = fiber.forbid(() -> "value");
    String permitted = fiber.permit(() -> null);

    assertThat(forbidden).isEqualTo("value");
    assertThat(permitted).isNull();
  }

  @Test
  void forbid_restoresOnException() {
    // FI-11: the flag is restored when the body throws, and the exception comes out as it is
    IOException thrown = new IOException();
    Block<IOException> block =
        () -> {
          throw thrown;
        };
    Body<String, IOException> body =
        () -> {
          throw thrown;
        };

    assertThatThrownBy(() -> fiber.forbid(block)).isSameAs(thrown);
    assertThatThrownBy(() -> fiber.forbid(body)).isSameAs(thrown);
    assertThatThrownBy(() -> forbidding.permit(block)).isSameAs(thrown);
    assertThatThrownBy(() -> forbidding.permit(body)).isSameAs(thrown);

    assertThat(fiber.hasForbidden()).isFalse();
    assertThat(forbidding.hasForbidden()).isTrue();
  }

  @Test
  void forbid_restoresWhatWas() {
    // U-24: what was is restored even if the body sets the flag by hand
    fiber.forbid(() -> fiber.setForbid(false));
    boolean afterForbid = fiber.hasForbidden();
    forbidding.forbid(() -> forbidding.setForbid(false));
    fiber.permit(() -> fiber.setForbid(true));

    assertThat(afterForbid).isFalse();
    assertThat(forbidding.hasForbidden()).isTrue();
    assertThat(fiber.hasForbidden()).isFalse();
  }

  @Test
  void nulls_areRefused() {
    // null is not a computation, a body or a block, and leaves the fiber as it was
    assertThatNullPointerException().isThrownBy(() -> new Fiber(null, false));
    assertThatNullPointerException().isThrownBy(() -> fiber.setComputation(null));
    assertThatNullPointerException().isThrownBy(() -> fiber.forbid((Block<RuntimeException>) null));
    assertThatNullPointerException()
        .isThrownBy(() -> fiber.forbid((Body<String, RuntimeException>) null));
    assertThatNullPointerException()
        .isThrownBy(() -> forbidding.permit((Block<RuntimeException>) null));
    assertThatNullPointerException()
        .isThrownBy(() -> forbidding.permit((Body<String, RuntimeException>) null));

    assertThat(fiber.computation()).isSameAs(computation);
    assertThat(fiber.hasForbidden()).isFalse();
    assertThat(forbidding.hasForbidden()).isTrue();
  }

  @Nested
  class Suspending {
    private final Trigger trigger = new Trigger();
    private final Trigger.Action<String, String> resume =
        (t, x, y) -> log.addAll(List.of(t.isSignaled(), x, y));

    @Test
    void trySuspend_resumesOnSignal() {
      // a fiber that suspends is resumed by the signal, and its computation holds the trigger
      boolean suspended = fiber.trySuspend(trigger, "x", "y", resume);
      int attached = computation.attachedCount();
      boolean early = !log.isEmpty();
      trigger.signal();

      assertThat(suspended).isTrue();
      assertThat(attached).isEqualTo(1);
      assertThat(early).isFalse();
      assertThat(log).containsExactly(true, "x", "y");
    }

    @Test
    void trySuspend_resumesOnCancelation() {
      // a fiber that permits cancelation is resumed by it
      boolean suspended = fiber.trySuspend(trigger, "x", "y", resume);
      computation.tryCancel(reason);
      trigger.signal();

      assertThat(suspended).isTrue();
      assertThat(log).containsExactly(true, "x", "y");
    }

    @Test
    void trySuspend_whenForbidden() {
      // TR-15: a fiber that forbids cancelation is resumed by the signal alone
      boolean suspended = forbidding.trySuspend(trigger, "x", "y", resume);
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
    void trySuspend_whenCanceled() {
      // FI-18: a canceled fiber does not suspend: the trigger is signaled, and nothing resumed
      computation.tryCancel(reason);

      boolean suspended = fiber.trySuspend(trigger, "x", "y", resume);

      assertThat(suspended).isFalse();
      assertThat(trigger.isSignaled()).isTrue();
      assertThat(log).isEmpty();
    }

    @Test
    void trySuspend_whenCanceledAndForbidden() {
      // a canceled fiber that forbids cancelation suspends like any other
      computation.tryCancel(reason);

      boolean suspended = forbidding.trySuspend(trigger, "x", "y", resume);
      boolean signaled = trigger.isSignaled();
      trigger.signal();

      assertThat(suspended).isTrue();
      assertThat(signaled).isFalse();
      assertThat(log).containsExactly(true, "x", "y");
    }

    @Test
    void trySuspend_whenReturned() {
      // a fiber whose computation has returned can no longer be canceled, and suspends
      computation.tryReturn(1);

      boolean suspended = fiber.trySuspend(trigger, "x", "y", resume);
      boolean signaled = trigger.isSignaled();
      trigger.signal();

      assertThat(suspended).isTrue();
      assertThat(signaled).isFalse();
      assertThat(log).containsExactly(true, "x", "y");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void trySuspend_onSignaledTrigger(boolean forbid) {
      // on a signaled trigger nobody suspends, and nothing stays attached
      Fiber either = new Fiber(computation, forbid);
      trigger.signal();

      boolean suspended = either.trySuspend(trigger, "x", "y", resume);

      assertThat(suspended).isFalse();
      assertThat(log).isEmpty();
      assertThat(computation.attachedCount()).isZero();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void trySuspend_onAwaitingTrigger(boolean forbid) {
      // a trigger with an action is refused, and nothing stays attached: cancelation must not
      // signal it
      Fiber either = new Fiber(computation, forbid);
      Trigger awaiting = Trigger.fromAction("first", "action", resume);

      assertThatIllegalStateException()
          .isThrownBy(() -> assertThat(either.trySuspend(awaiting, "x", "y", resume)).isTrue());
      computation.tryCancel(reason);

      assertThat(awaiting.isSignaled()).isFalse();
      assertThat(log).isEmpty();
    }

    @Test
    void trySuspend_onComputationInTransaction() {
      // suspending aborts a transaction that is about to cancel the fiber
      Transaction transaction = new Transaction();
      assertThat(transaction.tryCancel(computation, reason)).isTrue();

      boolean suspended = fiber.trySuspend(trigger, "x", "y", resume);
      boolean committed = transaction.tryCommit();

      assertThat(suspended).isTrue();
      assertThat(committed).isFalse();
      assertThat(trigger.isSignaled()).isFalse();
    }

    @Test
    void unsuspend_beforeTheSignal() {
      // FI-20: unsuspending on a trigger that is not signaled is misuse
      assertThat(fiber.trySuspend(trigger, "x", "y", resume)).isTrue();

      assertThatIllegalStateException()
          .isThrownBy(() -> fiber.unsuspend(trigger))
          .withMessageContaining("not signaled");

      assertThat(computation.attachedCount()).isEqualTo(1);
    }

    @Test
    void unsuspend_afterTheSignal() {
      // unsuspending gives up the place of the trigger, and says that the fiber is not canceled
      assertThat(fiber.trySuspend(trigger, "x", "y", resume)).isTrue();
      trigger.signal();

      boolean normal = fiber.unsuspend(trigger);

      assertThat(normal).isTrue();
      assertThat(computation.attachedCount()).isZero();
    }

    @Test
    void unsuspend_afterCancelation() {
      // unsuspending says that the fiber is canceled
      assertThat(fiber.trySuspend(trigger, "x", "y", resume)).isTrue();
      computation.tryCancel(reason);

      boolean normal = fiber.unsuspend(trigger);

      assertThat(normal).isFalse();
    }

    @Test
    void unsuspend_afterSignalAndCancelation() {
      // SC-16: a fiber signaled first and canceled afterwards is canceled when it is unsuspended
      assertThat(fiber.trySuspend(trigger, "x", "y", resume)).isTrue();
      trigger.signal();
      computation.tryCancel(reason);

      boolean normal = fiber.unsuspend(trigger);

      assertThat(normal).isFalse();
    }

    @Test
    void unsuspend_whenForbidden() {
      // a fiber that forbids cancelation is never canceled when it is unsuspended
      assertThat(forbidding.trySuspend(trigger, "x", "y", resume)).isTrue();
      computation.tryCancel(reason);
      trigger.signal();

      boolean normal = forbidding.unsuspend(trigger);

      assertThat(normal).isTrue();
    }

    @Test
    void suspending_manyTimes() {
      // FI-21: a fiber that suspends and resumes 100,000 times leaves nothing in its computation
      for (int i = 0; i < 100_000; i++) {
        Trigger each = new Trigger();
        assertThat(fiber.trySuspend(each, null, null, (t, x, y) -> {})).isTrue();
        each.signal();
        assertThat(fiber.unsuspend(each)).isTrue();
      }

      assertThat(computation.attachedCount()).isZero();
    }

    /** A fiber that suspends while another party ends the wait. */
    private static final class Contest {
      final Computation<Integer> computation = new Computation<>();
      final Fiber fiber = new Fiber(computation, false);
      final Trigger trigger = new Trigger();
      final RuntimeException reason = new RuntimeException("reason", null, false, false) {};
      final AtomicInteger resumed = new AtomicInteger();
      boolean suspended;

      void suspend() {
        suspended =
            fiber.trySuspend(trigger, resumed, null, (t, counter, y) -> counter.incrementAndGet());
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
        fiber.unsuspend(trigger);
        assertThat(computation.attachedCount()).isZero();
      }
    }

    private static void raceSuspendAgainst(java.util.function.Consumer<Contest> wakeUp) {
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
    void trySuspend_racingWithCancelation() {
      // a fiber that meets a cancelation either does not suspend, or is resumed once
      raceSuspendAgainst(contest -> contest.computation.tryCancel(contest.reason));
    }

    @Test
    void trySuspend_racingWithTransaction() {
      // TX-10, U-1: a cancelation committed by a transaction is not lost on a suspending fiber
      raceSuspendAgainst(Contest::cancelInTransaction);
    }

    @Test
    void trySuspend_racingWithSignal() {
      // a fiber that meets a signal either does not suspend, or is resumed once
      raceSuspendAgainst(contest -> contest.trigger.signal());
    }
  }

  @Nested
  class Spawning {
    @Test
    void spawn_twice() {
      // a fiber is started once: a second spawn is refused and runs nothing
      Computation<String> end = new Computation<>();
      Fiber.spawn(fiber, self -> end.tryReturn("first"));

      assertThatIllegalStateException()
          .isThrownBy(() -> Fiber.spawn(fiber, self -> log.add("second")))
          .withMessageContaining("already spawned");

      assertThat(end.await()).isEqualTo("first");
      assertThat(log).isEmpty();
    }

    @Test
    void spawn_ofNothing() {
      // null is neither a fiber nor a main, and the fiber can still be spawned
      Computation<String> end = new Computation<>();

      assertThatNullPointerException().isThrownBy(() -> Fiber.spawn(null, self -> {}));
      assertThatNullPointerException().isThrownBy(() -> Fiber.spawn(fiber, null));
      Fiber.spawn(fiber, self -> end.tryReturn("ran"));

      assertThat(end.await()).isEqualTo("ran");
    }

    @Test
    void spawn_refused() {
      // a spawn that throws has started nothing, and the fiber can be spawned later
      Computation<String> end = new Computation<>();
      FailingHandler handler = new FailingHandler();

      Handler.using(
          handler,
          () ->
              assertThatThrownBy(() -> Fiber.spawn(fiber, self -> log.add("refused")))
                  .isSameAs(handler.failure));
      Fiber.spawn(fiber, self -> end.tryReturn("ran"));

      assertThat(end.await()).isEqualTo("ran");
      assertThat(log).isEmpty();
    }
  }

  @Nested
  class Sleeping {
    @Test
    void sleep_isNotTooShort() {
      // FI-16: a sleep takes as long as it says, or longer
      long start = System.nanoTime();

      Fiber.sleep(Duration.ofMillis(20));

      assertThat(Duration.ofNanos(System.nanoTime() - start))
          .isGreaterThanOrEqualTo(Duration.ofMillis(20));
    }

    @Test
    void sleep_ofZero() {
      // FI-16: a sleep of zero returns
      assertThatCode(() -> Fiber.sleep(Duration.ZERO)).doesNotThrowAnyException();
    }

    @Test
    void sleep_ofNegativeDuration() {
      // FI-16: a negative duration is refused, in a canceled fiber too
      Canceled.with(
          reason,
          () ->
              assertThatIllegalArgumentException()
                  .isThrownBy(() -> Fiber.sleep(Duration.ofNanos(-1)))
                  .withMessageContaining("negative"));
    }

    @Test
    void sleep_ofNothing() {
      // null is not a duration
      assertThatNullPointerException().isThrownBy(() -> Fiber.sleep(null));
    }

    @Test
    void sleep_whenCanceled() {
      // a canceled fiber does not begin to sleep
      Canceled.with(
          reason, () -> assertThatThrownBy(() -> Fiber.sleep(Duration.ofDays(1))).isSameAs(reason));
    }

    @Test
    void sleep_canceledMeanwhile() throws Exception {
      // a fiber canceled in its sleep throws its reason
      Task<Object> sleeper =
          Task.start(
              () -> {
                Fiber.current().setComputation(computation);
                Fiber.sleep(Duration.ofDays(1));
                return null;
              });
      sleeper.untilParked();

      computation.tryCancel(reason);

      assertThatThrownBy(sleeper::result).isSameAs(reason);
      assertThat(computation.isCanceled()).isTrue();
    }
  }
}
