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
import java.util.concurrent.atomic.AtomicInteger;
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

  @Test
  void half_goesToAnotherQueue_inOrder() {
    LaneQueue<Integer> other = new LaneQueue<>(8);
    IntStream.range(0, 9).forEach(queue::offer); // the first 4 of which are in one part
    assertThat(queue.pollHalf(other, 7)).isEqualTo(0);
    assertThat(other.poll()).isEqualTo(1);
    assertThat(other.poll()).isNull();
    assertThat(queue.size()).isEqualTo(7);
    assertThat(queue.pollHalf(other, 7)).isEqualTo(2);
    assertThat(queue.pollHalf(other, 7)).isEqualTo(3);
    assertThat(queue.pollHalf(other, 7)).isEqualTo(4); // alone, since it is of the next part
    assertThat(queue.pollHalf(other, 7)).isEqualTo(5);
    assertThat(other.poll()).isEqualTo(6);
    assertThat(queue.pollHalf(other, 7)).isEqualTo(7);
    assertThat(queue.pollHalf(other, 7)).isEqualTo(8);
    assertThat(queue.pollHalf(other, 7)).isNull();
    assertThat(other.isEmpty()).isTrue();
  }

  @Test
  void eachElement_isTakenOnce_howeverOftenItMoves() throws Exception {
    int count = 300_000;
    List<LaneQueue<Integer>> queues =
        List.of(queue, new LaneQueue<>(4), new LaneQueue<>(8), new LaneQueue<>(16));
    AtomicInteger left = new AtomicInteger(count);
    List<Task<List<Integer>>> thieves =
        IntStream.range(1, queues.size())
            .mapToObj(mine -> Task.start(() -> takeAll(queues, mine, left)))
            .toList();
    for (int i = 0; i < count; i++) {
      queue.offer(i);
    }
    List<Integer> all = new ArrayList<>();
    for (Task<List<Integer>> thief : thieves) {
      all.addAll(thief.result());
    }
    Collections.sort(all);
    assertThat(all).isEqualTo(IntStream.range(0, count).boxed().toList());
  }

  /** Takes half of some queue at random when there is nothing in its own. */
  private static List<Integer> takeAll(
      List<LaneQueue<Integer>> queues, int mine, AtomicInteger left) {
    Random random = new Random(mine);
    List<Integer> taken = new ArrayList<>();
    while (left.get() > 0) {
      Integer element = queues.get(mine).poll();
      if (element == null) {
        int victim = (mine + 1 + random.nextInt(queues.size() - 1)) % queues.size();
        element = queues.get(victim).pollHalf(queues.get(mine), 15);
      }
      if (element != null) {
        taken.add(element);
        left.decrementAndGet();
      }
    }
    return taken;
  }
}
