package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Run;
import dev.picos.std.sync.Mutex;
import dev.picos.testing.Task;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What a mutex promises besides: the rest is in {@link AcquiringTest}. */
class MutexTest {
  private final RuntimeException reason = new CancellationException("reason");
  private final Mutex mutex = new Mutex();
  private final Mutex unchecked = Mutex.unchecked();

  private static Computation<Boolean> locker(Mutex mutex, List<Integer> log, int number) {
    return Fibers.start(
        () -> {
          mutex.lock();
          log.add(number);
          mutex.unlock();
          return true;
        });
  }

  @OnEveryScheduler
  void stack(Scheduler scheduler) {
    // random pushes and pops of a stack behave as if they came one after the other
    scheduler.run(
        () -> {
          for (int seed = 0; seed < 20; seed++) {
            ArrayDeque<Integer> stack = new ArrayDeque<>();
            List<String> history = new ArrayList<>();
            List<Block<RuntimeException>> parties = new ArrayList<>();
            for (int party = 0; party < 3; party++) {
              Random random = new Random(seed * 31L + party);
              parties.add(
                  () -> {
                    for (int i = 0; i < 100; i++) {
                      int pushed = random.nextInt(1_000);
                      boolean push = random.nextBoolean();
                      mutex.runLocked(() -> history.add(pushOrPop(stack, push, pushed)));
                    }
                  });
            }
            Run.all(parties);
            assertReplays(history, stack);
          }
        });
  }

  private static String pushOrPop(ArrayDeque<Integer> stack, boolean push, int value) {
    if (push) {
      stack.push(value);
      return "push " + value;
    }
    return "pop " + stack.poll();
  }

  private static void assertReplays(List<String> history, ArrayDeque<Integer> result) {
    ArrayDeque<Integer> replayed = new ArrayDeque<>();
    for (String step : history) {
      boolean push = step.startsWith("push");
      String argument = step.substring(step.indexOf(' ') + 1);
      assertThat(pushOrPop(replayed, push, push ? Integer.parseInt(argument) : 0)).isEqualTo(step);
    }
    assertThat(history).hasSize(300);
    assertThat(List.copyOf(replayed)).isEqualTo(List.copyOf(result));
  }

  @Nested
  class Order {
    @OnEveryScheduler
    void waiters_areServedInOrder(Scheduler scheduler) {
      // waiting fibers get the mutex in the order in which they came
      scheduler.run(
          () -> {
            for (Mutex each : List.of(mutex, unchecked)) {
              List<Integer> log = new ArrayList<>();
              List<Computation<?>> lockers = new ArrayList<>();
              each.lock();
              for (int i = 0; i < 20; i++) {
                lockers.add(locker(each, log, i));
                Waiting.until(each, i + 1);
              }
              each.unlock();
              lockers.forEach(Computation::await);
              assertThat(log).isSorted().hasSize(20);
            }
          });
    }

    @OnEveryScheduler
    void unlock_handsOver(Scheduler scheduler) {
      // after unlock with a waiter nobody else can take the mutex, for it is handed over
      scheduler.run(
          () -> {
            Computation<Object> goOn = new Computation<>();
            mutex.lock();
            Computation<Object> waiter =
                Fibers.start(
                    () -> {
                      mutex.lock();
                      goOn.await();
                      mutex.unlock();
                      return "done";
                    });
            Waiting.until(mutex, 1);
            mutex.unlock();
            assertThat(mutex.tryLock()).isFalse();
            goOn.tryReturn("go on");
            waiter.await();
            assertThat(mutex.tryLock()).isTrue();
            mutex.unlock();
          });
    }

    @OnEveryScheduler
    void canceledWaiters_areSkipped(Scheduler scheduler) {
      // of many waiters a random part is canceled; the others are served in order
      scheduler.run(
          () -> {
            for (int seed = 0; seed < 10; seed++) {
              Random random = new Random(seed);
              int count = 1 + random.nextInt(200);
              List<Integer> log = new ArrayList<>();
              List<Computation<Object>> computations = new ArrayList<>();
              List<Computation<Boolean>> results = new ArrayList<>();
              mutex.lock();
              for (int i = 0; i < count; i++) {
                int number = i;
                Computation<Object> computation = new Computation<>();
                computations.add(computation);
                results.add(
                    Fibers.startUnder(
                        computation,
                        () -> {
                          mutex.lock();
                          log.add(number);
                          mutex.unlock();
                          return true;
                        }));
                Waiting.until(mutex, i + 1);
              }
              BitSet canceled = new BitSet();
              for (int i = 0; i < count; i++) {
                int victim = random.nextInt(count);
                canceled.set(victim);
                computations.get(victim).tryCancel(reason);
              }
              canceled.stream().forEach(i -> results.get(i).join());
              mutex.unlock();
              results.forEach(Computation::join);
              assertThat(log).isSorted().hasSize(count - canceled.cardinality());
              assertThat(mutex).hasToString("Mutex[unlocked]");
            }
          });
    }
  }

  @Nested
  class Misuse {
    @OnEveryScheduler
    void unlock_byAnother(Scheduler scheduler) {
      // unlock by another fiber is refused, with waiters and without, and changes nothing
      scheduler.run(
          () -> {
            mutex.lock();
            assertThatThrownBy(Fibers.start(unlocking(mutex))::await)
                .isInstanceOf(IllegalMonitorStateException.class)
                .hasMessageContaining("not owner");
            List<Integer> log = new ArrayList<>();
            Computation<Boolean> waiter = locker(mutex, log, 1);
            Waiting.until(mutex, 1);
            assertThatThrownBy(Fibers.start(unlocking(mutex))::await)
                .isInstanceOf(IllegalMonitorStateException.class);
            assertThat(mutex).hasToString("Mutex[locked, 1 waiting]");
            mutex.unlock();
            waiter.await();
          });
    }

    private static Callable<Object> unlocking(Mutex mutex) {
      return () -> {
        mutex.unlock();
        return "unlocked";
      };
    }

    @OnEveryScheduler
    void unlock_byAnother_ofOneThatWasHandedOver(Scheduler scheduler) {
      // the same for a mutex that its owner got by waiting
      scheduler.run(
          () -> {
            Computation<Object> goOn = new Computation<>();
            mutex.lock();
            Computation<Object> owner =
                Fibers.start(
                    () -> {
                      mutex.lock();
                      assertThatExceptionOfType(IllegalMonitorStateException.class)
                          .isThrownBy(mutex::lock);
                      assertThat(mutex.tryLock()).isFalse();
                      goOn.await();
                      mutex.unlock();
                      return "done";
                    });
            Waiting.until(mutex, 1);
            mutex.unlock();
            assertThatExceptionOfType(IllegalMonitorStateException.class).isThrownBy(mutex::unlock);
            goOn.tryReturn("go on");
            owner.await();
            assertThat(mutex).hasToString("Mutex[unlocked]");
          });
    }

    @OnEveryScheduler
    void unlock_ofUnlocked(Scheduler scheduler) {
      // unlock of an unlocked mutex is refused, also if it is unchecked
      scheduler.run(
          () -> {
            for (Mutex each : List.of(mutex, unchecked)) {
              assertThatExceptionOfType(IllegalMonitorStateException.class)
                  .isThrownBy(each::unlock)
                  .withMessageContaining("unlocked");
            }
          });
    }

    @OnEveryScheduler
    void unlock_ofUncheckedByAnother(Scheduler scheduler) {
      // an unchecked mutex may be unlocked by another fiber, also when it was handed over
      scheduler.run(
          () -> {
            unchecked.lock();
            Computation<Object> waiter =
                Fibers.start(
                    () -> {
                      unchecked.lock();
                      return "locked";
                    });
            Waiting.until(unchecked, 1);
            Fibers.start(unlocking(unchecked)).await();
            waiter.await();
            unchecked.unlock();
            assertThat(unchecked).hasToString("Mutex[unlocked]");
          });
    }

    @OnEveryScheduler
    void tryLock_again(Scheduler scheduler) {
      // to wait for oneself is refused, however short the wait, also for one that was handed over
      scheduler.run(
          () -> {
            mutex.lock();
            Computation<Object> waiter =
                Fibers.start(
                    () -> {
                      assertThat(mutex.tryLock(Duration.ofDays(1))).isTrue();
                      assertRefusedAgain();
                      mutex.unlock();
                      return "unlocked";
                    });
            Waiting.until(mutex, 1);
            assertRefusedAgain();
            mutex.unlock();
            waiter.await();
            assertThat(mutex).hasToString("Mutex[unlocked]");
          });
    }

    private void assertRefusedAgain() {
      for (Duration timeout : List.of(Duration.ZERO, Duration.ofDays(1))) {
        assertThatExceptionOfType(IllegalMonitorStateException.class)
            .isThrownBy(() -> mutex.tryLock(timeout))
            .withMessageContaining("not reentrant");
      }
    }

    @OnEveryScheduler
    void lock_again(Scheduler scheduler) {
      // lock by the owner is refused and tryLock fails, and the mutex stays locked
      scheduler.run(
          () -> {
            mutex.lock();
            assertThatExceptionOfType(IllegalMonitorStateException.class)
                .isThrownBy(mutex::lock)
                .withMessageContaining("not reentrant");
            assertThat(mutex.tryLock()).isFalse();
            assertThatExceptionOfType(IllegalMonitorStateException.class)
                .isThrownBy(() -> mutex.callLocked(() -> 1));
            assertThat(mutex).hasToString("Mutex[locked]");
            mutex.unlock();
          });
    }
  }

  @Test
  void plainThreads_canceledByOthers() throws Exception {
    // under threads that lock and threads that cancel them at any time, exclusion holds and all end
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger locked = new AtomicInteger();
    AtomicInteger canceled = new AtomicInteger();
    Task<Object> task =
        Task.start(
            () -> {
              Bundle.run(
                  bundle -> {
                    for (int party = 0; party < 6; party++) {
                      Random random = new Random(party);
                      bundle.fork(
                          () -> {
                            for (int i = 0; i < 3_000; i++) {
                              attempt(random, inside, locked, canceled);
                            }
                          });
                    }
                  });
              return "done";
            });
    task.result();
    assertThat(locked.get() + canceled.get()).isEqualTo(18_000);
    assertThat(mutex).hasToString("Mutex[unlocked]");
  }

  private void attempt(
      Random random, AtomicInteger inside, AtomicInteger locked, AtomicInteger canceled) {
    Computation<Object> computation = new Computation<>();
    Computation<Object> attempt =
        Fibers.startUnder(
            computation,
            () -> {
              mutex.lock();
              assertThat(inside.incrementAndGet()).isEqualTo(1);
              Thread.onSpinWait();
              inside.decrementAndGet();
              mutex.unlock();
              return "locked";
            });
    if (random.nextBoolean()) {
      computation.tryCancel(reason);
    }
    attempt.join();
    (attempt.isCanceled() ? canceled : locked).incrementAndGet();
    assertThat(attempt.cancelReason()).isIn(null, reason);
  }
}
