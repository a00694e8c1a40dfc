package dev.picos.tests.awaitable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.core.Trigger;
import dev.picos.std.awaitable.AwaitableInt;
import dev.picos.std.awaitable.Registration;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Run;
import dev.picos.testing.Task;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.Alone;
import dev.picos.tests.Heap;
import dev.picos.tests.OnEveryKindOfScheduler;
import dev.picos.tests.OnEveryScheduler;
import dev.picos.tests.OnEveryTwoSchedulers;
import dev.picos.tests.Rounds;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class AwaitableIntTest {
  private static final Duration LONG = Duration.ofMinutes(10);

  private final RuntimeException reason = new CancellationException("reason");
  private final AwaitableInt awaitable = new AwaitableInt(0);
  private final Waiters waiters = new Waiters(awaitable::waiterCount);

  /** Awaits once. */
  private Computation<Object> waiter(Computation<?> computation, int before) {
    return waiters.startUnder(
        computation,
        () -> {
          awaitable.await(before);
          return "woken";
        });
  }

  /** Awaits once the value that is there, and is suspended when this returns. */
  private Computation<Object> waiter(int before) {
    int count = awaitable.waiterCount();
    Computation<Object> waiter = waiter(new Computation<>(), before);
    waiters.until(count + 1);
    return waiter;
  }

  private static void yieldALot() {
    for (int i = 0; i < 10; i++) {
      Fiber.yield();
    }
  }

  @Test
  void isAnAtomic() {
    // The value is read and changed as that of an atomic
    AwaitableInt value = new AwaitableInt(1_000);

    assertThat(value.get()).isEqualTo(1_000);
    assertThat(value.compareAndSet(1_001, 5)).isFalse();
    assertThat(value.compareAndSet(1_000, 5)).isTrue();
    assertThat(value.getAndSet(7)).isEqualTo(5);
    assertThat(value.getAndAdd(3)).isEqualTo(7);
    assertThat(value.getAndIncrement()).isEqualTo(10);
    assertThat(value.getAndDecrement()).isEqualTo(11);
    value.set(Integer.MAX_VALUE);
    assertThat(value.getAndIncrement()).isEqualTo(Integer.MAX_VALUE);
    assertThat(value.get()).isEqualTo(Integer.MIN_VALUE);
    assertThat(value).hasToString("AwaitableInt[-2147483648]");
  }

  @Test
  void counts_inManyThreads() throws Exception {
    // Changes by several threads at once are all made
    List<Task<Boolean>> tasks = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      tasks.add(
          Task.start(
              () -> {
                for (int n = 0; n < 10_000; n++) {
                  int unused = awaitable.getAndIncrement();
                  int now;
                  do {
                    now = awaitable.get();
                  } while (!awaitable.compareAndSet(now, now + 2));
                }
              }));
    }
    for (Task<Boolean> task : tasks) {
      task.result();
    }
    assertThat(awaitable.get()).isEqualTo(120_000);
  }

  @Test
  void withoutWaiters() {
    // a signal that nobody waits for is not kept, and needs no scheduler
    awaitable.signal();
    awaitable.broadcast();
    assertThat(awaitable.waiterCount()).isZero();
    assertThat(awaitable.await(0, Duration.ZERO)).isFalse();
  }

  @Test
  void nothing() {
    // null where it makes no sense is refused
    assertThatNullPointerException().isThrownBy(() -> awaitable.add(null));
    assertThatNullPointerException().isThrownBy(() -> awaitable.await(0, (Duration) null));
    assertThat(awaitable).hasToString("AwaitableInt[0]");
  }

  @OnEveryScheduler
  void setAlone_wakesNobody(Scheduler scheduler) {
    // A change wakes nobody; a signal after it wakes one
    scheduler.run(
        () -> {
          Computation<Object> first = waiter(0);
          Computation<Object> second = waiter(0);
          awaitable.set(1);
          yieldALot();
          assertThat(first.isRunning()).isTrue();
          assertThat(awaitable).hasToString("AwaitableInt[1, 2 waiting]");
          awaitable.signal();
          first.await();
          yieldALot();
          assertThat(second.isRunning()).isTrue();
          awaitable.signal();
          second.await();
          assertThat(awaitable).hasToString("AwaitableInt[1]");
        });
  }

  @OnEveryScheduler
  void signal_wakesInOrder(Scheduler scheduler) {
    // a signal wakes the fiber that has waited longest
    scheduler.run(
        () -> {
          List<Computation<Object>> waiters = new ArrayList<>();
          for (int i = 0; i < 30; i++) {
            waiters.add(waiter(0));
          }
          awaitable.set(1);
          for (int i = 0; i < 30; i++) {
            assertThat(awaitable.waiterCount()).isEqualTo(30 - i);
            assertThat(waiters.get(i).isRunning()).isTrue();
            awaitable.signal();
            waiters.get(i).await();
          }
        });
  }

  @OnEveryScheduler
  void signal_passesOverThoseWhoExpectTheValue(Scheduler scheduler) {
    // Nobody is woken while the value is what it expects; others are, and those stay
    scheduler.run(
        () -> {
          List<Computation<Object>> ofZero = new ArrayList<>();
          for (int i = 0; i < 12; i++) {
            ofZero.add(waiter(0));
          }
          awaitable.signal();
          awaitable.broadcast();
          yieldALot();
          assertThat(awaitable.waiterCount()).isEqualTo(12);
          awaitable.set(1);
          Computation<Object> ofOne = waiter(1);
          Computation<Object> another = waiter(1);
          awaitable.set(0);
          awaitable.signal();
          ofOne.await();
          awaitable.signal();
          another.await();
          assertThat(awaitable.waiterCount()).isEqualTo(12);
          assertThat(ofZero).allMatch(Computation::isRunning);
          awaitable.set(2);
          for (Computation<Object> each : ofZero) {
            awaitable.signal();
            each.await();
          }
        });
  }

  @OnEveryScheduler
  void broadcast_wakesAllButThoseWhoExpectTheValue(Scheduler scheduler) {
    // A broadcast wakes all that expect another value, and only those
    scheduler.run(
        () -> {
          for (int round = 0; round < 10; round++) {
            List<Computation<Object>> ofZero = new ArrayList<>();
            List<Computation<Object>> ofOne = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
              awaitable.set(i % 2);
              (i % 2 == 0 ? ofZero : ofOne).add(waiter(i % 2));
            }
            awaitable.broadcast();
            ofZero.forEach(Computation::await);
            yieldALot();
            assertThat(ofOne).allMatch(Computation::isRunning);
            assertThat(awaitable.waiterCount()).isEqualTo(10);
            awaitable.set(0);
            awaitable.broadcast();
            ofOne.forEach(Computation::await);
            assertThat(awaitable).hasToString("AwaitableInt[0]");
          }
        });
  }

  @OnEveryScheduler
  void await_ofAnotherValue(Scheduler scheduler) {
    // await returns at once when the value is another one, also in a canceled fiber
    scheduler.run(
        () ->
            Canceled.with(
                reason,
                () -> {
                  awaitable.await(1);
                  assertThat(awaitable.await(1, LONG)).isTrue();
                  assertThat(awaitable.await(1, Duration.ZERO)).isTrue();
                  assertThat(awaitable.await(1, Computation.returned("over"))).isTrue();
                }));
  }

  @OnEveryScheduler
  void canceledBefore(Scheduler scheduler) {
    // a canceled fiber that would have to wait throws the reason, and leaves nothing
    scheduler.run(
        () -> {
          Canceled.with(
              reason,
              () -> {
                assertThatThrownBy(() -> awaitable.await(0)).isSameAs(reason);
                assertThatThrownBy(() -> awaitable.await(0, LONG)).isSameAs(reason);
                assertThatThrownBy(() -> awaitable.await(0, Duration.ZERO)).isSameAs(reason);
                assertThatThrownBy(() -> awaitable.await(0, Computation.returned("over")))
                    .isSameAs(reason);
              });
          assertThat(awaitable.waiterCount()).isZero();
        });
  }

  @OnEveryScheduler
  void canceledMeanwhile(Scheduler scheduler) {
    // a waiter that is canceled throws the reason, and the next signal goes to the next
    scheduler.run(
        () -> {
          Computation<Object> computation = new Computation<>();
          Computation<Object> canceled = waiter(computation, 0);
          waiters.until(1);
          Computation<Object> next = waiter(0);
          computation.tryCancel(reason);
          assertThatThrownBy(canceled::await).isSameAs(reason);
          assertThat(awaitable.waiterCount()).isEqualTo(1);
          awaitable.set(1);
          awaitable.signal();
          assertThat(next.await()).isEqualTo("woken");
        });
  }

  @OnEveryScheduler
  void canceledMeanwhile_forbidden(Scheduler scheduler) {
    // a waiter that forbids cancelation goes on waiting
    scheduler.run(
        () -> {
          Computation<Object> computation = new Computation<>();
          Computation<Object> waiter =
              waiters.startUnder(
                  computation,
                  () -> {
                    Control.runProtected(() -> awaitable.await(0));
                    return "woken";
                  });
          waiters.until(1);
          computation.tryCancel(reason);
          yieldALot();
          assertThat(waiter.isRunning()).isTrue();
          awaitable.set(1);
          awaitable.signal();
          assertThat(waiter.await()).isEqualTo("woken");
        });
  }

  @OnEveryScheduler
  void computationReturnsMeanwhile(Scheduler scheduler) {
    // a waiter whose computation returns still waits for a signal
    scheduler.run(
        () -> {
          Computation<Object> computation = new Computation<>();
          Computation<Object> waiter = waiter(computation, 0);
          waiters.until(1);
          computation.tryReturn("by another fiber");
          yieldALot();
          assertThat(waiter.isRunning()).isTrue();
          waiters.until(1);
          awaitable.set(1);
          awaitable.signal();
          assertThat(waiter.await()).isEqualTo("woken");
        });
  }

  @OnEveryScheduler
  void race_ofSignalAndCancelation(Scheduler scheduler) {
    // A signal for a waiter that is canceled at that moment goes to another
    scheduler.run(
        () -> {
          for (int round = 0; round < 2_000; round++) {
            awaitable.set(0);
            Computation<Object> computation = new Computation<>();
            Computation<Object> waiter = waiter(computation, 0);
            waiters.until(1);
            Computation<Object> other = waiter(0);
            Computation<Boolean> canceler = Fibers.start(() -> computation.tryCancel(reason));
            for (int spins = round % 60; spins > 0; spins--) {
              Thread.onSpinWait();
            }
            awaitable.set(1);
            awaitable.signal();
            waiter.join();
            canceler.join();
            if (waiter.isCanceled()) {
              other.await();
            } else {
              awaitable.signal();
              other.await();
            }
            assertThat(awaitable.waiterCount()).isZero();
          }
        });
  }

  @OnEveryScheduler
  void race_ofChangeAndAwait(Scheduler scheduler) {
    // a waiter that comes just as the value changes and is signaled does not sleep
    scheduler.run(
        () -> {
          int rounds = 3_000;
          AwaitableInt there = new AwaitableInt(0);
          AwaitableInt back = new AwaitableInt(0);
          Run.all(() -> play(rounds, there, back, 0), () -> play(rounds, back, there, 1));
          assertThat(there.get()).isEqualTo(rounds);
        });
  }

  /** Sets the one to what comes next, and waits for the other to follow or to go ahead. */
  private static void play(int rounds, AwaitableInt mine, AwaitableInt other, int behind) {
    for (int i = 1; i <= rounds; i++) {
      for (int now = other.get(); behind == 1 && now < i; now = other.get()) {
        other.await(now);
      }
      mine.set(i);
      mine.signal();
      for (int now = other.get(); behind == 0 && now < i; now = other.get()) {
        other.await(now);
      }
    }
  }

  @OnEveryScheduler
  void awaiter_isAlwaysEligible(Scheduler scheduler) {
    // An awaiter is signaled whatever the value is; removed, it takes no signal
    scheduler.run(
        () -> {
          Trigger first = new Trigger();
          Trigger second = new Trigger();
          Registration ofFirst = awaitable.add(first);
          Computation<Object> waiter = waiter(0);
          Registration ofSecond = awaitable.add(second);
          assertThat(ofFirst).hasToString("Registration[waiting]");
          assertThat(ofFirst.remove()).isTrue();
          assertThat(ofFirst.remove()).isTrue();
          assertThat(ofFirst).hasToString("Registration[removed]");
          awaitable.signal();
          assertThat(first.isSignaled()).isFalse();
          assertThat(second.await()).isNull();
          assertThat(ofSecond.remove()).isFalse();
          assertThat(ofSecond.remove()).isFalse();
          assertThat(ofSecond).hasToString("Registration[signaled]");
          assertThat(waiter.isRunning()).isTrue();
          awaitable.set(1);
          awaitable.signal();
          waiter.await();
        });
  }

  @Test
  void broadcast_whenActionsThrow() {
    // actions that throw keep nobody from being signaled; what they threw is reported
    Trigger[] triggers = new Trigger[5];
    for (int i = 0; i < triggers.length; i++) {
      triggers[i] =
          i % 2 == 0
              ? new Trigger()
              : Trigger.fromAction(
                  i,
                  "",
                  (trigger, x, y) -> {
                    throw new IllegalStateException("action " + x);
                  });
      awaitable.add(triggers[i]);
    }
    assertThatThrownBy(awaitable::broadcast)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("action 1")
        .satisfies(thrown -> assertThat(thrown.getSuppressed()).hasSize(1));
    assertThat(triggers).allMatch(Trigger::isSignaled);
    assertThat(awaitable.waiterCount()).isZero();
  }

  @OnEveryScheduler
  void await_forSoLong(Scheduler scheduler) {
    // a limited wait ends with false when nothing comes, and leaves nothing
    scheduler.run(
        () -> {
          assertThat(awaitable.await(0, Duration.ofMillis(1))).isFalse();
          assertThat(awaitable.await(0, Duration.ofNanos(1))).isFalse();
          assertThat(awaitable.await(0, Duration.ZERO)).isFalse();
          assertThat(awaitable.waiterCount()).isZero();
          assertThatIllegalArgumentException()
              .isThrownBy(() -> awaitable.await(0, Duration.ofNanos(-1)))
              .withMessageContaining("negative");
          assertThatIllegalArgumentException()
              .isThrownBy(() -> awaitable.await(1, Duration.ofNanos(-1)));
        });
  }

  @OnEveryScheduler
  void await_forSoLong_signaled(Scheduler scheduler) {
    // a limited wait that is signaled in time ends with true
    scheduler.run(
        () -> {
          Computation<Boolean> waiter = waiters.start(() -> awaitable.await(0, LONG));
          waiters.until(1);
          awaitable.set(1);
          awaitable.signal();
          assertThat(waiter.await()).isTrue();
        });
  }

  @OnEveryScheduler
  void await_forSoLong_computationReturns(Scheduler scheduler) {
    // a limited wait goes on when the computation of its fiber returns, and is still limited
    scheduler.run(
        () -> {
          Computation<Object> computation = new Computation<>();
          Computation<Object> limit = new Computation<>();
          Computation<Boolean> waiter =
              waiters.startUnder(computation, () -> awaitable.await(0, limit));
          waiters.until(1);
          computation.tryReturn("by another fiber");
          yieldALot();
          assertThat(waiter.isRunning()).isTrue();
          limit.tryReturn("over");
          assertThat(waiter.await()).isFalse();
          assertThat(awaitable.waiterCount()).isZero();
        });
  }

  @OnEveryScheduler
  void race_ofSignalAndLimit(Scheduler scheduler) {
    // a signal that comes as the time runs out is spent exactly if the wait says so
    scheduler.run(
        () -> {
          for (int round = 0; round < 1_000; round++) {
            awaitable.set(0);
            Computation<Object> limit = new Computation<>();
            Computation<Boolean> waiter = waiters.start(() -> awaitable.await(0, limit));
            waiters.until(1);
            Trigger trigger = new Trigger();
            Registration other = awaitable.add(trigger);
            awaitable.set(1);
            Run.all(() -> limit.tryReturn("over"), awaitable::signal, () -> awaitable.set(0));
            if (!waiter.await()) {
              // Either the signal went to the other, or the value was 0 when it came.
              assertThat(other.remove()).isEqualTo(!trigger.isSignaled());
              assertThat(trigger.isSignaled()).isTrue();
            } else {
              boolean unused = other.remove();
            }
            assertThat(awaitable.waiterCount()).isZero();
          }
        });
  }

  @OnEveryScheduler
  void mutexOfThreeStates(Scheduler scheduler) {
    // The lock of the documentation loses no count
    int rounds = Rounds.of(10_000, 100_000);
    int[] count = {0};
    Block<RuntimeException> counting =
        () -> {
          for (int i = 0; i < rounds; i++) {
            lock();
            count[0]++;
            if (i % 100 == 0) {
              Fiber.yield();
            }
            unlock();
          }
        };
    scheduler.run(() -> Run.all(Collections.nCopies(8, counting)));
    assertThat(count[0]).isEqualTo(8 * rounds);
    assertThat(awaitable).hasToString("AwaitableInt[0]");
  }

  private void lock() {
    if (!awaitable.compareAndSet(0, 1)) {
      while (awaitable.getAndSet(2) != 0) {
        awaitable.await(2);
      }
    }
  }

  private void unlock() {
    if (awaitable.getAndSet(0) == 2) {
      awaitable.signal();
    }
  }

  @OnEveryTwoSchedulers
  void acrossSchedulers(Scheduler one, Scheduler other) throws Exception {
    // fibers of two schedulers wait for each other
    AwaitableInt there = new AwaitableInt(0);
    AwaitableInt back = new AwaitableInt(0);
    Task<Boolean> task = Task.start(() -> one.run(() -> play(300, there, back, 0)));
    other.run(() -> play(300, back, there, 1));
    task.result();
    assertThat(there.get()).isEqualTo(300);
  }

  @OnEveryScheduler
  void race_inLongList(Scheduler scheduler) {
    // of many waiters a random half is canceled while others are signaled: no signal is lost
    scheduler.run(
        () -> {
          for (int seed = 0; seed < 10; seed++) {
            int count = 400;
            awaitable.set(0);
            Random random = new Random(seed);
            AtomicInteger woken = new AtomicInteger();
            List<Computation<Object>> computations = new ArrayList<>();
            List<Computation<Object>> results = new ArrayList<>();
            for (int i = 0; i < count; i++) {
              Computation<Object> computation = new Computation<>();
              computations.add(computation);
              results.add(
                  waiters.startUnder(
                      computation,
                      () -> {
                        awaitable.await(0);
                        return woken.incrementAndGet();
                      }));
            }
            try {
              waiters.until(count);
              awaitable.set(1);
              Run.all(
                  () -> {
                    for (int i = 0; i < count / 2; i++) {
                      computations.get(random.nextInt(count)).tryCancel(reason);
                    }
                  },
                  () -> signalMany(count / 4),
                  () -> signalMany(count / 4));
              while (woken.get() < count / 2) {
                Fiber.yield();
              }
              yieldALot();
              assertThat(woken).hasValue(count / 2);
            } finally {
              computations.forEach(computation -> computation.tryCancel(reason));
            }
            results.forEach(Computation::join);
            assertThat(woken).hasValue(count / 2);
            assertThat(awaitable).hasToString("AwaitableInt[1]");
          }
        });
  }

  private void signalMany(int count) {
    for (int i = 0; i < count; i++) {
      awaitable.signal();
      if (i % 16 == 0) {
        Fiber.yield();
      }
    }
  }

  @Alone
  @OnEveryKindOfScheduler
  void canceledWaiters_leaveNothing(Scheduler scheduler) {
    // waits that were canceled leave nothing behind, also next to waiters that stay
    scheduler.run(
        () -> {
          Computation<Object> stays = waiter(0);
          for (int i = 0; i < 1_000; i++) {
            awaitCanceled();
          }
          long before = Heap.used();
          for (int i = 0; i < 20_000; i++) {
            awaitCanceled();
          }
          assertThat(Heap.used() - before).isLessThan(8 * 20_000);
          assertThat(awaitable.waiterCount()).isEqualTo(1);
          awaitable.set(1);
          awaitable.signal();
          stays.await();
          assertThat(awaitable).hasToString("AwaitableInt[1]");
        });
  }

  private void awaitCanceled() {
    Computation<Object> computation = new Computation<>();
    Computation<Object> waiter = waiter(computation, 0);
    Fiber.yield();
    computation.tryCancel(reason);
    waiter.join();
  }
}
