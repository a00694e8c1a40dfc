package dev.picos.std.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WaitListTest {
  private static List<Waiter> waiters(int count) {
    return Stream.generate(() -> new Waiter(null)).limit(count).toList();
  }

  private static @Nullable WaitList<Waiter> listOf(List<Waiter> waiters) {
    WaitList<Waiter> list = null;
    for (Waiter waiter : waiters) {
      list = WaitList.plus(list, waiter);
    }
    return list;
  }

  /** Takes the oldest off, as those do who grant to it afterwards. */
  private static @Nullable WaitList<Waiter> take(WaitList<Waiter> list) {
    WaitList<Waiter> rest = list.rest();
    list.isReplacedBy(rest);
    return rest;
  }

  /** Makes the list shorter, as those do who have given up. */
  private static @Nullable WaitList<Waiter> less(WaitList<Waiter> list, int ended) {
    WaitList<Waiter> rest = list.less(ended);
    list.isReplacedBy(rest);
    return rest;
  }

  private static void abandon(Waiter waiter) {
    assertThat(waiter.abandon()).isTrue();
  }

  private static List<Waiter> all(@Nullable WaitList<Waiter> list) {
    List<Waiter> all = new ArrayList<>();
    Waiter waiter = list == null ? null : list.oldest();
    while (waiter != null) {
      all.add(waiter);
      waiter = waiter == list.newest() ? null : list.after(waiter);
    }
    return all;
  }

  private static List<Waiter> live(@Nullable WaitList<Waiter> list) {
    return all(list).stream().filter(waiter -> !waiter.hasEnded()).toList();
  }

  @Test
  void plus_keepsTheOrder() {
    List<Waiter> waiters = waiters(50);
    assertThat(all(listOf(waiters))).isEqualTo(waiters);
  }

  @Test
  void rest_isInOrder() {
    List<Waiter> waiters = waiters(5);
    List<Waiter> taken = new ArrayList<>();
    for (WaitList<Waiter> list = listOf(waiters); list != null; list = take(list)) {
      taken.add(list.oldest());
    }
    assertThat(taken).isEqualTo(waiters);
  }

  @Test
  void rest_dropsTheEndedBehindTheOldest() {
    List<Waiter> waiters = waiters(20);
    WaitList<Waiter> list = listOf(waiters);
    waiters.subList(1, 8).forEach(WaitListTest::abandon);
    WaitList<Waiter> rest = take(list);
    assertThat(rest.oldest()).isSameAs(waiters.get(8));
    assertThat(rest.length()).isEqualTo(12);
  }

  @Test
  void rest_isEmptyWhenAllOthersHaveEnded() {
    List<Waiter> waiters = waiters(20);
    WaitList<Waiter> list = listOf(waiters);
    waiters.subList(1, 20).forEach(WaitListTest::abandon);
    assertThat(take(list)).isNull();
  }

  @Test
  void less_isEmptyWhenAllHaveEnded() {
    // in whatever order they end
    for (long seed = 0; seed < 20; seed++) {
      List<Waiter> waiters = new ArrayList<>(waiters(100));
      WaitList<Waiter> list = listOf(waiters);
      Collections.shuffle(waiters, new Random(seed));
      for (Waiter waiter : waiters) {
        assertThat(list).isNotNull();
        abandon(waiter);
        list = less(list, 1);
      }
      assertThat(list).isNull();
    }
  }

  @Test
  void less_ofManyAtOnce() {
    List<Waiter> waiters = waiters(100);
    WaitList<Waiter> list = listOf(waiters);
    waiters.subList(10, 90).forEach(WaitListTest::abandon);
    list = less(list, 80);
    assertThat(live(list)).hasSize(20);
    assertThat(list.length()).isEqualTo(20);
    assertThat(list.liveCount()).isEqualTo(20);
  }

  /** Those that have come and gone must not keep each other alive, nor be kept by the list. */
  @Test
  void less_letsGoOfThoseTakenOff() {
    List<WeakReference<Waiter>> gone = new ArrayList<>();
    WaitList<Waiter> list = listOf(waiters(1));
    for (int i = 0; i < 20; i++) {
      list = replaced(list, gone);
    }
    areCollected(gone);
    assertThat(live(list)).hasSize(1);
  }

  private static WaitList<Waiter> replaced(
      WaitList<Waiter> list, List<WeakReference<Waiter>> gone) {
    Waiter oldest = list.oldest();
    WaitList<Waiter> longer = WaitList.plus(list, new Waiter(null));
    abandon(oldest);
    gone.add(new WeakReference<>(oldest));
    return less(longer, 1);
  }

  /** Those that were dropped must not keep each other alive, nor be kept by the list. */
  @Test
  void rest_letsGoOfTheEndedBehindTheOldest() {
    List<WeakReference<Waiter>> gone = new ArrayList<>();
    WaitList<Waiter> list = take(listWithTenEndedBehindTheOldest(gone));
    areCollected(gone);
    assertThat(list.length()).isEqualTo(20);
  }

  private static WaitList<Waiter> listWithTenEndedBehindTheOldest(
      List<WeakReference<Waiter>> gone) {
    List<Waiter> waiters = waiters(31);
    WaitList<Waiter> list = listOf(waiters);
    for (Waiter waiter : waiters.subList(1, 11)) {
      abandon(waiter);
      gone.add(new WeakReference<>(waiter));
    }
    return list;
  }

  private static void areCollected(List<WeakReference<Waiter>> gone) {
    for (WeakReference<Waiter> waiter : gone) {
      while (waiter.get() != null) { // or else JUnit's timeout ends this
        System.gc();
      }
    }
  }

  @Test
  void grantAll_grantsToTheLiveOnes() {
    List<Waiter> waiters = waiters(10);
    WaitList<Waiter> list = listOf(waiters);
    abandon(waiters.get(0));
    abandon(waiters.get(4));
    abandon(waiters.get(9));
    list.grantAll();
    for (int i = 0; i < 10; i++) {
      boolean isAbandoned = i == 0 || i == 4 || i == 9;
      assertThat(waiters.get(i).isAbandoned()).isEqualTo(isAbandoned);
      assertThat(waiters.get(i).grant()).as("granted only once").isFalse();
      assertThat(waiters.get(i).abandon()).as("too late").isFalse();
    }
  }

  /**
   * Any operations, one after another, do what they do to a plain list, in bounded space: the
   * oldest is taken off and granted to, any are granted to where they are, and any give up, alone
   * or many of them together.
   */
  @ParameterizedTest
  @ValueSource(ints = {2, 10, 1000})
  void anyOperations_asInAPlainList(int most) {
    for (long seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      List<Waiter> model = new ArrayList<>();
      WaitList<Waiter> list = null;
      for (int step = 0; step < 1000; step++) {
        int choice = random.nextInt(10);
        if (choice < 5 && model.size() < most) {
          Waiter waiter = new Waiter(null);
          model.add(waiter);
          list = WaitList.plus(list, waiter);
        } else if (choice < 7 && list != null) {
          Waiter oldest = list.oldest();
          list = take(list);
          assertThat(oldest.grant() ? oldest : null)
              .as("seed %d, step %d", seed, step)
              .isSameAs(oldest.isGranted() ? model.remove(0) : null);
        } else if (!model.isEmpty()) {
          int count = 1 + random.nextInt(choice == 9 ? model.size() : 1);
          for (int i = 0; i < count; i++) {
            Waiter any = model.remove(random.nextInt(model.size()));
            assertThat(random.nextBoolean() ? any.grant() : any.abandon()).isTrue();
          }
          list = less(list, count);
        }
        if (step % 20 == 0) {
          assertThat(live(list)).as("seed %d, step %d", seed, step).isEqualTo(model);
        }
        assertThat(list == null ? 0 : list.length())
            .as("seed %d, step %d", seed, step)
            .isGreaterThanOrEqualTo(model.size())
            .isLessThanOrEqualTo(2 * model.size() + 8);
        assertThat(list == null ? 0 : list.liveCount())
            .as("seed %d, step %d", seed, step)
            .isLessThanOrEqualTo(list == null ? 0 : list.length());
      }
    }
  }
}
