package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Control;
import dev.picos.std.sync.Condition;
import dev.picos.std.sync.FrozenException;
import dev.picos.std.sync.PoisonRwLock;
import dev.picos.std.sync.PoisonedException;
import dev.picos.testing.fibers.Fibers;
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

  private static Computation<Object> awaiter(Side side, Duration timeout) {
    return Fibers.start(
        () -> {
          side.acquire();
          try {
            return side.await(timeout);
          } finally {
            side.release();
          }
        });
  }

  private static void yieldALot() {
    for (int i = 0; i < 10; i++) {
      Fiber.yield();
    }
  }

  @Test
  void await_onTheOtherSide() {
    // who holds a lock in one way cannot await in the other
    PoisonRwLock lock = new PoisonRwLock();
    lock.lockShared();
    assertThatExceptionOfType(IllegalMonitorStateException.class)
        .isThrownBy(lock.newCondition()::await);
    lock.unlockShared();
    lock.lock();
    assertThatExceptionOfType(IllegalMonitorStateException.class)
        .isThrownBy(lock.newSharedCondition()::await);
    lock.unlock();
  }

  @OnEveryScheduler
  void poisoned_awaitersThrow(Scheduler scheduler) {
    // those who await a condition of a lock that is poisoned are told at once, and why
    scheduler.run(
        () -> {
          for (Side side : Side.poisonable()) {
            List<Computation<Object>> awaiters = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
              awaiters.add(awaiter(side));
            }
            side.untilWaiting(4);
            Computation<Object> timed = awaiter(side, LONG);
            side.untilWaiting(5);
            Control.runProtected(() -> side.poison(reason));
            awaiters.add(timed);
            for (Computation<Object> each : awaiters) {
              assertThatThrownBy(each::await)
                  .isInstanceOf(PoisonedException.class)
                  .hasCause(reason);
            }
            assertThatExceptionOfType(PoisonedException.class).isThrownBy(side::await);
            assertThatExceptionOfType(PoisonedException.class).isThrownBy(() -> side.await(LONG));
          }
        });
  }

  @OnEveryScheduler
  void poisoned_canceled(Scheduler scheduler) {
    // one that is canceled while the lock is poisoned throws that it is
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
                        flags.set(Fiber.current().forbidsCancelation() ? 1 : 2);
                      }
                      return "woken";
                    });
            side.untilWaiting(1);
            Control.runProtected(() -> side.poison(reason));
            computation.tryCancel(reason);
            assertThatThrownBy(canceled::await).isInstanceOf(PoisonedException.class);
            assertThat(flags).hasValue(2);
          }
        });
  }

  @OnEveryScheduler
  void frozen_underHolding(Scheduler scheduler) {
    // one that awaited while the lock was frozen throws that it is, and poisons nothing
    scheduler.run(
        () -> {
          PoisonRwLock lock = new PoisonRwLock();
          Condition condition = lock.newCondition();
          Condition shared = lock.newSharedCondition();
          Computation<Object> holding =
              Fibers.start(
                  () -> {
                    lock.runOrPoison(() -> condition.await());
                    return "woken";
                  });
          Waiting.until(condition, 1);
          Computation<Object> protecting =
              Fibers.start(
                  () -> {
                    lock.runLocked(() -> condition.await());
                    return "woken";
                  });
          Waiting.until(condition, 2);
          Computation<Object> sharing =
              Fibers.start(
                  () -> {
                    lock.runLockedShared(() -> shared.await());
                    return "woken";
                  });
          Waiting.until(shared, 1);
          lock.freeze();
          yieldALot();
          assertThat(holding.isRunning()).isTrue();
          condition.signalAll();
          shared.signalAll();
          assertThatThrownBy(holding::await).isInstanceOf(FrozenException.class);
          assertThatThrownBy(protecting::await).isInstanceOf(FrozenException.class);
          assertThat(sharing.await()).isEqualTo("woken");
          assertThat(lock).hasToString("PoisonRwLock[frozen]");
          assertThatExceptionOfType(FrozenException.class).isThrownBy(condition::await);
        });
  }
}
