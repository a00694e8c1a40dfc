package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Control;
import dev.picos.std.sync.FrozenException;
import dev.picos.std.sync.PoisonRwLock;
import dev.picos.std.sync.PoisonedException;
import dev.picos.tests.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Conditions of locks that are poisoned or frozen while they are awaited. */
class PoisonConditionTest {
  private static final Duration LONG = Duration.ofMinutes(10);

  private final RuntimeException reason = new CancellationException("reason");

  /** Awaits once. */
  private static Computation<Object> awaiter(Computation<?> computation, Side side) {
    return Fibers.startUnder(
        computation,
        () -> {
          side.acquire();
          try {
            side.await();
          } finally {
            side.release();
          }
          return "woken";
        });
  }

  private static Computation<Object> awaiter(Side side) {
    return awaiter(new Computation<>(), side);
  }

  private static void yieldALot() {
    for (int i = 0; i < 10; i++) {
      Fiber.yield();
    }
  }

  @Test
  void await_onTheOtherSide() {
    // CV-06: who holds a lock in one way cannot await in the other
    PoisonRwLock lock = new PoisonRwLock();
    lock.acquireShared();
    assertThatExceptionOfType(IllegalMonitorStateException.class)
        .isThrownBy(lock.newCondition()::await);
    lock.releaseShared();
    lock.acquire();
    assertThatExceptionOfType(IllegalMonitorStateException.class)
        .isThrownBy(lock.newCondition()::awaitShared);
    lock.release();
  }

  @OnEveryScheduler
  void poisoned_awaitersGoOnWaiting(Scheduler scheduler) {
    // LK-10: those who await a condition of a poisoned lock throw once they are signaled
    scheduler.run(
        () -> {
          for (Side side : Side.poisonable()) {
            List<Computation<Object>> awaiters = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
              awaiters.add(awaiter(side));
            }
            side.untilWaiting(4);
            Control.protect(side::poison);
            yieldALot();
            assertThat(awaiters).allMatch(Computation::isRunning);
            side.signal();
            side.signalAll();
            for (Computation<Object> each : awaiters) {
              assertThatThrownBy(each::await).isInstanceOf(PoisonedException.class);
            }
            assertThatExceptionOfType(PoisonedException.class).isThrownBy(side::await);
            assertThatExceptionOfType(PoisonedException.class).isThrownBy(() -> side.await(LONG));
          }
        });
  }

  @OnEveryScheduler
  void poisoned_canceled(Scheduler scheduler) {
    // LK-11, CV-10: one that is canceled while the lock is poisoned throws that it is
    scheduler.run(
        () -> {
          for (Side side : Side.poisonable()) {
            Computation<Object> computation = new Computation<>();
            AtomicInteger flags = new AtomicInteger();
            Computation<Object> canceled =
                Fibers.startUnder(
                    computation,
                    () -> {
                      side.acquire();
                      try {
                        side.await();
                      } finally {
                        flags.set(Fiber.current().hasForbidden() ? 1 : 2);
                      }
                      return "woken";
                    });
            side.untilWaiting(1);
            Control.protect(side::poison);
            computation.tryCancel(reason);
            assertThatThrownBy(canceled::await).isInstanceOf(PoisonedException.class);
            assertThat(flags).hasValue(2);
          }
        });
  }

  @OnEveryScheduler
  void frozen_underHolding(Scheduler scheduler) {
    // RW-09, U-4: one that awaited while the lock was frozen throws that it is, and poisons nothing
    scheduler.run(
        () -> {
          PoisonRwLock lock = new PoisonRwLock();
          PoisonRwLock.Condition condition = lock.newCondition();
          Computation<Object> holding =
              Fibers.start(
                  () -> {
                    lock.holding(() -> condition.await());
                    return "woken";
                  });
          Waiting.until(condition, 1);
          Computation<Object> protecting =
              Fibers.start(
                  () -> {
                    lock.protect(() -> condition.await());
                    return "woken";
                  });
          Waiting.until(condition, 2);
          Computation<Object> sharing =
              Fibers.start(
                  () -> {
                    lock.sharing(() -> condition.awaitShared());
                    return "woken";
                  });
          Waiting.until(condition, 3);
          lock.freeze();
          yieldALot();
          assertThat(holding.isRunning()).isTrue();
          condition.signalAll();
          assertThatThrownBy(holding::await).isInstanceOf(FrozenException.class);
          assertThatThrownBy(protecting::await).isInstanceOf(FrozenException.class);
          assertThat(sharing.await()).isEqualTo("woken");
          assertThat(lock).hasToString("PoisonRwLock[frozen]");
          assertThatExceptionOfType(FrozenException.class).isThrownBy(condition::await);
        });
  }
}
