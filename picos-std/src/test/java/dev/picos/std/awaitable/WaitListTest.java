package dev.picos.std.awaitable;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Trigger;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WaitListTest {
  private static final AwaitableInt ELSEWHERE = new AwaitableInt(0);

  private static Awaiter awaiter() {
    return new Awaiter(ELSEWHERE, new Trigger(), null, 0);
  }

  private static List<Awaiter> awaiters(int count) {
    return Stream.generate(WaitListTest::awaiter).limit(count).toList();
  }

  private static @Nullable WaitList listOf(List<Awaiter> awaiters) {
    WaitList list = null;
    for (Awaiter awaiter : awaiters) {
      list = WaitList.plus(list, awaiter);
    }
    return list;
  }

  /** Makes the list shorter, as awaitables do. */
  private static @Nullable WaitList less(WaitList list, int ended) {
    WaitList rest = list.less(ended);
    list.isReplacedBy(rest);
    return rest;
  }

  private static void end(Awaiter awaiter) {
    assertThat(awaiter.remove()).isTrue();
  }

  private static List<Awaiter> live(@Nullable WaitList list) {
    List<Awaiter> live = new ArrayList<>();
    Awaiter awaiter = list == null ? null : list.oldest();
    while (awaiter != null) {
      if (!awaiter.hasEnded()) {
        live.add(awaiter);
      }
      awaiter = awaiter == list.newest() ? null : awaiter.laNext();
    }
    return live;
  }

  private static int walkLength(@Nullable WaitList list) {
    int length = 0;
    Awaiter awaiter = list == null ? null : list.oldest();
    while (awaiter != null) {
      length++;
      awaiter = awaiter == list.newest() ? null : awaiter.laNext();
    }
    return length;
  }

  @Test
  void plus_keepsTheOrder() {
    List<Awaiter> awaiters = awaiters(50);
    assertThat(live(listOf(awaiters))).isEqualTo(awaiters);
  }

  @Test
  void less_isEmptyWhenAllHaveEnded() {
    List<Awaiter> awaiters = awaiters(100);
    WaitList list = listOf(awaiters);
    for (Awaiter awaiter : awaiters) {
      assertThat(list).isNotNull();
      end(awaiter);
      list = less(list, 1);
    }
    assertThat(list).isNull();
  }

  @Test
  void less_ofManyAtOnce() {
    List<Awaiter> awaiters = awaiters(100);
    WaitList list = listOf(awaiters);
    awaiters.subList(10, 90).forEach(WaitListTest::end);
    list = less(list, 80);
    assertThat(live(list)).hasSize(20);
    assertThat(walkLength(list)).isEqualTo(20);
    assertThat(list.liveCount()).isEqualTo(20);
  }

  /** Those that have come and gone must not keep each other alive, nor be kept by the list. */
  @Test
  void less_letsGoOfThoseTakenOff() {
    List<WeakReference<Awaiter>> gone = new ArrayList<>();
    WaitList list = listOf(awaiters(1));
    for (int i = 0; i < 20; i++) {
      list = replaced(list, gone);
    }
    for (WeakReference<Awaiter> awaiter : gone) {
      while (awaiter.get() != null) { // or else JUnit's timeout ends this
        System.gc();
      }
    }
    assertThat(live(list)).hasSize(1);
  }

  private static WaitList replaced(WaitList list, List<WeakReference<Awaiter>> gone) {
    Awaiter oldest = list.oldest();
    WaitList longer = WaitList.plus(list, awaiter());
    end(oldest);
    gone.add(new WeakReference<>(oldest));
    return less(longer, 1);
  }

  /** Any operations, one after another, do what they do to a plain list, in bounded space. */
  @ParameterizedTest
  @ValueSource(ints = {2, 10, 1000})
  void anyOperations_asInAPlainList(int most) {
    for (long seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      List<Awaiter> model = new ArrayList<>();
      WaitList list = null;
      for (int step = 0; step < 1000; step++) {
        int choice = random.nextInt(10);
        if (choice < 5 && model.size() < most) {
          Awaiter awaiter = awaiter();
          model.add(awaiter);
          list = WaitList.plus(list, awaiter);
        } else if (!model.isEmpty()) {
          int count = 1 + random.nextInt(choice == 9 ? model.size() : 1);
          for (int i = 0; i < count; i++) {
            int index = choice < 7 ? 0 : random.nextInt(model.size());
            end(model.remove(index));
          }
          list = less(list, count);
        }
        if (step % 20 == 0) {
          assertThat(live(list)).as("seed %d, step %d", seed, step).isEqualTo(model);
        }
        assertThat(walkLength(list))
            .as("seed %d, step %d", seed, step)
            .isGreaterThanOrEqualTo(model.size())
            .isLessThanOrEqualTo(2 * model.size() + 8);
        assertThat(list == null ? 0 : list.liveCount())
            .as("seed %d, step %d", seed, step)
            .isEqualTo(model.size());
      }
    }
  }
}
