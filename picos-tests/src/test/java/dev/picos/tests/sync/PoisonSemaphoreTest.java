package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.sync.PoisonSemaphore;
import dev.picos.std.sync.PoisonedException;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What a semaphore that can be poisoned promises besides: the rest is in {@link AcquiringTest}. */
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
    // A negative number of permits is refused; so are more than can be counted
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
    // Those who wait and those who come later throw; there are no permits, and never again
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
    // Permits that were there are gone
    PoisonSemaphore five = new PoisonSemaphore(5);
    five.poison();
    assertThat(five.availablePermits()).isZero();
    assertThatExceptionOfType(PoisonedException.class).isThrownBy(five::tryAcquire);
  }

  @OnEveryScheduler
  void twoReleases_wakeTwo(Scheduler scheduler) {
    // Of several that sleep as many go on as permits are released, however that comes
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
  void race_ofTwoReleasesAndCancelation(Scheduler scheduler) {
    // Of three that sleep one is canceled while two permits come: no permit is lost
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
}
