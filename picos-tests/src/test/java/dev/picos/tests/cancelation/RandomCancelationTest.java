package dev.picos.tests.cancelation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.sync.Condition;
import dev.picos.std.sync.Mutex;
import dev.picos.std.sync.Semaphore;
import dev.picos.tests.OnEveryScheduler;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Whatever moment a fiber is canceled at, no ownership, permit, wake-up or item is lost or there
 * twice.
 */
class RandomCancelationTest {
  private static final int FIBERS = 6;

  @OnEveryScheduler
  void mutex(Scheduler scheduler) {
    Mutex mutex = new Mutex();
    int[] counter = {0};
    AtomicInteger entered = new AtomicInteger();
    Torment.run(
        scheduler,
        FIBERS,
        fiber ->
            mutex.protect(
                () -> {
                  int before = counter[0];
                  entered.incrementAndGet();
                  Torment.safely(Fiber::yield);
                  counter[0] = before + 1;
                }),
        () -> {
          assertThat(counter[0]).isEqualTo(entered.get());
          assertThat(mutex).hasToString("Mutex[unlocked]");
        });
  }

  @OnEveryScheduler
  void semaphore(Scheduler scheduler) {
    Semaphore semaphore = new Semaphore(2);
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    Torment.run(
        scheduler,
        FIBERS,
        fiber -> {
          semaphore.acquire();
          try {
            most.accumulateAndGet(inside.incrementAndGet(), Math::max);
            Fiber.yield();
          } finally {
            inside.decrementAndGet();
            semaphore.release();
          }
        },
        () -> {
          assertThat(semaphore.availablePermits()).isEqualTo(2);
          assertThat(most).hasValueBetween(1, 2);
        });
  }

  /** A buffer for one item, with two conditions of which each wakes only one waiter. */
  @OnEveryScheduler
  void condition(Scheduler scheduler) {
    Mutex mutex = new Mutex();
    Condition notEmpty = mutex.newCondition();
    Condition notFull = mutex.newCondition();
    ArrayDeque<Integer> buffer = new ArrayDeque<>();
    AtomicInteger put = new AtomicInteger();
    AtomicInteger taken = new AtomicInteger();
    Torment.run(
        scheduler,
        FIBERS,
        fiber ->
            mutex.protect(
                () -> {
                  if (fiber % 2 == 0) {
                    while (!buffer.isEmpty()) {
                      notFull.await();
                    }
                    buffer.add(put.incrementAndGet());
                    notEmpty.signal();
                  } else {
                    while (buffer.isEmpty()) {
                      notEmpty.await();
                    }
                    assertThat(buffer.poll()).isEqualTo(taken.incrementAndGet());
                    notFull.signal();
                  }
                }),
        () -> {
          assertThat(put.get() - taken.get()).isEqualTo(buffer.size());
          assertThat(mutex).hasToString("Mutex[unlocked]");
        });
  }
}
