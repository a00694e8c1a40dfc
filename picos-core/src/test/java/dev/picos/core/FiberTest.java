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
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class FiberTest {
  private final RuntimeException reason = new RuntimeException("reason");
  private final Computation<Integer> computation = new Computation<>();
  private final Fiber fiber = new Fiber(computation);
  private final Fiber forbidding = new Fiber(computation, true);
  private final List<Object> log = new ArrayList<>();

  @Test
  void newFiber_isAsItWasMade() {
    // a new fiber has the computation and the flag that it was made with
    assertThat(fiber.computation()).isSameAs(computation);
    assertThat(fiber.forbidsCancelation()).isFalse();
    assertThat(forbidding.forbidsCancelation()).isTrue();
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
    // A fiber that permits cancelation is canceled with its computation
    computation.tryCancel(reason);

    assertThat(fiber.isCanceled()).isTrue();
    assertThat(fiber.cancelReason()).isSameAs(reason);
    assertThatThrownBy(fiber::check).isSameAs(reason);
  }

  @Test
  void polls_ofForbiddingFiber() {
    // A fiber that forbids cancelation is not canceled, whatever its computation
    computation.tryCancel(reason);

    assertThat(forbidding.isCanceled()).isFalse();
    assertThat(forbidding.cancelReason()).isNull();
    assertThatCode(forbidding::check).doesNotThrowAnyException();
  }

  @Test
  void check_withCheckedReason() {
    // A checked reason is thrown wrapped
    IOException checked = new IOException();
    computation.tryCancel(checked);

    assertThatThrownBy(fiber::check)
        .isInstanceOf(ComputationException.class)
        .cause()
        .isSameAs(checked);
  }

  @Test
  void exchangeForbidCancelation_returnsWhatWas() {
    // exchanging the flag sets it and returns what it was
    boolean first = fiber.exchangeForbidCancelation(true);
    boolean second = fiber.exchangeForbidCancelation(true);
    boolean third = fiber.exchangeForbidCancelation(false);

    assertThat(List.of(first, second, third)).containsExactly(false, true, true);
    assertThat(fiber.forbidsCancelation()).isFalse();
  }

  @Test
  void setForbidCancelation_setsTheFlag() {
    // the flag can be set and reset
    fiber.setForbidCancelation(true);
    boolean set = fiber.forbidsCancelation();
    fiber.setForbidCancelation(false);

    assertThat(set).isTrue();
    assertThat(fiber.forbidsCancelation()).isFalse();
  }

  @Test
  void forbid_nests() {
    // Forbidding nests, and permitting within it opens a window: only in there is the fiber
    // canceled
    computation.tryCancel(reason);

    log.add(fiber.isCanceled());
    fiber.runForbiddingCancelation(
        () -> {
          fiber.runForbiddingCancelation(() -> log.add(fiber.isCanceled()));
          log.add(fiber.isCanceled());
          fiber.runPermittingCancelation(() -> log.add(fiber.isCanceled()));
          log.add(fiber.isCanceled());
        });
    log.add(fiber.isCanceled());

    assertThat(log).containsExactly(true, false, false, true, false, true);
  }

  @Test
  void forbid_returnsTheValue() throws Exception {
    // forbidding and permitting give the value of the body
    String forbidden = fiber.callForbiddingCancelation(() -> "value");
    String permitted = fiber.callPermittingCancelation(() -> null);

    assertThat(forbidden).isEqualTo("value");
    assertThat(permitted).isNull();
  }

  @Test
  void forbid_restoresOnException() {
    // The flag is restored when the body throws, and the exception comes out as it is
    IOException thrown = new IOException();
    Block<IOException> block =
        () -> {
          throw thrown;
        };
    Body<String, IOException> body =
        () -> {
          throw thrown;
        };

    assertThatThrownBy(() -> fiber.runForbiddingCancelation(block)).isSameAs(thrown);
    assertThatThrownBy(() -> fiber.callForbiddingCancelation(body)).isSameAs(thrown);
    assertThatThrownBy(() -> forbidding.runPermittingCancelation(block)).isSameAs(thrown);
    assertThatThrownBy(() -> forbidding.callPermittingCancelation(body)).isSameAs(thrown);

    assertThat(fiber.forbidsCancelation()).isFalse();
    assertThat(forbidding.forbidsCancelation()).isTrue();
  }

  @Test
  void forbid_restoresWhatWas() {
    // What was is restored even if the body sets the flag by hand
    fiber.runForbiddingCancelation(() -> fiber.setForbidCancelation(false));
    boolean afterForbid = fiber.forbidsCancelation();
    forbidding.runForbiddingCancelation(() -> forbidding.setForbidCancelation(false));
    fiber.runPermittingCancelation(() -> fiber.setForbidCancelation(true));

    assertThat(afterForbid).isFalse();
    assertThat(forbidding.forbidsCancelation()).isTrue();
    assertThat(fiber.forbidsCancelation()).isFalse();
  }

  @Test
  void nulls_areRefused() {
    // null is not a computation, a body or a block, and leaves the fiber as it was
    assertThatNullPointerException().isThrownBy(() -> new Fiber(null));
    assertThatNullPointerException().isThrownBy(() -> fiber.setComputation(null));
    assertThatNullPointerException().isThrownBy(() -> fiber.runForbiddingCancelation(null));
    assertThatNullPointerException().isThrownBy(() -> fiber.callForbiddingCancelation(null));
    assertThatNullPointerException().isThrownBy(() -> forbidding.runPermittingCancelation(null));
    assertThatNullPointerException().isThrownBy(() -> forbidding.callPermittingCancelation(null));

    assertThat(fiber.computation()).isSameAs(computation);
    assertThat(fiber.forbidsCancelation()).isFalse();
    assertThat(forbidding.forbidsCancelation()).isTrue();
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
      // A sleep takes as long as it says, or longer
      long start = System.nanoTime();

      Fiber.sleep(Duration.ofMillis(20));

      assertThat(Duration.ofNanos(System.nanoTime() - start))
          .isGreaterThanOrEqualTo(Duration.ofMillis(20));
    }

    @Test
    void sleep_ofZero() {
      // A sleep of zero returns
      assertThatCode(() -> Fiber.sleep(Duration.ZERO)).doesNotThrowAnyException();
    }

    @Test
    void sleep_ofNegativeDuration() {
      // A negative duration is refused, in a canceled fiber too
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

  // Text

  @Test
  void toString_tellsFibersApart() {
    // two fibers under one computation have names of their own, which cancelation adds to
    Fiber one = new Fiber(computation);
    Fiber other = new Fiber(computation);
    String name = one.toString();

    assertThat(name).matches("Fiber\\[[0-9a-f]+]").isNotEqualTo(other.toString());
    computation.tryCancel(reason);
    assertThat(one).hasToString(name.replace("]", ", canceled with " + reason + "]"));
  }
}
