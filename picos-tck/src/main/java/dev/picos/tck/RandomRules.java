package dev.picos.tck;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What random numbers a fiber gets. */
interface RandomRules extends Rules {
  @Test
  @DisplayName("RANDOM-01: random gives each number below the bound about as often, and no other")
  default void random01_inRange() {
    int[] counts = new int[3];

    scheduler()
        .run(
            () -> {
              for (int i = 0; i < 3_000; i++) {
                int number = Fiber.random(counts.length);
                assertTrue(number >= 0 && number < counts.length, () -> "out of range: " + number);
                counts[number]++;
              }
            });

    for (int number = 0; number < counts.length; number++) {
      String often = number + " came " + counts[number] + " times of 3000";
      // A fair choice fails here less than once in 10^30 runs.
      assertTrue(counts[number] > 700, often);
    }
  }

  @Test
  @DisplayName("RANDOM-02: random refuses a bound that is not positive")
  default void random02_badBound() {
    scheduler()
        .run(
            () -> {
              for (int bound : new int[] {0, -1, Integer.MIN_VALUE}) {
                assertThrows(IllegalArgumentException.class, () -> Fiber.random(bound));
              }
            });
  }

  @Test
  @DisplayName("RANDOM-03: random works in a fiber that is canceled")
  default void random03_canceledFiber() {
    Computation<Object> scope = new Computation<>();

    Fibers.run(
        scheduler(),
        new Fiber(scope),
        self -> {
          scope.tryCancel(new RuntimeException("canceled"));
          assertDoesNotThrow(() -> Fiber.random(10));
        });
  }
}
