package dev.picos.sched.multififo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.picos.testing.Wait;
import java.lang.ref.WeakReference;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RingTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 8, 64})
  void behavesAsAQueue_whateverTheOrder(int capacity) {
    Ring<Integer> ring = new Ring<>(capacity);
    Ring<Integer> half = new Ring<>(16);
    Deque<Integer> model = new ArrayDeque<>();
    Random random = new Random(capacity);
    for (int i = 0; i < 100_000; i++) {
      switch (random.nextInt(4)) {
        case 0, 1 -> {
          boolean fits = model.size() < capacity;
          assertThat(ring.offer(i)).isEqualTo(fits);
          if (fits) {
            model.add(i);
          }
        }
        case 2 -> assertThat(ring.poll()).isEqualTo(model.poll());
        default -> takeHalf(ring, half, random.nextInt(16), model);
      }
      assertThat(ring.size()).isEqualTo(model.size());
      assertThat(ring.isEmpty()).isEqualTo(model.isEmpty());
      assertThat(ring.room(2 * capacity)).isEqualTo(capacity - model.size());
    }
  }

  private static void takeHalf(
      Ring<Integer> ring, Ring<Integer> half, int most, Deque<Integer> model) {
    int count = Math.min(most + 1, (model.size() + 1) / 2);
    assertThat(ring.pollHalf(half, most)).isEqualTo(model.poll());
    for (int i = 1; i < count; i++) {
      assertThat(half.poll()).isEqualTo(model.poll());
    }
    assertThat(half.poll()).isNull();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void nothingIsKept_ofWhatWasTaken(boolean byHalves) {
    Ring<Object> ring = new Ring<>(16);
    Ring<Object> half = new Ring<>(16);
    List<WeakReference<Object>> added = addFour(ring);
    while (!ring.isEmpty()) {
      Object unused = byHalves ? ring.pollHalf(half, 7) : ring.poll();
    }
    while (!half.isEmpty()) {
      Object unused = half.poll();
    }
    for (WeakReference<Object> each : added) {
      Wait.untilCollected(each, ring, half);
    }
  }

  private static List<WeakReference<Object>> addFour(Ring<Object> ring) {
    List<Object> elements = Stream.generate(Object::new).limit(4).toList();
    elements.forEach(ring::offer);
    return elements.stream().map(WeakReference::new).toList();
  }

  @Test
  void half_needsRoom() {
    Ring<Integer> ring = new Ring<>(8);
    Ring<Integer> full = new Ring<>(1);
    IntStream.range(0, 8).forEach(ring::offer);
    full.offer(0);
    assertThatIllegalStateException().isThrownBy(() -> ring.pollHalf(full, 1));
    assertThat(ring.pollHalf(full, full.room(1))).isEqualTo(2);
  }
}
