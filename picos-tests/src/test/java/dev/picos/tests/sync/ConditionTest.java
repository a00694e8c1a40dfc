package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.OnReturn;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.Alone;
import dev.picos.tests.Heap;
import dev.picos.tests.OnEveryKindOfScheduler;
import dev.picos.tests.OnEveryScheduler;
import dev.picos.tests.Rounds;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;

/** What conditions of all kinds of locks have in common. */
class ConditionTest {
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

  @OnEveryScheduler
  void signal_wakesOneInOrder(Scheduler scheduler) {
    // A signal wakes one fiber, the one that has waited longest
    scheduler.run(
        () -> {
          for (Side side : Side.all()) {
            List<Computation<Object>> awaiters = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
              awaiters.add(awaiter(side));
              side.untilWaiting(i + 1);
            }
            for (int i = 0; i < 10; i++) {
              assertThat(awaiters.get(i).isRunning()).isTrue();
              side.signal();
              assertThat(awaiters.get(i).await()).isEqualTo("woken");
              yieldALot();
              assertThat(Waiting.of(side.condition())).isEqualTo(9 - i);
            }
            assertThat(side.condition())
                .hasToString("Condition[0 waiting, of " + side.lock() + "]");
            assertThat(side.isFree()).isTrue();
          }
        });
  }

  @OnEveryScheduler
  void signalAll_wakesAll(Scheduler scheduler) {
    // SignalAll wakes all that wait
    scheduler.run(
        () -> {
          for (Side side : Side.all()) {
            for (int round = 0; round < 10; round++) {
              List<Computation<Object>> awaiters = new ArrayList<>();
              for (int i = 0; i < 20; i++) {
                awaiters.add(awaiter(side));
              }
              side.untilWaiting(20);
              side.signalAll();
              awaiters.forEach(Computation::await);
            }
          }
        });
  }

  @OnEveryScheduler
  void signal_withoutWaiters(Scheduler scheduler) {
    // a signal that nobody waits for is not kept
    scheduler.run(
        () -> {
          for (Side side : Side.all()) {
            side.signal();
            side.signalAll();
            Computation<Object> awaiter = awaiter(side);
            side.untilWaiting(1);
            yieldALot();
            assertThat(awaiter.isRunning()).isTrue();
            Canceled.with(reason, side::signal);
            awaiter.await();
          }
        });
  }

  @OnEveryScheduler
  void await_holdsTheLockAfterwards(Scheduler scheduler) {
    // Await releases the lock, and returns with it
    scheduler.run(
        () -> {
          for (Side side : Side.exclusive()) {
            side.acquire();
            Computation<Object> signaler =
                Fibers.start(
                    () -> {
                      side.acquire();
                      side.signal();
                      side.release();
                      return "signaled";
                    });
            side.await();
            assertThat(side.isFree()).isFalse();
            side.release();
            signaler.await();
            assertThat(side.isFree()).isTrue();
          }
        });
  }

  @OnEveryScheduler
  void await_underReturnedComputation(Scheduler scheduler) {
    // Fibers whose computation has returned, before or while they wait, wait for a signal
    scheduler.run(
        () -> {
          for (Side side : Side.all()) {
            Computation<Object> computation = new Computation<>();
            Computation<Object> first = awaiter(Computation.returned(1), side);
            side.untilWaiting(1);
            Computation<Object> second = awaiter(computation, side);
            side.untilWaiting(2);
            computation.tryReturn("done");
            yieldALot();
            assertThat(first.isRunning()).isTrue();
            assertThat(second.isRunning()).isTrue();
            side.signal();
            side.signal();
            first.await();
            second.await();
          }
        });
  }

  @OnEveryScheduler
  void await_canceledBefore(Scheduler scheduler) {
    // Await in a canceled fiber throws the reason, with the lock held
    scheduler.run(
        () -> {
          for (Side side : Side.all()) {
            side.acquire();
            String held = side.lock().toString();
            Canceled.with(reason, () -> assertThatThrownBy(side::await).isSameAs(reason));
            Canceled.with(
                reason, () -> assertThatThrownBy(() -> side.await(LONG)).isSameAs(reason));
            assertThat(Fiber.current().forbidsCancelation()).isFalse();
            assertThat(side.lock()).hasToString(held);
            side.release();
            assertThat(Waiting.of(side.condition())).isZero();
          }
        });
  }

  @OnEveryScheduler
  void await_canceledMeanwhile(Scheduler scheduler) {
    // a waiter that is canceled throws the reason, once it has the lock
    scheduler.run(
        () -> {
          for (Side side : Side.exclusive()) {
            Computation<Object> computation = new Computation<>();
            Computation<Object> canceled = awaiter(computation, side);
            side.untilWaiting(1);
            side.acquire();
            computation.tryCancel(reason);
            yieldALot();
            assertThat(canceled.isRunning()).isTrue();
            side.release();
            assertThatThrownBy(canceled::await).isSameAs(reason);
            assertThat(Waiting.of(side.condition())).isZero();
          }
        });
  }

  @OnEveryScheduler
  void await_forbidden(Scheduler scheduler) {
    // Where cancelation is forbidden await waits for a signal; the flag is as before
    scheduler.run(
        () -> {
          for (Side side : Side.all()) {
            Computation<Object> computation = new Computation<>();
            Computation<Object> awaiter =
                Fibers.startUnder(
                    computation,
                    () ->
                        Control.callProtected(
                            () -> {
                              side.acquire();
                              side.await();
                              side.release();
                              return Fiber.current().forbidsCancelation();
                            }));
            side.untilWaiting(1);
            computation.tryCancel(reason);
            yieldALot();
            assertThat(awaiter.isRunning()).isTrue();
            side.signal();
            assertThat(awaiter.await()).isEqualTo(true);
          }
        });
  }

  @OnEveryScheduler
  void race_ofSignalAndCancelation(Scheduler scheduler) {
    // A signal that a canceled waiter has got goes to the next
    scheduler.run(
        () -> {
          for (Side side : Side.all()) {
            for (int round = 0; round < 700; round++) {
              Computation<Object> computation = new Computation<>();
              Computation<Object> first = awaiter(computation, side);
              side.untilWaiting(1);
              Computation<Object> second = awaiter(side);
              side.untilWaiting(2);
              Computation<Boolean> canceler = Fibers.start(() -> computation.tryCancel(reason));
              for (int spins = round % 60; spins > 0; spins--) {
                Thread.onSpinWait();
              }
              side.signal();
              first.join();
              canceler.join();
              if (!first.isCanceled()) {
                side.signal();
              }
              assertThat(second.await()).isEqualTo("woken");
            }
          }
        });
  }

  @OnEveryScheduler
  void signal_inCanceledFiber(Scheduler scheduler) {
    // signal and signalAll are not cancelable, and need not have the lock
    scheduler.run(
        () -> {
          for (Side side : Side.all()) {
            Computation<Object> first = awaiter(side);
            side.untilWaiting(1);
            Canceled.with(reason, side::signal);
            first.await();
            Computation<Object> second = awaiter(side);
            side.untilWaiting(1);
            Canceled.with(reason, side::signalAll);
            second.await();
          }
        });
  }

  @OnEveryScheduler
  void await_withoutTheLock(Scheduler scheduler) {
    // Await without the lock is refused and leaves nothing to spend a signal on
    scheduler.run(
        () -> {
          for (Side side : Side.all()) {
            assertThatExceptionOfType(IllegalMonitorStateException.class).isThrownBy(side::await);
            assertThatExceptionOfType(IllegalMonitorStateException.class)
                .isThrownBy(() -> side.await(LONG));
            assertThatExceptionOfType(IllegalMonitorStateException.class)
                .isThrownBy(() -> side.await(Duration.ZERO));
            assertThat(Waiting.of(side.condition())).isZero();
            assertThat(side.isFree()).isTrue();
            Computation<Object> awaiter = awaiter(side);
            side.untilWaiting(1);
            side.signal();
            awaiter.await();
          }
        });
  }

  @OnEveryScheduler
  void boundedBuffer(Scheduler scheduler) {
    // producers and consumers that wait for each other pass on every item once
    scheduler.run(() -> Side.exclusive().forEach(this::boundedBuffer));
  }

  private void boundedBuffer(Side notFull) {
    int parties = 3;
    int items = 500;
    Side notEmpty = notFull.another();
    ArrayDeque<Integer> buffer = new ArrayDeque<>();
    AtomicInteger sum = new AtomicInteger();
    Bundle.run(
        bundle -> {
          for (int party = 0; party < parties; party++) {
            bundle.fork(
                () -> {
                  for (int i = 1; i <= items; i++) {
                    notFull.acquire();
                    while (buffer.size() == 2) {
                      notFull.await();
                    }
                    buffer.add(i);
                    notFull.release();
                    notEmpty.signal();
                  }
                });
            bundle.fork(
                () -> {
                  for (int i = 1; i <= items; i++) {
                    notEmpty.acquire();
                    while (buffer.isEmpty()) {
                      notEmpty.await();
                    }
                    int item = buffer.remove();
                    notEmpty.release();
                    notFull.signal();
                    sum.addAndGet(item);
                  }
                });
          }
        });
    assertThat(sum).hasValue(parties * items * (items + 1) / 2);
  }

  @Alone
  @OnEveryKindOfScheduler
  void canceledWaiters_leaveNothing(Scheduler scheduler) {
    // waits that were canceled leave nothing behind, also next to waiters that stay
    scheduler.run(
        () -> {
          Side side = Side.ofLock();
          Computation<Object> stays = awaiter(side);
          side.untilWaiting(1);
          for (int i = 0; i < 1_000; i++) {
            awaitCanceled(side);
          }
          long before = Heap.used();
          for (int i = 0; i < 10_000; i++) {
            awaitCanceled(side);
          }
          assertThat(Heap.used() - before).isLessThan(16 * 10_000);
          side.untilWaiting(1);
          side.signal();
          stays.await();
        });
  }

  private void awaitCanceled(Side side) {
    Computation<Object> computation = new Computation<>();
    Computation<Object> waiter = awaiter(computation, side);
    side.untilWaiting(2);
    computation.tryCancel(reason);
    waiter.join();
  }

  @OnEveryScheduler
  void torture(Scheduler scheduler) {
    // Random signals and cancelations; no step is lost, every path is taken, nobody hangs
    scheduler.run(
        () -> {
          for (Side side : Side.exclusive()) {
            new Torture(side, 4, Rounds.of(100, 10_000)).run();
          }
        });
  }

  /** Fibers that acquire, wait, and count their steps, while others signal and cancel at random. */
  private final class Torture {
    private final Side side;
    private final int parties;
    private final int enough;
    private final AtomicReferenceArray<Computation<Object>> computations;

    private final AtomicInteger notAcquired = new AtomicInteger();
    private final AtomicInteger woken = new AtomicInteger();
    private final AtomicInteger canceled = new AtomicInteger();
    private final AtomicInteger signals = new AtomicInteger();
    private final AtomicInteger broadcasts = new AtomicInteger();
    private final AtomicInteger steps = new AtomicInteger();
    private int step;

    Torture(Side side, int parties, int enough) {
      this.side = side;
      this.parties = parties;
      this.enough = enough;
      this.computations = new AtomicReferenceArray<>(parties);
    }

    void run() {
      Bundle.run(
          OnReturn.TERMINATE,
          bundle -> {
            for (int party = 0; party < parties; party++) {
              int index = party;
              bundle.fork(() -> loop(index));
            }
            bundle.fork(this::cancelAtRandom);
            signalAtRandom();
          });
      assertThat(side.isFree()).isTrue();
      assertThat(step).isEqualTo(steps.get());
    }

    private void loop(int index) {
      Computation<?> ofBundle = Fiber.current().computation();
      Computation<Object> own = new Computation<>();
      while (ofBundle.isRunning()) {
        if (!own.isRunning()) {
          own = new Computation<>();
        }
        computations.set(index, own);
        Canceled.under(own, this::acquireAndWait);
        Control.runProtected(Control::yield);
      }
      computations.set(index, null);
    }

    private void acquireAndWait() {
      try {
        side.acquire();
      } catch (CancellationException thrown) {
        notAcquired.incrementAndGet();
        return;
      }
      step();
      try {
        side.await();
        woken.incrementAndGet();
      } catch (CancellationException thrown) {
        canceled.incrementAndGet();
      }
      step();
      side.release();
    }

    private void step() {
      int before = step;
      Control.runProtected(Control::yield);
      step = before + 1;
      steps.incrementAndGet();
    }

    private boolean isEnough() {
      return Math.min(woken.get(), canceled.get()) >= enough
          && Math.min(signals.get(), broadcasts.get()) >= enough
          && notAcquired.get() >= enough / 10;
    }

    private void signalAtRandom() {
      Random random = new Random(1);
      while (!isEnough()) {
        if (random.nextInt(4) == 0) {
          side.signalAll();
          broadcasts.incrementAndGet();
        } else {
          side.signal();
          signals.incrementAndGet();
        }
        Fiber.yield();
      }
    }

    private void cancelAtRandom() {
      Random random = new Random(2);
      try {
        for (; ; ) {
          Computation<Object> victim = computations.get(random.nextInt(parties));
          if (victim != null) {
            victim.tryCancel(reason);
          }
          Fiber.yield();
        }
      } finally {
        // Those that wait, or are about to, listen to their own computations only.
        for (int i = 0; i < parties; i++) {
          Computation<Object> last = computations.get(i);
          while (last != null) {
            last.tryCancel(reason);
            Control.runProtected(Control::yield);
            last = computations.get(i);
          }
        }
      }
    }
  }
}
