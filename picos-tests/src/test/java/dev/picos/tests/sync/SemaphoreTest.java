package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Run;
import dev.picos.std.sync.Semaphore;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What a semaphore promises besides: the rest is in {@link AcquiringTest}. */
class SemaphoreTest {
  private final RuntimeException reason = new CancellationException("reason");
  private final Semaphore semaphore = new Semaphore(0);

  private Computation<Object> acquirer(Computation<?> computation) {
    return Fibers.startUnder(
        computation,
        () -> {
          semaphore.acquire();
          return "acquired";
        });
  }

  @Test
  void negativePermits() {
    // A negative number of permits is refused
    assertThatIllegalArgumentException().isThrownBy(() -> new Semaphore(-1));
  }

  @Test
  void permits_comeAndGo() {
    // permits are counted; tryAcquire takes one if there is one
    Semaphore two = new Semaphore(2);

    assertThat(two.availablePermits()).isEqualTo(2);
    assertThat(two.tryAcquire()).isTrue();
    two.acquire();
    assertThat(two.availablePermits()).isZero();
    assertThat(two.tryAcquire()).isFalse();
    two.release();
    assertThat(two.availablePermits()).isEqualTo(1);
    assertThat(two).hasToString("Semaphore[1 available]");
  }

  @Test
  void permits_moreThanABoxHolds() {
    // large numbers of permits are counted like small ones
    Semaphore many = new Semaphore(1_000);

    for (int i = 0; i < 1_000; i++) {
      many.acquire();
    }
    assertThat(many.tryAcquire()).isFalse();
    for (int i = 0; i < 500; i++) {
      many.release();
    }
    assertThat(many.availablePermits()).isEqualTo(500);
  }

  @Test
  void release_overflow() {
    // release of more permits than can be counted is an error, and the count remains
    Semaphore full = new Semaphore(Integer.MAX_VALUE);

    assertThatIllegalStateException().isThrownBy(full::release).withMessageContaining("overflow");
    assertThat(full.availablePermits()).isEqualTo(Integer.MAX_VALUE);
    full.acquire();
    full.release();
    assertThat(full.availablePermits()).isEqualTo(Integer.MAX_VALUE);
  }

  @OnEveryScheduler
  void release_handsOverInOrder(Scheduler scheduler) {
    // Waiters get permits in order, directly; tryAcquire fails while there are waiters
    scheduler.run(
        () -> {
          List<Computation<Object>> acquirers = new ArrayList<>();
          for (int i = 0; i < 20; i++) {
            acquirers.add(acquirer(new Computation<>()));
            Waiting.until(semaphore, i + 1);
          }
          for (int i = 0; i < 20; i++) {
            assertThat(semaphore.availablePermits()).isZero();
            assertThat(semaphore.tryAcquire()).isFalse();
            assertThat(acquirers.get(i).isRunning()).isTrue();
            semaphore.release();
            assertThat(semaphore.tryAcquire()).isFalse();
            assertThat(acquirers.get(i).await()).isEqualTo("acquired");
          }
          assertThat(semaphore).hasToString("Semaphore[0 available]");
        });
  }

  @OnEveryScheduler
  void release_handsOverInOrder_withTimeouts(Scheduler scheduler) {
    // Those who wait with a timeout wait in the same line; nobody overtakes them
    scheduler.run(
        () -> {
          List<Computation<Object>> acquirers = new ArrayList<>();
          for (int i = 0; i < 20; i++) {
            acquirers.add(
                i % 2 == 0
                    ? acquirer(new Computation<>())
                    : Fibers.start(() -> semaphore.tryAcquire(Duration.ofDays(1))));
            Waiting.until(semaphore, i + 1);
          }
          for (int i = 0; i < 20; i++) {
            assertThat(semaphore.tryAcquire(Duration.ofNanos(1))).isFalse();
            assertThat(acquirers.get(i).isRunning()).isTrue();
            semaphore.release();
            assertThat(semaphore.tryAcquire(Duration.ZERO)).isFalse();
            assertThat(acquirers.get(i).await()).isIn("acquired", true);
          }
          assertThat(semaphore).hasToString("Semaphore[0 available]");
        });
  }

  @OnEveryScheduler
  void race_ofManyTimeouts(Scheduler scheduler) {
    // of many waiters some get permits while the time of others is over: no permit is lost
    scheduler.run(
        () -> {
          List<Computation<Boolean>> waiters = new ArrayList<>();
          for (int i = 0; i < 1_000; i++) {
            Duration timeout = Duration.ofNanos(500_000 + i % 7 * 300_000L);
            waiters.add(Fibers.start(() -> semaphore.tryAcquire(timeout)));
          }
          for (int i = 0; i < 30; i++) {
            Fiber.sleep(Duration.ofNanos(100_000));
            releaseMany(10);
          }
          long acquired = waiters.stream().filter(Computation::await).count();
          assertThat(semaphore.availablePermits()).isEqualTo(300 - acquired);
        });
  }

  @OnEveryScheduler
  void binary_withTimeout(Scheduler scheduler) {
    // A binary semaphore hands over to one that waits with a timeout, and saturates after
    scheduler.run(
        () -> {
          Semaphore binary = Semaphore.binary(false);
          assertThat(binary.tryAcquire(Duration.ofNanos(1))).isFalse();
          Computation<Boolean> waiter = Fibers.start(() -> binary.tryAcquire(Duration.ofDays(1)));
          Waiting.until(binary, 1);
          binary.release();
          assertThat(waiter.await()).isTrue();
          assertThat(binary.availablePermits()).isZero();
          binary.release();
          binary.release();
          assertThat(binary.tryAcquire(Duration.ZERO)).isTrue();
          assertThat(binary.tryAcquire(Duration.ZERO)).isFalse();
        });
  }

  @OnEveryScheduler
  void binary_saturates(Scheduler scheduler) {
    // Releasing a binary semaphore twice is as releasing it once
    scheduler.run(
        () -> {
          Semaphore binary = Semaphore.binary(false);
          assertThat(binary.tryAcquire()).isFalse();
          binary.release();
          binary.release();
          assertThat(binary.availablePermits()).isEqualTo(1);
          binary.acquire();
          Computation<Object> blocked =
              Fibers.start(
                  () -> {
                    binary.acquire();
                    return "acquired";
                  });
          Waiting.until(binary, 1);
          binary.release();
          blocked.await();
          assertThat(binary.tryAcquire()).isFalse();
          assertThat(Semaphore.binary(true).tryAcquire()).isTrue();
        });
  }

  @OnEveryScheduler
  void race_inLongQueue(Scheduler scheduler) {
    // of many waiters a random half is canceled while permits are released: all permits are used
    scheduler.run(
        () -> {
          for (int seed = 0; seed < 20; seed++) {
            int count = 400;
            Random random = new Random(seed);
            AtomicInteger acquired = new AtomicInteger();
            List<Computation<Object>> computations = new ArrayList<>();
            List<Computation<Object>> results = new ArrayList<>();
            for (int i = 0; i < count; i++) {
              Computation<Object> computation = new Computation<>();
              computations.add(computation);
              results.add(
                  Fibers.startUnder(
                      computation,
                      () -> {
                        semaphore.acquire();
                        return acquired.incrementAndGet();
                      }));
            }
            Run.all(
                () -> {
                  for (int i = 0; i < count / 2; i++) {
                    computations.get(random.nextInt(count)).tryCancel(reason);
                  }
                },
                () -> releaseMany(count / 4),
                () -> releaseMany(count / 4));
            while (acquired.get() < count / 2) {
              Fiber.yield();
            }
            computations.forEach(computation -> computation.tryCancel(reason));
            results.forEach(Computation::join);
            assertThat(acquired).hasValue(count / 2);
            assertThat(semaphore).hasToString("Semaphore[0 available]");
            semaphore.release();
            assertThat(semaphore.tryAcquire()).isTrue();
          }
        });
  }

  private void releaseMany(int count) {
    for (int i = 0; i < count; i++) {
      semaphore.release();
      if (i % 16 == 0) {
        Fiber.yield();
      }
    }
  }
}
