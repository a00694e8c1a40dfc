package dev.picos.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import org.junit.jupiter.api.Test;

class OutcomeTest {
  private final Throwable reason = new Exception("reason");

  private static String describe(Outcome<Integer> outcome) {
    return switch (outcome) {
      case null -> "running";
      case Outcome.Returned<Integer>(Integer value) -> "returned " + value;
      case Outcome.Canceled<Integer>(Throwable reason) -> "canceled: " + reason.getMessage();
    };
  }

  @Test
  void outcome_isMatchedExhaustively() {
    // a switch over the two kinds of outcome needs no default
    Computation<Integer> running = new Computation<>();
    Computation<Integer> returned = Computation.returned(42);
    Computation<Integer> canceled = new Computation<>();
    canceled.tryCancel(reason);

    assertThat(describe(running.peek())).isEqualTo("running");
    assertThat(describe(returned.peek())).isEqualTo("returned 42");
    assertThat(describe(canceled.peek())).isEqualTo("canceled: reason");
  }

  @Test
  void canceled_keepsTheVeryObject() {
    // The reason in an outcome is the very object, checked or not
    Computation<Integer> canceled = new Computation<>();
    canceled.tryCancel(reason);

    Outcome<Integer> outcome = canceled.peek();

    assertThat(outcome)
        .isInstanceOfSatisfying(
            Outcome.Canceled.class, c -> assertThat(c.reason()).isSameAs(reason));
  }

  @Test
  void outcomes_areValues() {
    // outcomes are equal when they hold equal values, or the same reason
    assertThat(new Outcome.Returned<>(1)).isEqualTo(new Outcome.Returned<>(1));
    assertThat(new Outcome.Returned<>(1)).isNotEqualTo(new Outcome.Returned<>(2));
    assertThat(new Outcome.Canceled<>(reason)).isEqualTo(new Outcome.Canceled<>(reason));
    assertThat(new Outcome.Canceled<>(reason))
        .isNotEqualTo(new Outcome.Canceled<>(new Exception("reason")));
  }

  @Test
  void returned_mayBeNull() {
    // Null is a value
    assertThat(new Outcome.Returned<>(null).value()).isNull();
  }

  @Test
  void canceled_mayNotBeNull() {
    // Null is not a reason
    assertThatNullPointerException().isThrownBy(() -> new Outcome.Canceled<>(null));
  }
}
