package dev.picos.sched.multififo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.testing.Task;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LaneQueueTest {
  private final LaneQueue<Integer> queue = new LaneQueue<>(4);

  @Test
  void isFirstInFirstOut_howeverMuchItGrows() {
    for (int round = 0; round < 3; round++) {
      IntStream.range(0, 1_000).forEach(queue::offer);
      assertThat(queue.size()).isEqualTo(1_000);
      for (int i = 0; i < 1_000; i++) {
        assertThat(queue.isEmpty()).isFalse();
        assertThat(queue.poll()).isEqualTo(i);
      }
      assertThat(queue.isEmpty()).isTrue();
      assertThat(queue.size()).isZero();
      assertThat(queue.poll()).isNull();
    }
  }

  @Test
  void behavesAsAQueue_whateverTheOrder() {
    Random random = new Random(1);
    Deque<Integer> model = new ArrayDeque<>();
    for (int i = 0; i < 100_000; i++) {
      if (random.nextInt(1_000) < 500 + 100 * Math.sin(i / 5_000.0)) {
        queue.offer(i);
        model.add(i);
      } else {
        assertThat(queue.poll()).isEqualTo(model.poll());
      }
      if (i % 100 == 0) {
        assertThat(queue.size()).isEqualTo(model.size());
      }
    }
  }

  @Test
  void eachElement_isTakenOnceAndInOrder() throws Exception {
    int count = 300_000;
    AtomicBoolean over = new AtomicBoolean();
    List<Task<List<Integer>>> thieves = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      thieves.add(
          Task.start(
              () -> {
                List<Integer> taken = new ArrayList<>();
                for (; ; ) {
                  boolean last = over.get();
                  Integer element = queue.poll();
                  if (element != null) {
                    taken.add(element);
                  } else if (last) {
                    return taken;
                  }
                }
              }));
    }
    for (int i = 0; i < count; i++) {
      queue.offer(i);
    }
    over.set(true);

    List<Integer> all = new ArrayList<>();
    for (Task<List<Integer>> thief : thieves) {
      List<Integer> taken = thief.result();
      assertThat(taken).isSorted();
      all.addAll(taken);
    }
    Collections.sort(all);
    assertThat(all).isEqualTo(IntStream.range(0, count).boxed().toList());
  }
}
