package dev.picos.sched.multififo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LanesTest {
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 63, 64, 65, 128, 130})
  void nextMarked_isTheNextInTheCycle(int count) {
    Lanes lanes = new Lanes(count, 1);
    BitSet expected = new BitSet();
    Random random = new Random(count);
    for (int i = 0; i < 2_000; i++) {
      int index = random.nextInt(count);
      if (random.nextInt(3) == 0) {
        lanes.mark(index);
        expected.set(index);
      } else {
        lanes.unmark(index);
        expected.clear(index);
      }
      int from = random.nextInt(count);
      assertThat(lanes.nextMarked(from)).isEqualTo(next(expected, from, count));
    }
  }

  private static int next(BitSet marked, int from, int count) {
    for (int distance = 1; distance < count; distance++) {
      int other = (from + distance) % count;
      if (marked.get(other)) {
        return other;
      }
    }
    return from;
  }
}
