package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.std.awaitable.AwaitableInt;
import dev.picos.std.sync.Latch;
import dev.picos.std.sync.PoisonLock;
import dev.picos.std.sync.PoisonRwLock;
import dev.picos.std.sync.PoisonSemaphore;
import dev.picos.std.sync.PoisonedException;
import dev.picos.tests.Rounds;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Many waiters, served, poisoned or canceled. The latest is canceled first, which is the worst
 * order for a list that each of them searches from the other end.
 */
class PoisonScaleTest {
  private static final int WAITERS = Rounds.of(20_000, 100_000);

  private final RuntimeException reason = new CancellationException("reason");
  private final Computation<Object> computation = new Computation<>(Computation.Mode.LIFO);
  private final Latch ended = new Latch(WAITERS);
  private final AtomicInteger served = new AtomicInteger();
  private final AtomicInteger poisoned = new AtomicInteger();

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
    } catch (PoisonedException thrown) {
      poisoned.incrementAndGet();
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
  void awaitable_waitersSignaledOrCanceled(Scheduler scheduler) {
    // of very many fibers that wait for a change a part is signaled and the rest canceled
    scheduler.run(
        () -> {
          AwaitableInt awaitable = new AwaitableInt(0);
          startWaiters(awaitable, () -> awaitable.await(0));
          awaitable.set(1);
          for (int i = 0; i < WAITERS / 4; i++) {
            awaitable.signal();
          }
          while (served.get() < WAITERS / 4) {
            Fiber.yield();
          }
          computation.tryCancel(reason);
          ended.await();
          assertThat(served).hasValue(WAITERS / 4);
          assertThat(awaitable).hasToString("AwaitableInt[1]");
        });
  }

  @ParameterizedTest
  @MethodSource("schedulers")
  void lock_waitersCanceled(Scheduler scheduler) {
    // very many fibers that wait for a lock give up when they are canceled, and it works on
    scheduler.run(
        () -> {
          PoisonLock lock = new PoisonLock();
          lock.lock();
          startWaiters(lock, lock::lock);
          computation.tryCancel(reason);
          ended.await();
          lock.unlock();
          assertThat(lock.tryLock()).isTrue();
          assertThat(served).hasValue(0);
        });
  }

  @ParameterizedTest
  @MethodSource("schedulers")
  void semaphore_waitersServed(Scheduler scheduler) {
    // very many fibers that wait for a semaphore are served
    scheduler.run(
        () -> {
          PoisonSemaphore semaphore = new PoisonSemaphore(0);
          startWaiters(semaphore, semaphore::acquire);
          for (int i = 0; i < WAITERS; i++) {
            semaphore.release();
          }
          ended.await();
          assertThat(semaphore).hasToString("PoisonSemaphore[0 available]");
          assertThat(served).hasValue(WAITERS);
        });
  }

  @ParameterizedTest
  @MethodSource("schedulers")
  void rwLock_waitersPoisoned(Scheduler scheduler) {
    // very many readers that wait for a writer learn that it has failed
    scheduler.run(
        () -> {
          PoisonRwLock lock = new PoisonRwLock();
          lock.lock();
          startWaiters(lock, lock::lockShared);
          lock.poison();
          ended.await();
          assertThat(poisoned).hasValue(WAITERS);
        });
  }
}
