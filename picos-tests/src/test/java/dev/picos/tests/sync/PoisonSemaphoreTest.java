package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Run;
import dev.picos.std.sync.PoisonSemaphore;
import dev.picos.std.sync.PoisonedException;
import dev.picos.testing.Task;
import dev.picos.tests.Canceled;
import dev.picos.tests.Fibers;
import dev.picos.tests.Heap;
import dev.picos.tests.OnEveryKindOfScheduler;
import dev.picos.tests.OnEveryScheduler;
import dev.picos.tests.OnEveryTwoSchedulers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PoisonSemaphoreTest {
  private static final Duration LONG = Duration.ofMinutes(10);

  private final RuntimeException reason = new CancellationException("reason");
  private final PoisonSemaphore semaphore = new PoisonSemaphore(0);

  private Computation<Object> acquirer(Computation<?> computation) {
    return Fibers.startUnder(
        computation,
        () -> {
          semaphore.acquire();
          return "acquired";
        });
  }

  /** Starts one that waits when this returns. */
  private Computation<Object> acquirer() {
    int count = Waiting.of(semaphore);
    Computation<Object> acquirer = acquirer(new Computation<>());
    Waiting.until(semaphore, count + 1);
    return acquirer;
  }

  private static void yieldALot() {
    for (int i = 0; i < 10; i++) {
      Fiber.yield();
    }
  }

  @Test
  void misuse() {
    // SM-01: a negative number of permits is refused; so are more than can be counted
    assertThatIllegalArgumentException().isThrownBy(() -> new PoisonSemaphore(-1));
    PoisonSemaphore full = new PoisonSemaphore(Integer.MAX_VALUE);
    assertThatIllegalStateException().isThrownBy(full::release).withMessageContaining("overflow");
    assertThat(full.availablePermits()).isEqualTo(Integer.MAX_VALUE);
    full.acquire();
    full.release();
    assertThat(full.availablePermits()).isEqualTo(Integer.MAX_VALUE);
  }

  @Test
  void permits_comeAndGo() {
    // permits are counted; tryAcquire takes one if there is one
    PoisonSemaphore two = new PoisonSemaphore(2);

    assertThat(two.availablePermits()).isEqualTo(2);
    assertThat(two.tryAcquire()).isTrue();
    two.acquire();
    assertThat(two.availablePermits()).isZero();
    assertThat(two.tryAcquire()).isFalse();
    assertThat(two.tryAcquire(Duration.ZERO)).isFalse();
    two.release();
    assertThat(two.tryAcquire(LONG)).isTrue();
    two.release();
    assertThat(two).hasToString("PoisonSemaphore[1 available]");
    assertThat(two.isPoisoned()).isFalse();
  }

  @OnEveryScheduler
  void poisoned(Scheduler scheduler) {
    // SM-03: those who wait and those who come later throw; there are no permits, and never again
    scheduler.run(
        () -> {
          List<Computation<Object>> acquirers = new ArrayList<>();
          for (int i = 0; i < 10; i++) {
            acquirers.add(acquirer());
          }
          semaphore.poison();
          for (Computation<Object> each : acquirers) {
            assertThatThrownBy(each::await).isInstanceOf(PoisonedException.class);
          }
          for (int i = 0; i < 2; i++) {
            assertThatExceptionOfType(PoisonedException.class).isThrownBy(semaphore::acquire);
            assertThatExceptionOfType(PoisonedException.class).isThrownBy(semaphore::tryAcquire);
            assertThatExceptionOfType(PoisonedException.class)
                .isThrownBy(() -> semaphore.tryAcquire(LONG));
            assertThat(semaphore.availablePermits()).isZero();
            assertThat(semaphore.isPoisoned()).isTrue();
            assertThat(semaphore).hasToString("PoisonSemaphore[poisoned]");
            semaphore.release();
            semaphore.poison();
          }
        });
  }

  @Test
  void poisoned_withPermits() {
    // SM-03: permits that were there are gone
    PoisonSemaphore five = new PoisonSemaphore(5);
    five.poison();
    assertThat(five.availablePermits()).isZero();
    assertThatExceptionOfType(PoisonedException.class).isThrownBy(five::tryAcquire);
  }

  @OnEveryScheduler
  void twoReleases_wakeTwo(Scheduler scheduler) {
    // SM-06: of several that sleep as many go on as permits are released, however that comes
    scheduler.run(
        () -> {
          for (int round = 0; round < 100; round++) {
            List<Computation<Object>> acquirers = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
              acquirers.add(acquirer());
            }
            AtomicInteger ended = new AtomicInteger();
            for (Computation<Object> each : acquirers) {
              Computation<Object> unused =
                  Fibers.start(
                      () -> {
                        each.join();
                        return ended.incrementAndGet();
                      });
            }
            semaphore.release();
            semaphore.release();
            while (ended.get() < 2) {
              Fiber.yield();
            }
            yieldALot();
            assertThat(ended).hasValue(2);
            assertThat(semaphore.availablePermits()).isZero();
            for (int i = 0; i < 3; i++) {
              semaphore.release();
            }
            acquirers.forEach(Computation::await);
          }
          assertThat(semaphore).hasToString("PoisonSemaphore[0 available]");
        });
  }

  @OnEveryScheduler
  void manyOfEach_inRandomOrder(Scheduler scheduler) {
    // as many acquires as releases, in random order, all complete
    scheduler.run(
        () -> {
          List<Block<RuntimeException>> actions =
              new ArrayList<>(Collections.nCopies(10_000, semaphore::acquire));
          actions.addAll(Collections.nCopies(10_000, semaphore::release));
          Collections.shuffle(actions, new Random(1));
          Run.all(actions);
          assertThat(semaphore).hasToString("PoisonSemaphore[0 available]");
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
    Task<Boolean> first = Task.start(() -> one.run(() -> Run.all(passing, passing)));
    Task<Boolean> second = Task.start(() -> other.run(() -> Run.all(passing, passing)));
    semaphore.release();
    semaphore.release();
    first.result();
    second.result();
    assertThat(semaphore.availablePermits()).isEqualTo(2);
  }

  @OnEveryScheduler
  void happensBefore_releaseAcquire(Scheduler scheduler) {
    // what is done before a release is seen after the acquire, without further synchronization
    int[] plain = {0};
    PoisonSemaphore there = new PoisonSemaphore(0);
    PoisonSemaphore back = new PoisonSemaphore(0);
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
                  assertThatThrownBy(() -> semaphore.tryAcquire(LONG)).isSameAs(reason);
                  assertThatThrownBy(() -> semaphore.tryAcquire(Duration.ZERO)).isSameAs(reason);
                  assertThat(semaphore).hasToString("PoisonSemaphore[0 available]");
                  semaphore.release();
                  assertThat(semaphore.tryAcquire()).isTrue();
                }));
  }

  @OnEveryScheduler
  void canceledMeanwhile(Scheduler scheduler) {
    // SM-05: a waiter that is canceled throws the reason, and the permit goes to the next
    scheduler.run(
        () -> {
          Computation<Object> computation = new Computation<>();
          Computation<Object> canceled = acquirer(computation);
          Waiting.until(semaphore, 1);
          Computation<Object> next = acquirer();
          computation.tryCancel(reason);
          assertThatThrownBy(canceled::await).isSameAs(reason);
          semaphore.release();
          assertThat(next.await()).isEqualTo("acquired");
          assertThat(semaphore).hasToString("PoisonSemaphore[0 available]");
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
          yieldALot();
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
          yieldALot();
          assertThat(waiter.isRunning()).isTrue();
          semaphore.release();
          assertThat(waiter.await()).isEqualTo("acquired");
        });
  }

  @OnEveryScheduler
  void tryAcquire_forSoLong(Scheduler scheduler) {
    // a limited wait ends when the time is over or when a permit is released
    scheduler.run(
        () -> {
          assertThat(semaphore.tryAcquire(Duration.ofMillis(1))).isFalse();
          assertThat(semaphore).hasToString("PoisonSemaphore[0 available]");
          Computation<Boolean> waiter = Fibers.start(() -> semaphore.tryAcquire(LONG));
          Waiting.until(semaphore, 1);
          semaphore.release();
          assertThat(waiter.await()).isTrue();
          semaphore.release();
          assertThatIllegalArgumentException()
              .isThrownBy(() -> semaphore.tryAcquire(Duration.ofNanos(-1)))
              .withMessageContaining("negative");
          assertThat(semaphore.availablePermits()).isEqualTo(1);
        });
  }

  @OnEveryScheduler
  void race_ofTwoReleasesAndCancelation(Scheduler scheduler) {
    // SM-05, SM-06: of three that sleep one is canceled while two permits come: no permit is lost
    scheduler.run(
        () -> {
          for (int round = 0; round < 2_000; round++) {
            Computation<Object> computation = new Computation<>();
            Computation<Object> first = acquirer(computation);
            Waiting.until(semaphore, 1);
            Computation<Object> second = acquirer();
            Computation<Object> third = acquirer();
            Computation<Boolean> canceler = Fibers.start(() -> computation.tryCancel(reason));
            for (int spins = round % 60; spins > 0; spins--) {
              Thread.onSpinWait();
            }
            semaphore.release();
            semaphore.release();
            first.join();
            canceler.join();
            if (!first.isCanceled()) {
              semaphore.release();
            }
            second.await();
            third.await();
            assertThat(semaphore).hasToString("PoisonSemaphore[0 available]");
          }
        });
  }

  @OnEveryScheduler
  void race_ofManyWithTimeoutsAndCancelations(Scheduler scheduler) {
    // whether fibers wait, give up or are canceled: permits are kept, and nobody is left asleep
    scheduler.run(
        () -> {
          PoisonSemaphore two = new PoisonSemaphore(2);
          AtomicInteger inside = new AtomicInteger();
          List<Block<RuntimeException>> actions = new ArrayList<>();
          for (int party = 0; party < 6; party++) {
            Random random = new Random(party);
            actions.add(() -> acquireInManyWays(two, random, inside));
          }
          Run.all(actions);
          assertThat(two).hasToString("PoisonSemaphore[2 available]");
        });
  }

  private void acquireInManyWays(PoisonSemaphore two, Random random, AtomicInteger inside) {
    for (int i = 0; i < 300; i++) {
      int choice = random.nextInt(4);
      Computation<Object> computation = new Computation<>();
      Computation<Boolean> attempt = new Computation<>();
      Fiber.spawn(
          new Fiber(computation, false),
          fiber ->
              attempt.tryCapture(
                  () -> {
                    if (choice == 0) {
                      return two.tryAcquire(Duration.ofNanos(random.nextInt(100_000)));
                    }
                    two.acquire();
                    return true;
                  }));
      if (choice == 1) {
        computation.tryCancel(reason);
      }
      attempt.join();
      if (!attempt.isCanceled() && attempt.await()) {
        assertThat(inside.incrementAndGet()).isBetween(1, 2);
        if (choice < 3) {
          Fiber.yield();
        }
        inside.decrementAndGet();
        two.release();
      }
    }
  }

  @OnEveryKindOfScheduler
  void canceledWaiters_leaveNothing(Scheduler scheduler) {
    // waits that were canceled leave nothing behind, also next to waiters that stay
    scheduler.run(
        () -> {
          Computation<Object> stays = acquirer();
          for (int i = 0; i < 1_000; i++) {
            acquireCanceled();
          }
          long before = Heap.used();
          for (int i = 0; i < 20_000; i++) {
            acquireCanceled();
          }
          assertThat(Heap.used() - before).isLessThan(8 * 20_000);
          assertThat(Waiting.of(semaphore)).isEqualTo(1);
          semaphore.release();
          stays.await();
          assertThat(semaphore).hasToString("PoisonSemaphore[0 available]");
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
