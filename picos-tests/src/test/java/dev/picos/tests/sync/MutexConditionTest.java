package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.sync.Condition;
import dev.picos.std.sync.Latch;
import dev.picos.std.sync.Mutex;
import dev.picos.testing.Task;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.FailingWakeUp;
import dev.picos.tests.OnEveryScheduler;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;

/** What conditions of a {@link Mutex} promise besides. */
class MutexConditionTest {
  private final RuntimeException reason = new CancellationException("reason");
  private final Mutex mutex = new Mutex();
  private final Condition condition = mutex.newCondition();

  @OnEveryScheduler
  void await_withTheMutexOfAnother(Scheduler scheduler) {
    // To await with a mutex that another fiber has is refused, and leaves nothing
    scheduler.run(
        () -> {
          mutex.lock();
          Computation<Object> intruder =
              Fibers.start(
                  () -> {
                    condition.await();
                    return "awaited";
                  });
          assertThatThrownBy(intruder::await).isInstanceOf(IllegalMonitorStateException.class);
          mutex.unlock();
          assertThat(condition).hasToString("Condition[0 waiting, of Mutex[unlocked]]");
        });
  }

  @OnEveryScheduler
  void await_flagIsRestored(Scheduler scheduler) {
    // After a signal and after cancelation cancelation is permitted as before
    scheduler.run(
        () -> {
          mutex.lock();
          Computation<Object> signaler =
              Fibers.start(
                  () -> {
                    mutex.runLocked(condition::signal);
                    return "signaled";
                  });
          condition.await();
          assertThat(Fiber.current().forbidsCancelation()).isFalse();
          Canceled.with(reason, () -> assertThatThrownBy(condition::await).isSameAs(reason));
          assertThat(Fiber.current().forbidsCancelation()).isFalse();
          mutex.unlock();
          signaler.await();
        });
  }

  @OnEveryScheduler
  void race_ofSignalAndTimeout(Scheduler scheduler) {
    // a signal that comes as the time is over is reported, or wakes the next
    scheduler.run(
        () -> {
          for (int round = 0; round < 200; round++) {
            boolean[] entered = {false};
            Computation<Boolean> first = timedAwaiter(Duration.ofNanos(200_000));
            Computation<Boolean> second =
                Fibers.start(
                    () -> {
                      mutex.lock();
                      entered[0] = true;
                      condition.await();
                      mutex.unlock();
                      return true;
                    });
            while (!mutex.callLocked(() -> entered[0])) {
              Fiber.yield();
            }
            Fiber.sleep(Duration.ofNanos(100_000 + round % 20 * 5_000L));
            condition.signal();
            if (first.await()) {
              condition.signal();
            }
            assertThat(second.await()).isTrue();
          }
          assertThat(condition).hasToString("Condition[0 waiting, of Mutex[unlocked]]");
        });
  }

  private Computation<Boolean> timedAwaiter(Duration timeout) {
    return Fibers.start(
        () -> {
          mutex.lock();
          boolean signaled = condition.await(timeout);
          mutex.unlock();
          return signaled;
        });
  }

  @OnEveryScheduler
  void await_timesOut_mutexIsTaken(Scheduler scheduler) {
    // Who has waited in vain takes the mutex again, however long that takes, flags as before
    scheduler.run(
        () -> {
          Latch locked = new Latch(1);
          Computation<Boolean> awaiter =
              Fibers.start(
                  () -> {
                    mutex.lock();
                    locked.decr();
                    Waiting.until(mutex, 1);
                    boolean signaled = condition.await(Duration.ofMillis(1));
                    mutex.unlock();
                    return signaled;
                  });
          locked.await();
          mutex.lock(); // is handed over as soon as the awaiter waits
          Waiting.until(mutex, 1);
          assertThat(awaiter.isRunning()).isTrue();
          condition.signal();
          mutex.unlock();
          assertThat(awaiter.await()).isFalse();
          mutex.lock();
          assertThat(condition.await(Duration.ofNanos(1))).isFalse();
          assertThat(Fiber.current().forbidsCancelation()).isFalse();
          Canceled.with(
              reason,
              () -> assertThatThrownBy(() -> condition.await(Duration.ofDays(1))).isSameAs(reason));
          assertThat(Fiber.current().forbidsCancelation()).isFalse();
          mutex.unlock();
          assertThat(condition).hasToString("Condition[0 waiting, of Mutex[unlocked]]");
        });
  }

  @Test
  void signalAll_wakeUpFails() throws Exception {
    // one whose scheduler fails to wake it does not keep the others asleep
    Block<RuntimeException> wait =
        () -> {
          mutex.lock();
          condition.await();
          mutex.unlock();
        };
    RuntimeException failure = new RuntimeException("thrown by the scheduler");
    Task<Boolean> first = FailingWakeUp.waiting(failure, wait);
    Task<Boolean> second = Task.start(wait::run);
    second.untilParked();

    assertThatThrownBy(condition::signalAll).isSameAs(failure);

    assertThat(first.result()).isTrue();
    assertThat(second.result()).isTrue();
  }
}
