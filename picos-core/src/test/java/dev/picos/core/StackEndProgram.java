package dev.picos.core;

import java.time.Duration;

/**
 * What {@link StackEndTest} runs in a JVM of its own: threads reach the end of their stack while
 * they set timeouts, and others sleep afterwards.
 */
final class StackEndProgram {
  private static final int ROUNDS = 300;
  private static final RuntimeException REASON = new RuntimeException("late");

  private StackEndProgram() {}

  public static void main(String[] arguments) throws InterruptedException {
    Fiber.sleep(Duration.ofMillis(1));
    for (int round = 0; round < ROUNDS; round++) {
      int pad = round % 9;
      Thread thread =
          new Thread(null, () -> overflow(pad), "deep", 180_000 + round * 1_237 % 60_000);
      thread.start();
      thread.join();
      Fiber.sleep(Duration.ofNanos(1));
    }
    System.out.println("all slept");
  }

  private static void overflow(int pad) {
    try {
      setTimeouts(pad);
    } catch (StackOverflowError expected) {
      // as was wanted
    }
  }

  /** Each round wastes other amounts of stack, so that it ends at other places. */
  private static void setTimeouts(int pad) {
    Computation<Object> computation = new Computation<>();
    computation.cancelAfter(Duration.ofHours(1), REASON);
    try {
      waste(pad, pad);
    } finally {
      computation.tryReturn(null);
    }
  }

  private static void waste(int count, int pad) {
    if (count == 0) {
      setTimeouts(pad);
    } else {
      waste(count - 1, pad);
    }
  }
}
