package dev.picos.std.sync;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.ref.WeakReference;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WaitQueueTest {
  private static List<Waiter> waiters(int count) {
    return Stream.generate(() -> new Waiter(null)).limit(count).toList();
  }

  private static @Nullable WaitQueue queueOf(List<Waiter> waiters) {
    WaitQueue queue = null;
    for (Waiter waiter : waiters) {
      queue = WaitQueue.plus(queue, waiter);
    }
    return queue;
  }

  /** Takes the oldest off, as the primitives do. */
  private static @Nullable WaitQueue take(WaitQueue queue) {
    WaitQueue rest = queue.rest();
    queue.oldestIsOff();
    return rest;
  }

  private static void abandon(Waiter waiter) {
    assertThat(waiter.abandon()).isTrue();
  }

  @Test
  void rest_isInOrder() {
    List<Waiter> waiters = waiters(5);
    List<Waiter> taken = new ArrayList<>();
    for (WaitQueue queue = queueOf(waiters); queue != null; queue = take(queue)) {
      taken.add(queue.oldest());
    }
    assertThat(taken).isEqualTo(waiters);
  }

  @Test
  void rest_dropsTheAbandonedBehindTheOldest() {
    List<Waiter> waiters = waiters(20);
    WaitQueue queue = queueOf(waiters);
    for (int i = 1; i < 8; i++) {
      abandon(waiters.get(i));
    }
    WaitQueue rest = take(queue);
    assertThat(rest.oldest()).isSameAs(waiters.get(8));
    assertThat(rest.length()).isEqualTo(12);
  }

  @Test
  void rest_isEmptyWhenAllOthersAreAbandoned() {
    List<Waiter> waiters = waiters(20);
    WaitQueue queue = queueOf(waiters);
    waiters.subList(1, 20).forEach(WaitQueueTest::abandon);
    assertThat(take(queue)).isNull();
  }

  /** Those that were dropped must not keep each other alive, nor be kept by the queue. */
  @Test
  void rest_letsGoOfTheAbandonedBehindTheOldest() {
    List<WeakReference<Waiter>> abandoned = new ArrayList<>();
    WaitQueue queue = queueWithTenAbandonedBehindTheOldest(abandoned);
    queue = take(queue);
    for (WeakReference<Waiter> waiter : abandoned) {
      while (waiter.get() != null) { // or else JUnit's timeout ends this
        System.gc();
      }
    }
    assertThat(queue.length()).isEqualTo(20);
  }

  private static WaitQueue queueWithTenAbandonedBehindTheOldest(
      List<WeakReference<Waiter>> abandoned) {
    List<Waiter> waiters = waiters(31);
    WaitQueue queue = queueOf(waiters);
    for (Waiter waiter : waiters.subList(1, 11)) {
      abandon(waiter);
      abandoned.add(new WeakReference<>(waiter));
    }
    return queue;
  }

  @Test
  void lessOne_isEmptyWhenAllAreAbandoned() {
    List<Waiter> waiters = waiters(100);
    WaitQueue queue = queueOf(waiters);
    for (Waiter waiter : waiters) {
      assertThat(queue).isNotNull();
      abandon(waiter);
      queue = queue.lessOne();
    }
    assertThat(queue).isNull();
  }

  @Test
  void grantAll_grantsToTheLiveOnesInOrder() {
    List<Waiter> waiters = waiters(10);
    WaitQueue queue = queueOf(waiters);
    abandon(waiters.get(0));
    abandon(waiters.get(4));
    abandon(waiters.get(9));
    queue.grantAll();
    for (int i = 0; i < 10; i++) {
      boolean isAbandoned = i == 0 || i == 4 || i == 9;
      assertThat(waiters.get(i).isAbandoned()).isEqualTo(isAbandoned);
      assertThat(waiters.get(i).grant()).as("granted only once").isFalse();
      assertThat(waiters.get(i).abandon()).as("too late").isFalse();
    }
  }

  /** Any operations, one after another, do what they do to a plain queue, in bounded space. */
  @ParameterizedTest
  @ValueSource(ints = {2, 10, 1000})
  void anyOperations_asInAPlainQueue(int most) {
    for (long seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      ArrayDeque<Waiter> model = new ArrayDeque<>();
      WaitQueue queue = null;
      for (int step = 0; step < 1000; step++) {
        int choice = random.nextInt(10);
        if (choice < 5 && model.size() < most) {
          Waiter waiter = new Waiter(null);
          model.add(waiter);
          queue = WaitQueue.plus(queue, waiter);
        } else if (choice < 7 && queue != null) {
          Waiter oldest = queue.oldest();
          boolean granted = oldest.grant();
          queue = take(queue);
          if (granted) {
            assertThat(oldest).as("seed %d, step %d", seed, step).isSameAs(model.poll());
          }
        } else if (!model.isEmpty()) {
          Waiter any = model.stream().skip(random.nextInt(model.size())).findFirst().orElseThrow();
          model.remove(any);
          abandon(any);
          queue = queue.lessOne();
        }
        int length = queue == null ? 0 : queue.length();
        assertThat(length)
            .as("seed %d, step %d", seed, step)
            .isGreaterThanOrEqualTo(model.size())
            .isLessThanOrEqualTo(2 * model.size() + 8);
      }
    }
  }
}
