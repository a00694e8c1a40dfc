package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.Scheduler;
import dev.picos.std.sync.PoisonLock;
import dev.picos.std.sync.PoisonedException;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;

/** What a lock that can be poisoned promises besides: the rest is in {@link AcquiringTest}. */
class PoisonLockTest {
  private static final Duration LONG = Duration.ofMinutes(10);

  private final RuntimeException reason = new CancellationException("reason");
  private final PoisonLock lock = new PoisonLock();

  /** Acquires and releases once. */
  private Computation<Object> acquirer() {
    return Fibers.start(
        () -> {
          lock.lock();
          lock.unlock();
          return "acquired";
        });
  }

  @Test
  void acquireAndRelease() {
    // a lock is held from acquire to release; tryAcquire takes it if it is free
    assertThat(lock).hasToString("PoisonLock[free]");
    lock.lock();
    assertThat(lock.isLocked()).isTrue();
    assertThat(lock.isPoisoned()).isFalse();
    assertThat(lock.tryLock()).isFalse();
    assertThat(lock.tryLock(Duration.ZERO)).isFalse();
    assertThat(lock).hasToString("PoisonLock[locked]");
    lock.unlock();
    assertThat(lock.isLocked()).isFalse();
    assertThat(lock.tryLock()).isTrue();
    lock.unlock();
    assertThat(lock.tryLock(LONG)).isTrue();
    lock.unlock();
  }

  @Test
  void release_ofFreeLock() {
    // releasing a free lock is an error, and it remains free
    for (int i = 0; i < 3; i++) {
      assertThatExceptionOfType(IllegalMonitorStateException.class).isThrownBy(lock::unlock);
    }
    assertThat(lock.isLocked()).isFalse();
    assertThat(lock.tryLock()).isTrue();
    assertThat(lock.tryLock()).isFalse();
  }

  @Test
  void poison_ofFreeLock() {
    // what is not held cannot be poisoned; what is poisoned already can
    assertThatIllegalStateException().isThrownBy(lock::poison).withMessageContaining("not locked");
    assertThat(lock.isPoisoned()).isFalse();
    lock.lock();
    lock.poison();
    lock.poison();
    assertThat(lock.isPoisoned()).isTrue();
  }

  @Test
  void poisoned() {
    // a poisoned lock is locked and poisoned for ever; release does nothing
    lock.lock();
    lock.poison();
    for (int i = 0; i < 2; i++) {
      assertThat(lock.isLocked()).isTrue();
      assertThat(lock.isPoisoned()).isTrue();
      assertThat(lock).hasToString("PoisonLock[poisoned]");
      assertThatExceptionOfType(PoisonedException.class).isThrownBy(lock::lock);
      assertThatExceptionOfType(PoisonedException.class).isThrownBy(lock::tryLock);
      assertThatExceptionOfType(PoisonedException.class).isThrownBy(() -> lock.tryLock(LONG));
      assertThatExceptionOfType(PoisonedException.class).isThrownBy(() -> lock.callLocked(() -> 1));
      assertThatExceptionOfType(PoisonedException.class)
          .isThrownBy(() -> lock.callOrPoison(() -> 1));
      lock.unlock();
    }
  }

  @Test
  void poisonedException_isCheap() {
    // the exception has neither a stack trace nor anything suppressed
    lock.lock();
    lock.poison();
    assertThatThrownBy(lock::lock)
        .isInstanceOf(PoisonedException.class)
        .hasMessageContaining("poisoned")
        .satisfies(
            thrown -> {
              thrown.addSuppressed(reason);
              assertThat(thrown.getSuppressed()).isEmpty();
              assertThat(thrown.getStackTrace()).isEmpty();
            });
  }

  @OnEveryScheduler
  void poison_wakesAllWhoWait(Scheduler scheduler) {
    // all who wait for a lock that is poisoned throw
    scheduler.run(
        () -> {
          lock.lock();
          List<Computation<Object>> acquirers = new ArrayList<>();
          for (int i = 0; i < 20; i++) {
            acquirers.add(acquirer());
            Waiting.until(lock, i + 1);
          }
          Computation<Boolean> limited = Fibers.start(() -> lock.tryLock(LONG));
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
  void poison_inCanceledFiber(Scheduler scheduler) {
    // poison is not cancelable
    scheduler.run(
        () -> {
          lock.lock();
          Computation<Object> poisoned = acquirer();
          Waiting.until(lock, 1);
          Canceled.with(reason, lock::poison);
          assertThatThrownBy(poisoned::await).isInstanceOf(PoisonedException.class);
        });
  }
}
