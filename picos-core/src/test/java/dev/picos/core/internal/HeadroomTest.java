package dev.picos.core.internal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HeadroomTest {
  private static final int STACK = 1 << 20;

  /** What the JVM keeps free at the end of a stack, and what a thread has used at its beginning. */
  private static final int RESERVED = 200_000;

  private static final int LEAST_FRAME = 800;

  @Test
  void frames_areBig() throws InterruptedException {
    // whether they are interpreted or compiled: otherwise the class looks less far than it says
    assertThat(levelsThatFit()).as("at first").isLessThan(STACK / LEAST_FRAME);

    for (int i = 0; i < 1_000_000; i++) {
      Headroom.requireToRelease();
    }

    assertThat(levelsThatFit()).as("once compiled").isLessThan(STACK / LEAST_FRAME);
  }

  @Test
  void isEnoughToWake_onEmptyStack_butNotAtItsEnd() throws InterruptedException {
    boolean[] enough = new boolean[2];
    onStackOf(
        STACK,
        () -> {
          enough[0] = Headroom.isEnoughToWake();
          enough[1] = isEnoughAtTheEnd(Integer.MAX_VALUE);
        });

    assertThat(enough).containsExactly(true, false);
  }

  /** The answer of the deepest frame that got one. */
  private static boolean isEnoughAtTheEnd(int frames) {
    boolean enough = Headroom.isEnoughToWake();
    try {
      return frames == 0 ? enough : isEnoughAtTheEnd(frames - 1);
    } catch (StackOverflowError end) {
      return enough;
    }
  }

  private static int levelsThatFit() throws InterruptedException {
    int[] fit = new int[1];
    onStackOf(
        STACK + RESERVED,
        () -> {
          for (int levels = 1; fits(levels); levels++) {
            fit[0] = levels;
          }
        });
    return fit[0];
  }

  private static boolean fits(int levels) {
    try {
      Headroom.look(levels);
      return true;
    } catch (StackOverflowError tooMany) {
      return false;
    }
  }

  private static void onStackOf(int bytes, Runnable body) throws InterruptedException {
    Thread thread = new Thread(null, body, "deep", bytes);
    thread.start();
    thread.join();
  }
}
