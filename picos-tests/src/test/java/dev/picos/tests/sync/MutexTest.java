package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Run;
import dev.picos.std.sync.Mutex;
import dev.picos.testing.Task;
import dev.picos.tests.Canceled;
import dev.picos.tests.Fibers;
import dev.picos.tests.Heap;
import dev.picos.tests.OnEveryKindOfScheduler;
import dev.picos.tests.OnEveryScheduler;
import dev.picos.tests.OnEveryTwoSchedulers;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

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

  @Nested
  class Exclusion {
    @OnEveryScheduler
    void counter(Scheduler scheduler) {
      // MX-01: increments under the mutex are not lost, and no two fibers are inside at once
      scheduler.run(
          () -> {
            for (Mutex each : List.of(mutex, unchecked)) {
              int[] counter = {0};
              boolean[] inside = {false};
              Block<RuntimeException> incrementing =
                  () -> {
                    for (int i = 0; i < 2_000; i++) {
                      each.protect(
                          () -> {
                            assertThat(inside[0]).isFalse();
                            inside[0] = true;
                            counter[0]++;
                            if (counter[0] % 16 == 0) {
                              Fiber.yield();
                            }
                            inside[0] = false;
                          });
                    }
                  };
              Run.all(Collections.nCopies(4, incrementing));
              assertThat(counter[0]).isEqualTo(8_000);
              assertThat(each).hasToString("Mutex[unlocked]");
            }
          });
    }

    @OnEveryScheduler
    void stack(Scheduler scheduler) {
      // MX-01: random pushes and pops of a stack behave as if they came one after the other
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
                        mutex.protect(() -> history.add(pushOrPop(stack, push, pushed)));
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
        assertThat(pushOrPop(replayed, push, push ? Integer.parseInt(argument) : 0))
            .isEqualTo(step);
      }
      assertThat(history).hasSize(300);
      assertThat(List.copyOf(replayed)).isEqualTo(List.copyOf(result));
    }

    @OnEveryTwoSchedulers
    void acrossSchedulers(Scheduler one, Scheduler other) throws Exception {
      // fibers of two schedulers and a plain thread exclude each other
      int[] counter = {0};
      Block<RuntimeException> incrementing =
          () -> {
            for (int i = 0; i < 500; i++) {
              mutex.protect(() -> counter[0]++);
            }
          };
      List<Task<Object>> tasks =
          List.of(
              Task.start(() -> runTwice(one, incrementing)),
              Task.start(() -> runTwice(other, incrementing)),
              Task.start(
                  () -> {
                    incrementing.run();
                    return null;
                  }));
      for (Task<Object> task : tasks) {
        task.result();
      }
      assertThat(counter[0]).isEqualTo(2_500);
    }

    private static Object runTwice(Scheduler scheduler, Block<RuntimeException> block) {
      scheduler.run(() -> Run.all(block, block));
      return scheduler;
    }
  }

  @Nested
  class Order {
    @OnEveryScheduler
    void waiters_areServedInOrder(Scheduler scheduler) {
      // MX-05: waiting fibers get the mutex in the order in which they came
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
      // MX-05: after unlock with a waiter nobody else can take the mutex, for it is handed over
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
      // MX-06: of many waiters a random part is canceled; the others are served in order
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
  class Cancelation {
    @OnEveryScheduler
    void before(Scheduler scheduler) {
      // MX-08: lock, tryLock and protect in a canceled fiber throw, and leave the mutex free
      scheduler.run(
          () ->
              Canceled.with(
                  reason,
                  () -> {
                    assertThatThrownBy(mutex::lock).isSameAs(reason);
                    assertThatThrownBy(mutex::tryLock).isSameAs(reason);
                    assertThatThrownBy(() -> mutex.protect(() -> 1)).isSameAs(reason);
                    assertThatThrownBy(() -> mutex.protect(() -> {})).isSameAs(reason);
                    assertThat(mutex).hasToString("Mutex[unlocked]");
                  }));
    }

    @OnEveryScheduler
    void before_forbidden(Scheduler scheduler) {
      // MX-08: where cancelation is forbidden they succeed
      scheduler.run(
          () ->
              Canceled.with(
                  reason,
                  () ->
                      Control.protect(
                          () -> {
                            mutex.lock();
                            mutex.unlock();
                            assertThat(mutex.tryLock()).isTrue();
                            mutex.unlock();
                            int value = mutex.protect(() -> 1);
                            assertThat(value).isEqualTo(1);
                          })));
    }

    @OnEveryScheduler
    void before_unchecked(Scheduler scheduler) {
      // on an unchecked mutex a canceled fiber throws only where it has to wait
      scheduler.run(
          () ->
              Canceled.with(
                  reason,
                  () -> {
                    unchecked.lock();
                    assertThatThrownBy(unchecked::lock).isSameAs(reason);
                    assertThat(unchecked.tryLock()).isFalse();
                    unchecked.unlock();
                    assertThat(unchecked.tryLock()).isTrue();
                    unchecked.unlock();
                    assertThat(unchecked).hasToString("Mutex[unlocked]");
                  }));
    }

    @OnEveryScheduler
    void whileWaiting(Scheduler scheduler) {
      // MX-06: a waiter that is canceled throws the reason, and the mutex goes to the next
      scheduler.run(
          () -> {
            for (Mutex each : List.of(mutex, unchecked)) {
              Computation<Object> computation = new Computation<>();
              List<Integer> log = new ArrayList<>();
              each.lock();
              Computation<Object> canceled =
                  Fibers.startUnder(
                      computation,
                      () -> {
                        each.lock();
                        return "locked";
                      });
              Waiting.until(each, 1);
              Computation<Boolean> next = locker(each, log, 1);
              Waiting.until(each, 2);
              computation.tryCancel(reason);
              assertThatThrownBy(canceled::await).isSameAs(reason);
              each.unlock();
              next.await();
              assertThat(log).containsExactly(1);
              assertThat(each).hasToString("Mutex[unlocked]");
            }
          });
    }

    @OnEveryScheduler
    void whileWaiting_forbidden(Scheduler scheduler) {
      // a waiter that forbids cancelation goes on waiting
      scheduler.run(
          () -> {
            Computation<Object> computation = new Computation<>();
            mutex.lock();
            Computation<Object> waiter =
                Fibers.startUnder(
                    computation,
                    () ->
                        Control.protect(
                            () -> {
                              mutex.lock();
                              mutex.unlock();
                              return "locked";
                            }));
            Waiting.until(mutex, 1);
            computation.tryCancel(reason);
            for (int i = 0; i < 10; i++) {
              Fiber.yield();
            }
            assertThat(waiter.isRunning()).isTrue();
            mutex.unlock();
            assertThat(waiter.await()).isEqualTo("locked");
          });
    }

    @OnEveryScheduler
    void whileWaiting_computationReturns(Scheduler scheduler) {
      // a waiter whose computation returns, as one shared with others may, still waits for the
      // mutex
      scheduler.run(
          () -> {
            boolean[] held = {true};
            Computation<Object> computation = new Computation<>();
            mutex.lock();
            Computation<Object> waiter =
                Fibers.startUnder(
                    computation,
                    () -> {
                      mutex.lock();
                      boolean heldByOther = held[0];
                      mutex.unlock();
                      return heldByOther;
                    });
            Waiting.until(mutex, 1);
            computation.tryReturn("by another fiber");
            for (int i = 0; i < 10; i++) {
              Fiber.yield();
            }
            held[0] = false;
            mutex.unlock();
            assertThat(waiter.await()).isEqualTo(false);
          });
    }

    @OnEveryScheduler
    void unlock_isNotCancelable(Scheduler scheduler) {
      // MX-11: unlock in a canceled fiber unlocks, with waiters and without
      scheduler.run(
          () -> {
            List<Integer> log = new ArrayList<>();
            mutex.lock();
            Computation<Boolean> waiter = locker(mutex, log, 1);
            Waiting.until(mutex, 1);
            Canceled.with(reason, mutex::unlock);
            waiter.await();
            mutex.lock();
            Canceled.with(reason, mutex::unlock);
            assertThat(mutex).hasToString("Mutex[unlocked]");
          });
    }

    @OnEveryScheduler
    void race_withHandOver(Scheduler scheduler) {
      // a waiter canceled while the mutex is handed to it passes it on: it is never lost
      scheduler.run(
          () -> {
            for (Mutex each : List.of(mutex, unchecked)) {
              for (int round = 0; round < 1_500; round++) {
                Computation<Object> computation = new Computation<>();
                List<Integer> log = new ArrayList<>();
                each.lock();
                Computation<Object> canceled =
                    Fibers.startUnder(
                        computation,
                        () -> {
                          each.lock();
                          log.add(1);
                          each.unlock();
                          return "locked";
                        });
                Computation<Boolean> next = locker(each, log, 2);
                Fiber.yield();
                Computation<Boolean> canceler = Fibers.start(() -> computation.tryCancel(reason));
                for (int spins = round % 50; spins > 0; spins--) {
                  Thread.onSpinWait();
                }
                each.unlock();
                next.await();
                canceled.join();
                canceler.join();
                assertThat(log).contains(2);
                assertThat(each).hasToString("Mutex[unlocked]");
              }
            }
          });
    }

    @OnEveryScheduler
    void race_withTimeout(Scheduler scheduler) {
      // a mutex that is handed over as the time is over is had, or passed on: it is never lost
      scheduler.run(
          () -> {
            for (Mutex each : List.of(mutex, unchecked)) {
              for (int round = 0; round < 150; round++) {
                each.lock();
                Computation<Boolean> waiter =
                    Fibers.start(
                        () -> {
                          boolean locked = each.tryLock(Duration.ofNanos(100_000));
                          if (locked) {
                            each.unlock();
                          }
                          return locked;
                        });
                Computation<Boolean> next = locker(each, new ArrayList<>(), 2);
                Fiber.sleep(Duration.ofNanos(100_000 + (round % 20 - 10) * 5_000L));
                each.unlock();
                waiter.await();
                next.await();
                assertThat(each).hasToString("Mutex[unlocked]");
              }
            }
          });
    }

    @OnEveryScheduler
    void massCancelation_leavesLittle(Scheduler scheduler) {
      // waiters canceled at once, the latest first, leave hardly anything, and the mutex works on
      scheduler.run(
          () -> {
            Computation<Object> computation = new Computation<>(Computation.Mode.LIFO);
            List<Computation<Object>> waiters = new ArrayList<>();
            mutex.lock();
            for (int i = 0; i < 1_000; i++) {
              waiters.add(
                  Fibers.startUnder(
                      computation,
                      () -> {
                        mutex.lock();
                        return "locked";
                      }));
            }
            Waiting.until(mutex, 1_000);
            computation.tryCancel(reason);
            waiters.forEach(Computation::join);
            assertThat(waiters)
                .allSatisfy(waiter -> assertThat(waiter.cancelReason()).isSameAs(reason));
            assertThat(Waiting.of(mutex)).isLessThan(10);
            mutex.unlock();
            mutex.lock();
            mutex.unlock();
          });
    }

    @OnEveryKindOfScheduler
    void canceledWaiters_leaveNothing(Scheduler scheduler) {
      // waits that were canceled leave nothing behind in a mutex that stays locked
      scheduler.run(
          () -> {
            mutex.lock();
            Block<RuntimeException> attempt =
                () -> {
                  Computation<Object> computation = new Computation<>();
                  Computation<Object> waiter =
                      Fibers.startUnder(
                          computation,
                          () -> {
                            mutex.lock();
                            return "locked";
                          });
                  Fiber.yield();
                  computation.tryCancel(reason);
                  waiter.join();
                };
            for (int i = 0; i < 1_000; i++) {
              attempt.run();
            }
            long before = Heap.used();
            for (int i = 0; i < 20_000; i++) {
              attempt.run();
            }
            assertThat(Heap.used() - before).isLessThan(8 * 20_000);
            assertThat(mutex).hasToString("Mutex[locked]");
            mutex.unlock();
          });
    }
  }

  @Nested
  class Misuse {
    @OnEveryScheduler
    void unlock_byAnother(Scheduler scheduler) {
      // MX-03: unlock by another fiber is refused, with waiters and without, and changes nothing
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
      // MX-03: the same for a mutex that its owner got by waiting
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
      // MX-03: unlock of an unlocked mutex is refused, also if it is unchecked
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
                .isThrownBy(() -> mutex.protect(() -> 1));
            assertThat(mutex).hasToString("Mutex[locked]");
            mutex.unlock();
          });
    }

    @Test
    void nulls() {
      // null is refused, and the mutex not taken
      assertThatNullPointerException()
          .isThrownBy(() -> mutex.protect((Body<Object, IOException>) null));
      assertThatNullPointerException().isThrownBy(() -> mutex.protect((Block<IOException>) null));
      assertThat(mutex).hasToString("Mutex[unlocked]");
    }
  }

  @OnEveryScheduler
  void protect_bodyThrows(Scheduler scheduler) {
    // MX-10: what the body throws comes out unchanged, the reason of its cancelation too
    IOException checked = new IOException("checked");
    scheduler.run(
        () -> {
          assertThatThrownBy(() -> protectThrowing(mutex, checked)).isSameAs(checked);
          assertThat(mutex).hasToString("Mutex[unlocked]");
          Computation<Object> computation = new Computation<>();
          Computation<Object> canceled =
              Fibers.startUnder(
                  computation,
                  () -> {
                    mutex.protect(Control::block);
                    return "returned";
                  });
          Fiber.yield();
          computation.tryCancel(reason);
          assertThatThrownBy(canceled::await).isSameAs(reason);
          assertThat(mutex).hasToString("Mutex[unlocked]");
        });
  }

  private static int protectThrowing(Mutex mutex, IOException checked) throws IOException {
    return mutex.protect(
        () -> {
          throw checked;
        });
  }

  @OnEveryScheduler
  void protect_value(Scheduler scheduler) {
    // MX-10: the value of the body is returned, and the mutex unlocked
    scheduler.run(
        () -> {
          int value = mutex.protect(() -> 42);
          assertThat(value).isEqualTo(42);
          assertThat(mutex.tryLock()).isTrue();
          mutex.unlock();
        });
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
              Bundle.joinAfter(
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
