package dev.picos.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.ThreadScheduler;
import org.junit.jupiter.api.Test;

/** Starting a fiber with the operations of the core. */
class SpawnTest {
  private static Computation<Integer> start() {
    // region spawn
    Computation<Integer> promise = new Computation<>();
    Fiber.spawn(new Fiber(promise), fiber -> promise.tryCapture(() -> compute()));
    // endregion
    return promise;
  }

  private static int compute() {
    return 6 * 7;
  }

  @Test
  void theFiberBringsTheResult() {
    assertThat(ThreadScheduler.create().<Integer, RuntimeException>call(() -> start().await()))
        .isEqualTo(42);
  }
}
