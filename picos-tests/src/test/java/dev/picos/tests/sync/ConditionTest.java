package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.OnReturn;
import dev.picos.std.sync.Condition;
import dev.picos.std.sync.Mutex;
import dev.picos.tests.Canceled;
import dev.picos.tests.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;

class ConditionTest {
  private final RuntimeException reason = new CancellationException("reason");
  private final Mutex mutex = new Mutex();
  private final Condition condition = mutex.newCondition();

  /** Awaits once, and logs its number while it has the mutex. */
  private Computation<Object> awaiter(
      Computation<?> computation, Mutex mutex, Condition condition, List<Integer> log, int number) {
    return Fibers.startUnder(
        computation,
        () -> {
          mutex.lock();
          try {
            condition.await();
            log.add(number);
          } finally {
            mutex.unlock();
          }
          return "woken";
        });
  }

  private Computation<Object> awaiter(List<Integer> log, int number) {
    return awaiter(new Computation<>(), mutex, condition, log, number);
  }

  /** Returns once so many wait for the condition, and the last one has released the mutex. */
  private void untilWaiting(int count) {
    Waiting.until(condition, count);
    mutex.lock();
    mutex.unlock();
  }

  @OnEveryScheduler
  void signal_wakesOneInOrder(Scheduler scheduler) {
    // CV-01, CV-05: a signal wakes one fiber, the one that has waited longest
    scheduler.run(
        () -> {
          List<Integer> log = new ArrayList<>();
          List<Computation<Object>> awaiters = new ArrayList<>();
          for (int i = 0; i < 10; i++) {
            awaiters.add(awaiter(log, i));
            untilWaiting(i + 1);
          }
          for (int i = 0; i < 10; i++) {
            condition.signal();
            assertThat(awaiters.get(i).await()).isEqualTo("woken");
            assertThat(log).hasSize(i + 1);
          }
          assertThat(log).isSorted();
          assertThat(condition).hasToString("Condition[0 waiting, of Mutex[unlocked]]");
        });
  }

  @OnEveryScheduler
  void signalAll_wakesAll(Scheduler scheduler) {
    // CV-01: signalAll wakes all that wait
    scheduler.run(
        () -> {
          for (int round = 0; round < 20; round++) {
            List<Integer> log = new ArrayList<>();
            List<Computation<Object>> awaiters = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
              awaiters.add(awaiter(log, i));
              untilWaiting(i + 1);
            }
            condition.signalAll();
            awaiters.forEach(Computation::await);
            assertThat(log).hasSize(20).doesNotHaveDuplicates();
          }
        });
  }

  @OnEveryScheduler
  void signal_withoutWaiters(Scheduler scheduler) {
    // a signal that nobody waits for is not kept
    scheduler.run(
        () -> {
          condition.signal();
          condition.signalAll();
          List<Integer> log = new ArrayList<>();
          Computation<Object> awaiter = awaiter(log, 1);
          untilWaiting(1);
          for (int i = 0; i < 10; i++) {
            Fiber.yield();
          }
          assertThat(awaiter.isRunning()).isTrue();
          condition.signal();
          awaiter.await();
        });
  }

  @OnEveryScheduler
  void signal_inCanceledFiber(Scheduler scheduler) {
    // signal and signalAll are not cancelable, and need not have the mutex
    scheduler.run(
        () -> {
          List<Integer> log = new ArrayList<>();
          Computation<Object> first = awaiter(log, 1);
          untilWaiting(1);
          Canceled.with(reason, condition::signal);
          first.await();
          Computation<Object> second = awaiter(log, 2);
          untilWaiting(1);
          Canceled.with(reason, condition::signalAll);
          second.await();
        });
  }

  @OnEveryScheduler
  void await_hasTheMutexAfterwards(Scheduler scheduler) {
    // CV-01: await releases the mutex, and returns with it, for checked and unchecked ones
    scheduler.run(
        () -> {
          for (Mutex each : List.of(mutex, Mutex.unchecked())) {
            Condition ofEach = each.newCondition();
            each.lock();
            Computation<Object> signaler =
                Fibers.start(
                    () -> {
                      each.protect(ofEach::signal);
                      return "signaled";
                    });
            ofEach.await();
            assertThat(each.tryLock()).isFalse();
            each.unlock();
            signaler.await();
            assertThat(each).hasToString("Mutex[unlocked]");
          }
        });
  }

  @OnEveryScheduler
  void await_underReturnedComputation(Scheduler scheduler) {
    // CV-01: fibers whose computation has returned, before or while they wait, wait for a signal
    scheduler.run(
        () -> {
          List<Integer> log = new ArrayList<>();
          Computation<Object> computation = new Computation<>();
          Computation<Object> first = awaiter(Computation.returned(1), mutex, condition, log, 1);
          untilWaiting(1);
          Computation<Object> second = awaiter(computation, mutex, condition, log, 2);
          untilWaiting(2);
          computation.tryReturn("done");
          for (int i = 0; i < 10; i++) {
            Fiber.yield();
          }
          assertThat(first.isRunning()).isTrue();
          assertThat(second.isRunning()).isTrue();
          condition.signal();
          first.await();
          condition.signal();
          second.await();
          assertThat(log).containsExactly(1, 2);
        });
  }

  @OnEveryScheduler
  void await_withoutTheMutex(Scheduler scheduler) {
    // CV-06, U-7: await without the mutex is refused and leaves nothing to spend a signal on
    scheduler.run(
        () -> {
          for (Mutex each : List.of(mutex, Mutex.unchecked())) {
            Condition ofEach = each.newCondition();
            assertThatExceptionOfType(IllegalMonitorStateException.class).isThrownBy(ofEach::await);
            assertThat(ofEach).hasToString("Condition[0 waiting, of Mutex[unlocked]]");
          }
          mutex.lock();
          assertThatThrownBy(
                  Fibers.start(
                          () -> {
                            condition.await();
                            return "awaited";
                          })
                      ::await)
              .isInstanceOf(IllegalMonitorStateException.class);
          mutex.unlock();
          Computation<Object> awaiter = awaiter(new ArrayList<>(), 1);
          untilWaiting(1);
          condition.signal();
          awaiter.await();
        });
  }

  @OnEveryScheduler
  void await_canceledBefore(Scheduler scheduler) {
    // CV-08: await in a canceled fiber throws the reason, with the mutex held
    scheduler.run(
        () -> {
          mutex.lock();
          Canceled.with(reason, () -> assertThatThrownBy(condition::await).isSameAs(reason));
          assertThat(mutex).hasToString("Mutex[locked]");
          mutex.unlock();
          assertThat(condition).hasToString("Condition[0 waiting, of Mutex[unlocked]]");
        });
  }

  @OnEveryScheduler
  void await_canceledMeanwhile(Scheduler scheduler) {
    // a waiter that is canceled throws the reason, once it has the mutex
    scheduler.run(
        () -> {
          List<Integer> log = new ArrayList<>();
          Computation<Object> computation = new Computation<>();
          Computation<Object> canceled = awaiter(computation, mutex, condition, log, 1);
          untilWaiting(1);
          mutex.lock();
          computation.tryCancel(reason);
          for (int i = 0; i < 10; i++) {
            Fiber.yield();
          }
          assertThat(canceled.isRunning()).isTrue();
          mutex.unlock();
          assertThatThrownBy(canceled::await).isSameAs(reason);
          assertThat(log).isEmpty();
          assertThat(condition).hasToString("Condition[0 waiting, of Mutex[unlocked]]");
        });
  }

  @OnEveryScheduler
  void await_forbidden(Scheduler scheduler) {
    // CV-10: where cancelation is forbidden await waits for a signal; the flag is as before
    scheduler.run(
        () -> {
          Computation<Object> computation = new Computation<>();
          Computation<Object> awaiter =
              Fibers.startUnder(
                  computation,
                  () ->
                      Control.protect(
                          () -> {
                            mutex.lock();
                            condition.await();
                            mutex.unlock();
                            return Fiber.current().hasForbidden();
                          }));
          untilWaiting(1);
          computation.tryCancel(reason);
          for (int i = 0; i < 10; i++) {
            Fiber.yield();
          }
          assertThat(awaiter.isRunning()).isTrue();
          condition.signal();
          assertThat(awaiter.await()).isEqualTo(true);
        });
  }

  @OnEveryScheduler
  void await_flagIsRestored(Scheduler scheduler) {
    // CV-10: after a signal and after cancelation cancelation is permitted as before
    scheduler.run(
        () -> {
          mutex.lock();
          Computation<Object> signaler =
              Fibers.start(
                  () -> {
                    mutex.protect(condition::signal);
                    return "signaled";
                  });
          condition.await();
          assertThat(Fiber.current().hasForbidden()).isFalse();
          Canceled.with(reason, () -> assertThatThrownBy(condition::await).isSameAs(reason));
          assertThat(Fiber.current().hasForbidden()).isFalse();
          mutex.unlock();
          signaler.await();
        });
  }

  @OnEveryScheduler
  void race_ofSignalAndCancelation(Scheduler scheduler) {
    // a signal that a canceled waiter has got goes to the next: of two waiters the second one wakes
    scheduler.run(
        () -> {
          for (int round = 0; round < 2_000; round++) {
            List<Integer> log = new ArrayList<>();
            Computation<Object> computation = new Computation<>();
            Computation<Object> first = awaiter(computation, mutex, condition, log, 1);
            untilWaiting(1);
            Computation<Object> second = awaiter(log, 2);
            untilWaiting(2);
            Computation<Object> canceler =
                Fibers.start(
                    () -> {
                      computation.tryCancel(reason);
                      return "canceled";
                    });
            for (int spins = round % 60; spins > 0; spins--) {
              Thread.onSpinWait();
            }
            condition.signal();
            first.join();
            canceler.join();
            if (!first.isCanceled()) {
              condition.signal();
            }
            assertThat(second.await()).isEqualTo("woken");
          }
          assertThat(condition).hasToString("Condition[0 waiting, of Mutex[unlocked]]");
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
            while (!mutex.protect(() -> entered[0])) {
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
    // CV-01: who has waited in vain takes the mutex again, however long that takes, flags as before
    scheduler.run(
        () -> {
          Computation<Boolean> awaiter = timedAwaiter(Duration.ofMillis(1));
          untilWaiting(1);
          mutex.lock();
          Waiting.until(mutex, 1);
          assertThat(awaiter.isRunning()).isTrue();
          condition.signal();
          mutex.unlock();
          assertThat(awaiter.await()).isFalse();
          mutex.lock();
          assertThat(condition.await(Duration.ofNanos(1))).isFalse();
          assertThat(Fiber.current().hasForbidden()).isFalse();
          Canceled.with(
              reason,
              () -> assertThatThrownBy(() -> condition.await(Duration.ofDays(1))).isSameAs(reason));
          assertThat(Fiber.current().hasForbidden()).isFalse();
          mutex.unlock();
          assertThat(condition).hasToString("Condition[0 waiting, of Mutex[unlocked]]");
        });
  }

  @OnEveryScheduler
  void await_timed_withoutMutex(Scheduler scheduler) {
    // CV-06: to await without the mutex is refused and leaves nothing; a signal reaches a waiter
    scheduler.run(
        () -> {
          for (Duration timeout : List.of(Duration.ZERO, Duration.ofDays(1))) {
            assertThatExceptionOfType(IllegalMonitorStateException.class)
                .isThrownBy(() -> condition.await(timeout));
          }
          Computation<Boolean> awaiter = timedAwaiter(Duration.ofDays(1));
          untilWaiting(1);
          condition.signal();
          assertThat(awaiter.await()).isTrue();
        });
  }

  @OnEveryScheduler
  void boundedBuffer(Scheduler scheduler) {
    // producers and consumers that wait for each other pass on every item once
    int parties = 3;
    int items = 1_000;
    scheduler.run(
        () -> {
          Condition notFull = mutex.newCondition();
          ArrayDeque<Integer> buffer = new ArrayDeque<>();
          AtomicInteger sum = new AtomicInteger();
          Bundle.joinAfter(
              bundle -> {
                for (int party = 0; party < parties; party++) {
                  bundle.fork(
                      () -> {
                        for (int i = 1; i <= items; i++) {
                          int item = i;
                          mutex.protect(
                              () -> {
                                while (buffer.size() == 2) {
                                  notFull.await();
                                }
                                buffer.add(item);
                              });
                          condition.signal();
                        }
                      });
                  bundle.fork(
                      () -> {
                        for (int i = 1; i <= items; i++) {
                          int item =
                              mutex.protect(
                                  () -> {
                                    while (buffer.isEmpty()) {
                                      condition.await();
                                    }
                                    return buffer.remove();
                                  });
                          sum.addAndGet(item);
                          notFull.signal();
                        }
                      });
                }
              });
          assertThat(sum).hasValue(parties * items * (items + 1) / 2);
        });
  }

  @OnEveryScheduler
  void torture(Scheduler scheduler) {
    // CV-03: random signals and cancelations; no step is lost, every path is taken, nobody hangs
    scheduler.run(
        () -> {
          for (Mutex each : List.of(mutex, Mutex.unchecked())) {
            new Torture(each, 4, 200).run();
          }
        });
  }

  /** Fibers that lock, wait, and count their steps, while others signal and cancel at random. */
  private final class Torture {
    private final Mutex mutex;
    private final Condition condition;
    private final int parties;
    private final int enough;
    private final AtomicReferenceArray<Computation<Object>> computations;

    private final AtomicInteger notLocked = new AtomicInteger();
    private final AtomicInteger woken = new AtomicInteger();
    private final AtomicInteger canceled = new AtomicInteger();
    private final AtomicInteger signals = new AtomicInteger();
    private final AtomicInteger broadcasts = new AtomicInteger();
    private final AtomicInteger steps = new AtomicInteger();
    private int step;

    Torture(Mutex mutex, int parties, int enough) {
      this.mutex = mutex;
      this.condition = mutex.newCondition();
      this.parties = parties;
      this.enough = enough;
      this.computations = new AtomicReferenceArray<>(parties);
    }

    void run() {
      Bundle.joinAfter(
          OnReturn.TERMINATE,
          bundle -> {
            for (int party = 0; party < parties; party++) {
              int index = party;
              bundle.fork(() -> loop(index));
            }
            bundle.fork(this::cancelAtRandom);
            signalAtRandom();
          });
      assertThat(mutex).hasToString("Mutex[unlocked]");
      assertThat(step).isEqualTo(steps.get());
    }

    private void loop(int index) {
      Fiber fiber = Fiber.current();
      Computation<?> ofBundle = fiber.computation();
      Computation<Object> own = new Computation<>();
      while (ofBundle.isRunning()) {
        if (!own.isRunning()) {
          own = new Computation<>();
        }
        computations.set(index, own);
        Canceled.under(own, this::lockAndWait);
        Control.protect(Control::yield);
      }
      computations.set(index, null);
    }

    private void lockAndWait() {
      try {
        mutex.lock();
      } catch (CancellationException thrown) {
        notLocked.incrementAndGet();
        return;
      }
      step();
      try {
        condition.await();
        woken.incrementAndGet();
      } catch (CancellationException thrown) {
        canceled.incrementAndGet();
      }
      step();
      mutex.unlock();
    }

    private void step() {
      int before = step;
      Control.protect(Control::yield);
      step = before + 1;
      steps.incrementAndGet();
    }

    private boolean isEnough() {
      return Math.min(woken.get(), canceled.get()) >= enough
          && Math.min(signals.get(), broadcasts.get()) >= enough
          && notLocked.get() >= enough / 10;
    }

    private void signalAtRandom() {
      Random random = new Random(1);
      while (!isEnough()) {
        if (random.nextInt(4) == 0) {
          condition.signalAll();
          broadcasts.incrementAndGet();
        } else {
          condition.signal();
          signals.incrementAndGet();
        }
        Fiber.yield();
      }
    }

    private void cancelAtRandom() {
      Random random = new Random(2);
      Block<RuntimeException> cancelOne =
          () -> {
            Computation<Object> victim = computations.get(random.nextInt(parties));
            if (victim != null) {
              victim.tryCancel(reason);
            }
          };
      try {
        for (; ; ) {
          cancelOne.run();
          Fiber.yield();
        }
      } finally {
        // Those that wait, or are about to, listen to their own computations only.
        for (int i = 0; i < parties; i++) {
          Computation<Object> last = computations.get(i);
          while (last != null) {
            last.tryCancel(reason);
            Control.protect(Control::yield);
            last = computations.get(i);
          }
        }
      }
    }
  }
}
