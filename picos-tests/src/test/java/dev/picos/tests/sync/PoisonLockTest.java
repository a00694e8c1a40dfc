package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Run;
import dev.picos.std.sync.PoisonLock;
import dev.picos.std.sync.PoisonedException;
import dev.picos.testing.Task;
import dev.picos.tests.Canceled;
import dev.picos.tests.Fibers;
import dev.picos.tests.Heap;
import dev.picos.tests.OnEveryKindOfScheduler;
import dev.picos.tests.OnEveryScheduler;
import dev.picos.tests.OnEveryTwoSchedulers;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PoisonLockTest {
  private static final Duration LONG = Duration.ofMinutes(10);

  private final RuntimeException reason = new CancellationException("reason");
  private final PoisonLock lock = new PoisonLock();

  /** Acquires and releases once. */
  private Computation<Object> acquirer(Computation<?> computation) {
    return Fibers.startUnder(
        computation,
        () -> {
          lock.acquire();
          lock.release();
          return "acquired";
        });
  }

  private static void yieldALot() {
    for (int i = 0; i < 10; i++) {
      Fiber.yield();
    }
  }

  @Test
  void acquireAndRelease() {
    // a lock is held from acquire to release; tryAcquire takes it if it is free
    assertThat(lock).hasToString("PoisonLock[free]");
    lock.acquire();
    assertThat(lock.isLocked()).isTrue();
    assertThat(lock.isPoisoned()).isFalse();
    assertThat(lock.tryAcquire()).isFalse();
    assertThat(lock.tryAcquire(Duration.ZERO)).isFalse();
    assertThat(lock).hasToString("PoisonLock[locked]");
    lock.release();
    assertThat(lock.isLocked()).isFalse();
    assertThat(lock.tryAcquire()).isTrue();
    lock.release();
    assertThat(lock.tryAcquire(LONG)).isTrue();
    lock.release();
  }

  @Test
  void release_ofFreeLock() {
    // U-14: releasing a free lock is an error, and it remains free
    for (int i = 0; i < 3; i++) {
      assertThatExceptionOfType(IllegalMonitorStateException.class).isThrownBy(lock::release);
    }
    assertThat(lock.isLocked()).isFalse();
    assertThat(lock.tryAcquire()).isTrue();
    assertThat(lock.tryAcquire()).isFalse();
  }

  @Test
  void poison_ofFreeLock() {
    // LK-06: what is not held cannot be poisoned; what is poisoned already can
    assertThatIllegalStateException().isThrownBy(lock::poison).withMessageContaining("not locked");
    assertThat(lock.isPoisoned()).isFalse();
    lock.acquire();
    lock.poison();
    lock.poison();
    assertThat(lock.isPoisoned()).isTrue();
  }

  @Test
  void poisoned() {
    // LK-05: a poisoned lock is locked and poisoned for ever; release does nothing
    lock.acquire();
    lock.poison();
    for (int i = 0; i < 2; i++) {
      assertThat(lock.isLocked()).isTrue();
      assertThat(lock.isPoisoned()).isTrue();
      assertThat(lock).hasToString("PoisonLock[poisoned]");
      assertThatExceptionOfType(PoisonedException.class).isThrownBy(lock::acquire);
      assertThatExceptionOfType(PoisonedException.class).isThrownBy(lock::tryAcquire);
      assertThatExceptionOfType(PoisonedException.class).isThrownBy(() -> lock.tryAcquire(LONG));
      assertThatExceptionOfType(PoisonedException.class).isThrownBy(() -> lock.protect(() -> 1));
      assertThatExceptionOfType(PoisonedException.class).isThrownBy(() -> lock.holding(() -> 1));
      lock.release();
    }
  }

  @Test
  void poisonedException_isCheap() {
    // the exception has neither a stack trace nor anything suppressed
    lock.acquire();
    lock.poison();
    assertThatThrownBy(lock::acquire)
        .isInstanceOf(PoisonedException.class)
        .hasMessageContaining("poisoned")
        .satisfies(
            thrown -> {
              thrown.addSuppressed(reason);
              assertThat(thrown.getSuppressed()).isEmpty();
              assertThat(thrown.getStackTrace()).isEmpty();
            });
  }

  @Test
  void nothing() {
    // null is refused before the lock is taken
    assertThatNullPointerException().isThrownBy(() -> lock.holding((Block<Exception>) null));
    assertThatNullPointerException().isThrownBy(() -> lock.holding((Body<?, Exception>) null));
    assertThatNullPointerException().isThrownBy(() -> lock.protect((Block<Exception>) null));
    assertThatNullPointerException().isThrownBy(() -> lock.protect((Body<?, Exception>) null));
    assertThatNullPointerException().isThrownBy(() -> lock.tryAcquire(null));
    assertThat(lock.isLocked()).isFalse();
  }

  @Test
  void protect_releasesInAnyCase() throws Exception {
    // LK-03: protect releases when its body returns and when it throws, the same exception
    IOException failure = new IOException("failure");
    int result = lock.protect(() -> 42);
    assertThat(result).isEqualTo(42);
    lock.protect(() -> assertThat(lock.isLocked()).isTrue());
    assertThatThrownBy(
            () ->
                lock.protect(
                    () -> {
                      throw failure;
                    }))
        .isSameAs(failure);
    assertThatThrownBy(() -> lock.<Object, IOException>protect(() -> fail(failure)))
        .isSameAs(failure);
    assertThat(lock).hasToString("PoisonLock[free]");
  }

  @Test
  void holding_poisonsOnFailure() throws Exception {
    // holding releases when its body returns, and poisons when it throws anything
    IOException failure = new IOException("failure");
    int result = lock.holding(() -> 42);
    assertThat(result).isEqualTo(42);
    lock.holding(() -> assertThat(lock.isLocked()).isTrue());
    assertThat(lock).hasToString("PoisonLock[free]");
    assertThatThrownBy(() -> lock.<Object, IOException>holding(() -> fail(failure)))
        .isSameAs(failure);
    assertThat(lock.isPoisoned()).isTrue();
    PoisonLock another = new PoisonLock();
    assertThatThrownBy(
            () ->
                another.holding(
                    () -> {
                      throw failure;
                    }))
        .isSameAs(failure);
    assertThat(another.isPoisoned()).isTrue();
  }

  private static Object fail(IOException failure) throws IOException {
    throw failure;
  }

  @Test
  void holding_whatBodyReleased() {
    // a body that releases and then throws: its exception comes out, and nothing is poisoned
    assertThatThrownBy(
            () ->
                lock.holding(
                    () -> {
                      lock.release();
                      throw reason;
                    }))
        .isSameAs(reason);
    assertThat(lock).hasToString("PoisonLock[free]");
  }

  @OnEveryScheduler
  void holding_poisonsWhenCanceled(Scheduler scheduler) {
    // the reason of a cancelation poisons like any failure
    scheduler.run(
        () -> {
          Canceled.with(
              reason, () -> assertThatThrownBy(() -> lock.holding(Fiber::yield)).isSameAs(reason));
          assertThat(lock.isPoisoned()).isTrue();
        });
  }

  @OnEveryScheduler
  void poison_wakesAllWhoWait(Scheduler scheduler) {
    // all who wait for a lock that is poisoned throw
    scheduler.run(
        () -> {
          lock.acquire();
          List<Computation<Object>> acquirers = new ArrayList<>();
          for (int i = 0; i < 20; i++) {
            acquirers.add(acquirer(new Computation<>()));
            Waiting.until(lock, i + 1);
          }
          Computation<Boolean> limited = Fibers.start(() -> lock.tryAcquire(LONG));
          Waiting.until(lock, 21);
          lock.poison();
          for (Computation<Object> each : acquirers) {
            assertThatThrownBy(each::await).isInstanceOf(PoisonedException.class);
          }
          assertThatThrownBy(limited::await).isInstanceOf(PoisonedException.class);
          assertThat(lock).hasToString("PoisonLock[poisoned]");
        });
  }

  @OnEveryScheduler
  void release_wakesOne(Scheduler scheduler) {
    // a release lets one of those who wait go on, and so on until all have been
    scheduler.run(
        () -> {
          lock.acquire();
          List<Computation<Object>> acquirers = new ArrayList<>();
          for (int i = 0; i < 20; i++) {
            acquirers.add(acquirer(new Computation<>()));
            Waiting.until(lock, i + 1);
          }
          lock.release();
          acquirers.forEach(Computation::await);
          assertThat(lock).hasToString("PoisonLock[free]");
        });
  }

  @OnEveryScheduler
  void manyFibers_mutualExclusion(Scheduler scheduler) {
    // LK-01, LK-13: with yields inside, each of 1,000 fibers gets its turns, one at a time
    int[] count = {0};
    Block<RuntimeException> counting =
        () -> {
          for (int i = 0; i < 10; i++) {
            lock.protect(
                () -> {
                  int before = count[0];
                  Fiber.yield();
                  count[0] = before + 1;
                });
          }
        };
    scheduler.run(() -> Run.all(Collections.nCopies(1_000, counting)));
    assertThat(count[0]).isEqualTo(10_000);
    assertThat(lock).hasToString("PoisonLock[free]");
  }

  @OnEveryTwoSchedulers
  void acrossSchedulers(Scheduler one, Scheduler other) throws Exception {
    // fibers of two schedulers and a plain thread exclude each other
    int[] count = {0};
    Block<RuntimeException> counting =
        () -> {
          for (int i = 0; i < 300; i++) {
            lock.protect(
                () -> {
                  count[0]++;
                });
            Fiber.yield();
          }
        };
    Task<Boolean> first = Task.start(() -> one.run(() -> Run.all(counting, counting)));
    Task<Boolean> second = Task.start(() -> other.run(() -> Run.all(counting, counting)));
    counting.run();
    first.result();
    second.result();
    assertThat(count[0]).isEqualTo(5 * 300);
  }

  @OnEveryScheduler
  void canceledBefore(Scheduler scheduler) {
    // a canceled fiber acquires a lock that is free, and throws where it has to wait
    scheduler.run(
        () ->
            Canceled.with(
                reason,
                () -> {
                  lock.acquire();
                  assertThat(lock.tryAcquire()).isFalse();
                  assertThatThrownBy(lock::acquire).isSameAs(reason);
                  assertThatThrownBy(() -> lock.tryAcquire(LONG)).isSameAs(reason);
                  assertThatThrownBy(() -> lock.tryAcquire(Duration.ZERO)).isSameAs(reason);
                  assertThat(lock).hasToString("PoisonLock[locked]");
                  lock.release();
                  assertThat(lock.tryAcquire()).isTrue();
                }));
  }

  @OnEveryScheduler
  void canceledMeanwhile(Scheduler scheduler) {
    // LK-08: a waiter that is canceled throws the reason, and the lock goes to the next
    scheduler.run(
        () -> {
          lock.acquire();
          Computation<Object> computation = new Computation<>();
          Computation<Object> canceled = acquirer(computation);
          Waiting.until(lock, 1);
          Computation<Object> next = acquirer(new Computation<>());
          Waiting.until(lock, 2);
          computation.tryCancel(reason);
          assertThatThrownBy(canceled::await).isSameAs(reason);
          assertThat(lock).hasToString("PoisonLock[locked, 1 waiting]");
          lock.release();
          assertThat(next.await()).isEqualTo("acquired");
          assertThat(lock).hasToString("PoisonLock[free]");
        });
  }

  @OnEveryScheduler
  void canceledMeanwhile_forbidden(Scheduler scheduler) {
    // a waiter that forbids cancelation goes on waiting
    scheduler.run(
        () -> {
          lock.acquire();
          Computation<Object> computation = new Computation<>();
          Computation<Object> waiter =
              Fibers.startUnder(
                  computation,
                  () -> {
                    Control.protect(lock::acquire);
                    return "acquired";
                  });
          Waiting.until(lock, 1);
          computation.tryCancel(reason);
          yieldALot();
          assertThat(waiter.isRunning()).isTrue();
          lock.release();
          assertThat(waiter.await()).isEqualTo("acquired");
        });
  }

  @OnEveryScheduler
  void computationReturnsMeanwhile(Scheduler scheduler) {
    // a waiter whose computation returns still waits for the lock
    scheduler.run(
        () -> {
          lock.acquire();
          Computation<Object> computation = new Computation<>();
          Computation<Object> waiter = acquirer(computation);
          Waiting.until(lock, 1);
          computation.tryReturn("by another fiber");
          yieldALot();
          assertThat(waiter.isRunning()).isTrue();
          lock.release();
          assertThat(waiter.await()).isEqualTo("acquired");
        });
  }

  @OnEveryScheduler
  void release_inCanceledFiber(Scheduler scheduler) {
    // release and poison are not cancelable
    scheduler.run(
        () -> {
          lock.acquire();
          Computation<Object> waiter = acquirer(new Computation<>());
          Waiting.until(lock, 1);
          Canceled.with(reason, lock::release);
          waiter.await();
          lock.acquire();
          Computation<Object> poisoned = acquirer(new Computation<>());
          Waiting.until(lock, 1);
          Canceled.with(reason, lock::poison);
          assertThatThrownBy(poisoned::await).isInstanceOf(PoisonedException.class);
        });
  }

  @OnEveryScheduler
  void tryAcquire_forSoLong(Scheduler scheduler) {
    // a limited wait ends when the time is over or when the lock is released
    scheduler.run(
        () -> {
          lock.acquire();
          assertThat(lock.tryAcquire(Duration.ofMillis(1))).isFalse();
          assertThat(lock.tryAcquire(Duration.ZERO)).isFalse();
          assertThat(lock).hasToString("PoisonLock[locked]");
          Computation<Boolean> waiter = Fibers.start(() -> lock.tryAcquire(LONG));
          Waiting.until(lock, 1);
          lock.release();
          assertThat(waiter.await()).isTrue();
          assertThat(lock.tryAcquire()).isFalse();
          lock.release();
          assertThatIllegalArgumentException()
              .isThrownBy(() -> lock.tryAcquire(Duration.ofNanos(-1)))
              .withMessageContaining("negative");
          assertThat(lock).hasToString("PoisonLock[free]");
        });
  }

  @OnEveryScheduler
  void race_ofReleaseAndCancelation(Scheduler scheduler) {
    // LK-08: a wake-up of a waiter that is canceled at that moment is not lost
    scheduler.run(
        () -> {
          for (int round = 0; round < 2_000; round++) {
            lock.acquire();
            Computation<Object> computation = new Computation<>();
            Computation<Object> waiter = acquirer(computation);
            Waiting.until(lock, 1);
            Computation<Object> other = acquirer(new Computation<>());
            Waiting.until(lock, 2);
            Computation<Boolean> canceler = Fibers.start(() -> computation.tryCancel(reason));
            for (int spins = round % 60; spins > 0; spins--) {
              Thread.onSpinWait();
            }
            lock.release();
            other.await();
            waiter.join();
            canceler.join();
            assertThat(lock).hasToString("PoisonLock[free]");
          }
        });
  }

  @OnEveryScheduler
  void race_ofManyWithTimeoutsAndCancelations(Scheduler scheduler) {
    // whether fibers wait, give up or are canceled: one at a time, and nobody is left asleep
    scheduler.run(
        () -> {
          int[] count = {0};
          AtomicInteger acquired = new AtomicInteger();
          List<Block<RuntimeException>> actions = new ArrayList<>();
          for (int party = 0; party < 6; party++) {
            Random random = new Random(party);
            actions.add(() -> acquireInManyWays(random, count, acquired));
          }
          Run.all(actions);
          assertThat(count[0]).isEqualTo(acquired.get()).isPositive();
          assertThat(lock).hasToString("PoisonLock[free]");
        });
  }

  private void acquireInManyWays(Random random, int[] count, AtomicInteger acquired) {
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
                      return lock.tryAcquire(Duration.ofNanos(random.nextInt(100_000)));
                    }
                    lock.acquire();
                    return true;
                  }));
      if (choice == 1) {
        computation.tryCancel(reason);
      }
      attempt.join();
      if (!attempt.isCanceled() && attempt.await()) {
        count[0]++;
        acquired.incrementAndGet();
        if (choice < 3) {
          Fiber.yield();
        }
        lock.release();
      }
    }
  }

  @OnEveryKindOfScheduler
  void canceledWaiters_leaveNothing(Scheduler scheduler) {
    // waits that were canceled leave nothing behind, also next to waiters that stay
    scheduler.run(
        () -> {
          lock.acquire();
          Computation<Object> stays = acquirer(new Computation<>());
          Waiting.until(lock, 1);
          for (int i = 0; i < 1_000; i++) {
            acquireCanceled();
          }
          long before = Heap.used();
          for (int i = 0; i < 20_000; i++) {
            acquireCanceled();
          }
          assertThat(Heap.used() - before).isLessThan(8 * 20_000);
          assertThat(Waiting.of(lock)).isEqualTo(1);
          lock.release();
          stays.await();
          assertThat(lock).hasToString("PoisonLock[free]");
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
