package dev.picos.domains;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReadyQueueTest {
  private final ReadyQueue queue = new ReadyQueue();

  private static Ready fiber() {
    return new Start(new Fiber(new Computation<>()), self -> {});
  }

  @Test
  void empty_hasNone() {
    assertThat(queue.isEmpty()).isTrue();
    assertThat(queue.poll()).isNull();
    assertThat(queue.isEmpty()).isTrue();
  }

  /** Against a queue that is known to be right, over many lengths and positions of the ring. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void addAndPoll_keepTheOrder(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Deque<Ready> expected = new ArrayDeque<>();
    for (int round = 0; round < 200; round++) {
      int added = random.nextInt(100);
      for (int i = 0; i < added; i++) {
        Ready fiber = fiber();
        queue.add(fiber);
        expected.add(fiber);
      }
      int taken = random.nextInt(95);
      for (int i = 0; i < taken; i++) {
        assertThat(queue.isEmpty()).isEqualTo(expected.isEmpty());
        assertThat(queue.poll()).isSameAs(expected.poll());
      }
    }
    while (!expected.isEmpty()) {
      assertThat(queue.poll()).isSameAs(expected.poll());
    }
    assertThat(queue.poll()).isNull();
  }
}
