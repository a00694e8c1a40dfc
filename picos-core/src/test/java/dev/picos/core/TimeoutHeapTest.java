package dev.picos.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TimeoutHeapTest {
  private final TimeoutHeap heap = new TimeoutHeap();

  private static Timeout timeout(long deadline) {
    return new Timeout(deadline, new Computation<>(), new RuntimeException("late"));
  }

  private List<Long> drained() {
    List<Long> deadlines = new ArrayList<>();
    for (Timeout next = heap.earliest(); next != null; next = heap.earliest()) {
      deadlines.add(next.deadline);
      heap.remove(next);
    }
    return deadlines;
  }

  @Test
  void empty_hasNoEarliest() {
    // an empty heap has no earliest timeout
    assertThat(heap.earliest()).isNull();
    assertThat(heap.size()).isZero();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void timeouts_comeOutInTheirOrder(long seed) {
    // timeouts that are added in no order come out in that of their deadlines, equal ones included
    List<Long> deadlines = new Random(seed).longs(2_000, 0, 500).boxed().toList();

    deadlines.forEach(deadline -> heap.add(timeout(deadline)));

    assertThat(heap.size()).isEqualTo(2_000);
    assertThat(drained()).isEqualTo(deadlines.stream().sorted().toList());
    assertThat(heap.size()).isZero();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void addingAndRemoving_asAList(long seed) {
    // whatever is added and removed, the earliest is that of a list
    Random random = new Random(seed);
    List<Timeout> model = new ArrayList<>();
    for (int i = 0; i < 3_000; i++) {
      if (model.isEmpty() || random.nextInt(5) < 3) {
        Timeout timeout = timeout(random.nextLong(1_000));
        model.add(timeout);
        heap.add(timeout);
      } else {
        Timeout timeout =
            random.nextBoolean() ? heap.earliest() : model.get(random.nextInt(model.size()));
        model.remove(timeout);
        heap.remove(timeout);
        assertThat(timeout.isInHeap).isFalse();
      }
      assertThat(heap.size()).isEqualTo(model.size());
      if (!model.isEmpty()) {
        assertThat(heap.earliest().deadline)
            .isEqualTo(model.stream().mapToLong(each -> each.deadline).min().getAsLong());
      }
    }

    assertThat(drained())
        .isEqualTo(
            model.stream()
                .sorted(Comparator.comparingLong(each -> each.deadline))
                .map(each -> each.deadline)
                .toList());
  }

  @Test
  void manySiblings_takeNoStack() {
    // neither a long list of siblings nor a long line of descendants takes more stack
    List<Timeout> ascending =
        LongStream.range(0, 50_000).mapToObj(TimeoutHeapTest::timeout).toList();
    ascending.forEach(heap::add);
    List<Timeout> descending = LongStream.range(0, 50_000).mapToObj(i -> timeout(-i)).toList();
    descending.forEach(heap::add);

    assertThat(drained()).hasSize(100_000).isSorted();
  }
}
