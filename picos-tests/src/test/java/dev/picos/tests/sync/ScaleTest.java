package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.std.sync.Condition;
import dev.picos.std.sync.Latch;
import dev.picos.std.sync.Mutex;
import dev.picos.std.sync.Semaphore;
import dev.picos.tests.Rounds;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Many waiters, served or canceled. The latest is canceled first, which is the worst order for a
 * queue that each of them searches from the other end: that takes about a minute.
 */
class ScaleTest {
  private static final int WAITERS = Rounds.of(20_000, 100_000);

  private final RuntimeException reason = new CancellationException("reason");
  private final Computation<Object> computation = new Computation<>(Computation.Mode.LIFO);
  private final Mutex mutex = new Mutex();
  private final Condition condition = mutex.newCondition();
  private final Semaphore semaphore = new Semaphore(0);
  private final Latch ended = new Latch(WAITERS);
  private final AtomicInteger served = new AtomicInteger();

  static Stream<Named<Scheduler>> schedulers() {
    return Stream.of(
        Named.of("thread", ThreadScheduler.create()), Named.of("fifo", FifoScheduler.create()));
  }

  private void startWaiters(Object primitive, Block<RuntimeException> waiting) {
    for (int i = 0; i < WAITERS; i++) {
      Fiber.spawn(new Fiber(computation), fiber -> waitAndEnd(waiting));
    }
    Waiting.until(primitive, WAITERS);
  }

  private void waitAndEnd(Block<RuntimeException> waiting) {
    try {
      waiting.run();
      served.incrementAndGet();
    } catch (CancellationException thrown) {
      if (thrown != reason) {
        throw thrown;
      }
    } finally {
      ended.decr();
    }
  }

  @ParameterizedTest
  @MethodSource("schedulers")
  void mutex_waitersCanceled(Scheduler scheduler) {
    // very many fibers that wait for a mutex give up when they are canceled, and it works on
    scheduler.run(
        () -> {
          mutex.lock();
          startWaiters(mutex, mutex::lock);
          computation.tryCancel(reason);
          ended.await();
          mutex.unlock();
          assertThat(mutex.tryLock()).isTrue();
          assertThat(served).hasValue(0);
        });
  }

  @ParameterizedTest
  @MethodSource("schedulers")
  void semaphore_waitersServed(Scheduler scheduler) {
    // very many fibers that wait for a semaphore are served
    scheduler.run(
        () -> {
          startWaiters(semaphore, semaphore::acquire);
          for (int i = 0; i < WAITERS; i++) {
            semaphore.release();
          }
          ended.await();
          assertThat(semaphore.availablePermits()).isZero();
          assertThat(served).hasValue(WAITERS);
        });
  }

  @ParameterizedTest
  @MethodSource("schedulers")
  void semaphore_waitersTimeOut(Scheduler scheduler) {
    // the time of very many fibers that wait for a semaphore is over in no order, and it works on
    scheduler.run(
        () -> {
          for (int i = 0; i < WAITERS; i++) {
            Duration timeout = Duration.ofMillis(200 + i * 7 % 50);
            Fiber.spawn(
                new Fiber(computation),
                fiber -> waitAndEnd(() -> assertThat(semaphore.tryAcquire(timeout)).isFalse()));
          }
          ended.await();
          assertThat(served).hasValue(WAITERS);
          assertThat(Waiting.of(semaphore)).isZero();
          semaphore.release();
          assertThat(semaphore.tryAcquire()).isTrue();
        });
  }

  @ParameterizedTest
  @MethodSource("schedulers")
  void condition_waitersSignaledOrCanceled(Scheduler scheduler) {
    // of very many fibers that wait for a condition a part is signaled and the rest canceled
    scheduler.run(
        () -> {
          startWaiters(condition, () -> mutex.runLocked(() -> condition.await()));
          for (int i = 0; i < WAITERS / 4; i++) {
            condition.signal();
          }
          while (served.get() < WAITERS / 4) {
            Fiber.yield();
          }
          computation.tryCancel(reason);
          ended.await();
          assertThat(served).hasValue(WAITERS / 4);
          assertThatThrownBy(computation::await).isSameAs(reason);
        });
  }
}
