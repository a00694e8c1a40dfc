package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Run;
import dev.picos.std.sync.Semaphore;
import dev.picos.testing.Task;
import dev.picos.tests.Canceled;
import dev.picos.tests.Fibers;
import dev.picos.tests.Heap;
import dev.picos.tests.OnEveryKindOfScheduler;
import dev.picos.tests.OnEveryScheduler;
import dev.picos.tests.OnEveryTwoSchedulers;
import dev.picos.tests.Rounds;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

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
    // SE-01: a negative number of permits is refused
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
    // SE-03: waiters get permits in order, directly; tryAcquire fails while there are waiters
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
    // SE-03: those who wait with a timeout wait in the same line; nobody overtakes them
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
  void race_ofReleaseAndTimeout(Scheduler scheduler) {
    // a permit that comes as the time is over is taken, or is still there
    scheduler.run(
        () -> {
          for (int round = 0; round < 300; round++) {
            Computation<Boolean> waiter =
                Fibers.start(() -> semaphore.tryAcquire(Duration.ofNanos(100_000)));
            Fiber.sleep(Duration.ofNanos(100_000 + (round % 20 - 10) * 5_000L));
            semaphore.release();
            boolean acquired = waiter.await();
            assertThat(semaphore.availablePermits()).isEqualTo(acquired ? 0 : 1);
            assertThat(semaphore.tryAcquire()).isEqualTo(!acquired);
          }
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
    // SE-05: a binary semaphore hands over to one that waits with a timeout, and saturates after
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
    // SE-05: releasing a binary semaphore twice is as releasing it once
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
  void manyOfEach_inRandomOrder(Scheduler scheduler) {
    // SE-06: as many acquires as releases, in random order, all complete
    scheduler.run(
        () -> {
          int count = Rounds.of(10_000, 100_000);
          List<Block<RuntimeException>> actions =
              new ArrayList<>(Collections.nCopies(count, semaphore::acquire));
          actions.addAll(Collections.nCopies(count, semaphore::release));
          Collections.shuffle(actions, new Random(1));
          Run.all(actions);
          assertThat(semaphore.availablePermits()).isZero();
          assertThat(semaphore).hasToString("Semaphore[0 available]");
        });
  }

  @OnEveryTwoSchedulers
  void acrossSchedulers(Scheduler one, Scheduler other) throws Exception {
    // fibers of two schedulers acquire what a plain thread and the others release
    Block<RuntimeException> passing =
        () -> {
          for (int i = 0; i < 300; i++) {
            semaphore.acquire();
            Fiber.yield();
            semaphore.release();
          }
        };
    List<Task<Object>> tasks =
        List.of(
            Task.start(() -> runTwice(one, passing)), Task.start(() -> runTwice(other, passing)));
    semaphore.release();
    semaphore.release();
    for (Task<Object> task : tasks) {
      task.result();
    }
    assertThat(semaphore.availablePermits()).isEqualTo(2);
  }

  private static Object runTwice(Scheduler scheduler, Block<RuntimeException> block) {
    scheduler.run(() -> Run.all(block, block));
    return scheduler;
  }

  @OnEveryScheduler
  void happensBefore_releaseAcquire(Scheduler scheduler) {
    // what is done before a release is seen after the acquire, without further synchronization
    int[] plain = {0};
    Semaphore there = new Semaphore(0);
    Semaphore back = new Semaphore(0);
    scheduler.run(
        () ->
            Run.all(
                () -> {
                  for (int i = 1; i <= 1_000; i++) {
                    plain[0] = i;
                    there.release();
                    back.acquire();
                  }
                },
                () -> {
                  for (int i = 1; i <= 1_000; i++) {
                    there.acquire();
                    assertThat(plain[0]).isEqualTo(i);
                    back.release();
                  }
                }));
  }

  @OnEveryScheduler
  void canceledBefore(Scheduler scheduler) {
    // a canceled fiber acquires a permit that is there, and throws where it has to wait
    scheduler.run(
        () ->
            Canceled.with(
                reason,
                () -> {
                  semaphore.release();
                  semaphore.acquire();
                  assertThat(semaphore.tryAcquire()).isFalse();
                  assertThatThrownBy(semaphore::acquire).isSameAs(reason);
                  assertThat(semaphore).hasToString("Semaphore[0 available]");
                  semaphore.release();
                  assertThat(semaphore.tryAcquire()).isTrue();
                }));
  }

  @OnEveryScheduler
  void canceledMeanwhile(Scheduler scheduler) {
    // a waiter that is canceled throws the reason, and the permit goes to the next
    scheduler.run(
        () -> {
          Computation<Object> computation = new Computation<>();
          Computation<Object> canceled = acquirer(computation);
          Waiting.until(semaphore, 1);
          Computation<Object> next = acquirer(new Computation<>());
          Waiting.until(semaphore, 2);
          computation.tryCancel(reason);
          assertThatThrownBy(canceled::await).isSameAs(reason);
          semaphore.release();
          assertThat(next.await()).isEqualTo("acquired");
          assertThat(semaphore.availablePermits()).isZero();
        });
  }

  @OnEveryScheduler
  void canceledMeanwhile_forbidden(Scheduler scheduler) {
    // a waiter that forbids cancelation goes on waiting
    scheduler.run(
        () -> {
          Computation<Object> computation = new Computation<>();
          Computation<Object> waiter =
              Fibers.startUnder(
                  computation,
                  () -> {
                    Control.protect(semaphore::acquire);
                    return "acquired";
                  });
          Waiting.until(semaphore, 1);
          computation.tryCancel(reason);
          for (int i = 0; i < 10; i++) {
            Fiber.yield();
          }
          assertThat(waiter.isRunning()).isTrue();
          semaphore.release();
          assertThat(waiter.await()).isEqualTo("acquired");
        });
  }

  @OnEveryScheduler
  void computationReturnsMeanwhile(Scheduler scheduler) {
    // a waiter whose computation returns still waits for a permit
    scheduler.run(
        () -> {
          Computation<Object> computation = new Computation<>();
          Computation<Object> waiter = acquirer(computation);
          Waiting.until(semaphore, 1);
          computation.tryReturn("by another fiber");
          for (int i = 0; i < 10; i++) {
            Fiber.yield();
          }
          assertThat(waiter.isRunning()).isTrue();
          semaphore.release();
          assertThat(waiter.await()).isEqualTo("acquired");
        });
  }

  @OnEveryScheduler
  void race_ofReleaseAndCancelation(Scheduler scheduler) {
    // a permit handed to a waiter that is canceled at that moment is not lost
    scheduler.run(
        () -> {
          for (int round = 0; round < 3_000; round++) {
            Computation<Object> computation = new Computation<>();
            Computation<Object> waiter = acquirer(computation);
            Fiber.yield();
            Computation<Boolean> canceler = Fibers.start(() -> computation.tryCancel(reason));
            for (int spins = round % 60; spins > 0; spins--) {
              Thread.onSpinWait();
            }
            semaphore.release();
            waiter.join();
            canceler.join();
            assertThat(semaphore.availablePermits()).isEqualTo(waiter.isCanceled() ? 1 : 0);
            assertThat(semaphore.tryAcquire()).isEqualTo(waiter.isCanceled());
          }
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

  @OnEveryKindOfScheduler
  void canceledWaiters_leaveNothing(Scheduler scheduler) {
    // waits that were canceled leave nothing behind, also next to waiters that stay
    scheduler.run(
        () -> {
          Computation<Object> stays = acquirer(new Computation<>());
          Waiting.until(semaphore, 1);
          for (int i = 0; i < 1_000; i++) {
            acquireCanceled();
          }
          long before = Heap.used();
          for (int i = 0; i < 20_000; i++) {
            acquireCanceled();
          }
          assertThat(Heap.used() - before).isLessThan(8 * 20_000);
          assertThat(Waiting.of(semaphore)).isLessThan(4);
          semaphore.release();
          stays.await();
          assertThat(semaphore).hasToString("Semaphore[0 available]");
        });
  }

  private void acquireCanceled() {
    Computation<Object> computation = new Computation<>();
    Computation<Object> waiter = acquirer(computation);
    Fiber.yield();
    computation.tryCancel(reason);
    waiter.join();
  }
}
