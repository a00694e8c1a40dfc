package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Run;
import dev.picos.std.sync.PoisonSemaphore;
import dev.picos.std.sync.Semaphore;
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
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * What all that is acquired and released has in common, locks and semaphores alike. What it has in
 * common with whatever else is waited for with a timeout is in {@link TimedTest}.
 */
class AcquiringTest {
  private static final Duration LONG = Duration.ofMinutes(10);

  private final RuntimeException reason = new CancellationException("reason");

  /** Of fibers that are not canceled, unless the test fails: then it ends, instead of hanging. */
  private final Computation<Object> living = new Computation<>();

  /** Tests that something keeps a law, after which it is to be free again. */
  private void onEach(Scheduler scheduler, List<Acquirable> all, Consumer<Acquirable> law) {
    scheduler.run(
        () -> {
          for (Acquirable each : all) {
            try {
              law.accept(each);
              assertThat(each).matches(Acquirable::isFree, "is free");
            } catch (RuntimeException | Error thrown) {
              living.tryCancel(reason);
              throw new AssertionError("the law is broken by " + each, thrown);
            }
          }
        });
  }

  private void onEach(Scheduler scheduler, Consumer<Acquirable> law) {
    onEach(scheduler, Acquirable.all(), law);
  }

  /** Acquires and releases once. */
  private static Computation<Object> acquirer(Computation<?> computation, Acquirable each) {
    return Fibers.startUnder(
        computation,
        () -> {
          each.acquire();
          boolean occupied = each.isOccupied();
          each.release();
          assertThat(occupied).isFalse();
          return "acquired";
        });
  }

  /** Starts one that waits when this returns. */
  private static Computation<Object> waiter(Computation<?> computation, Acquirable each) {
    int before = each.waiting();
    Computation<Object> waiter = acquirer(computation, each);
    each.untilWaiting(before + 1);
    return waiter;
  }

  private static void yieldALot() {
    for (int i = 0; i < 10; i++) {
      Fiber.yield();
    }
  }

  /** What fibers do while they have something, which shows if they have it at the wrong time. */
  private static final class Turns {
    private final Acquirable each;
    private final AtomicInteger together = new AtomicInteger();
    private final AtomicInteger taken = new AtomicInteger();
    private boolean isInside; // this and the next by one at a time, without more synchronization
    private int count;

    Turns(Acquirable each) {
      this.each = each;
    }

    /** To be called by a fiber that has acquired it; releases it. */
    void take(boolean yields) {
      try {
        if (each.together() == 1) {
          takeAlone(yields);
        } else {
          takeTogether(yields);
        }
      } finally {
        each.release();
      }
      taken.incrementAndGet();
    }

    private void takeAlone(boolean yields) {
      assertThat(isInside).isFalse();
      isInside = true;
      int before = count;
      yieldIf(yields);
      count = before + 1;
      isInside = false;
    }

    private void takeTogether(boolean yields) {
      assertThat(together.incrementAndGet()).isBetween(1, each.together());
      yieldIf(yields);
      together.decrementAndGet();
    }

    private static void yieldIf(boolean yields) {
      if (yields) {
        Control.runProtected(Control::yield);
      }
    }

    void takeMany(int rounds, int yieldEvery) {
      for (int i = 1; i <= rounds; i++) {
        each.acquire();
        take(i % yieldEvery == 0);
      }
    }

    void assertTaken(int expected) {
      assertThat(taken).as("%s", each).hasValue(expected);
      assertThat(count).as("%s", each).isEqualTo(each.together() == 1 ? expected : 0);
    }
  }

  @OnEveryScheduler
  void release_oneAfterAnother(Scheduler scheduler) {
    // one release is enough for all that wait: each gets it from the one before
    onEach(
        scheduler,
        each -> {
          each.occupy();
          List<Computation<Object>> waiters = new ArrayList<>();
          for (int i = 0; i < 20; i++) {
            waiters.add(waiter(living, each));
          }
          each.vacate();
          for (Computation<Object> waiter : waiters) {
            assertThat(waiter.await()).isEqualTo("acquired");
          }
        });
  }

  @OnEveryScheduler
  void exclusion_ofManyFibers(Scheduler scheduler) {
    // with a yield each time, 1,000 fibers get their turns, and no more at a time than may
    onEach(
        scheduler,
        each -> {
          Turns turns = new Turns(each);
          Block<RuntimeException> party = () -> turns.takeMany(10, 1);
          Run.all(Collections.nCopies(1_000, party));
          turns.assertTaken(10_000);
        });
  }

  @OnEveryScheduler
  void exclusion_ofManyTurns(Scheduler scheduler) {
    // with hardly a yield, few fibers get many turns, and no more at a time than may
    onEach(
        scheduler,
        each -> {
          Turns turns = new Turns(each);
          Block<RuntimeException> party = () -> turns.takeMany(2_000, 16);
          Run.all(Collections.nCopies(4, party));
          turns.assertTaken(8_000);
        });
  }

  @OnEveryTwoSchedulers
  void acrossSchedulers(Scheduler one, Scheduler other) throws Exception {
    // fibers of two schedulers and a plain thread exclude each other
    List<Turns> all = Acquirable.all().stream().map(Turns::new).toList();
    Block<RuntimeException> party =
        () -> {
          for (Turns each : all) {
            for (int i = 0; i < 300; i++) {
              each.takeMany(1, 2);
              Fiber.yield();
            }
          }
        };
    Task<Boolean> first = Task.start(() -> one.run(() -> Run.all(party, party)));
    Task<Boolean> second = Task.start(() -> other.run(() -> Run.all(party, party)));
    party.run();
    first.result();
    second.result();
    for (Turns each : all) {
      each.assertTaken(5 * 300);
      assertThat(each.each).matches(Acquirable::isFree, "is free");
    }
  }

  @OnEveryScheduler
  void happensBefore_releaseAcquire(Scheduler scheduler) {
    // what is done before a release is seen after the acquire, also where one fiber releases for
    // another, without further synchronization
    Iterator<Acquirable> others = Acquirable.transferable().iterator();
    onEach(
        scheduler,
        Acquirable.transferable(),
        there -> {
          Acquirable back = others.next();
          int[] plain = {0};
          there.occupy();
          back.occupy();
          Run.all(
              () -> {
                for (int i = 1; i <= 1_000; i++) {
                  plain[0] = i;
                  there.release();
                  back.acquire();
                  assertThat(plain[0]).isEqualTo(-i);
                }
              },
              () -> {
                for (int i = 1; i <= 1_000; i++) {
                  there.acquire();
                  assertThat(plain[0]).isEqualTo(i);
                  plain[0] = -i;
                  back.release();
                }
              });
          there.vacate();
        });
  }

  @OnEveryScheduler
  void permits_inRandomOrder(Scheduler scheduler) {
    // as many acquires as releases of permits, in random order, all complete
    onEach(
        scheduler,
        List.of(Acquirable.of(new Semaphore(1)), Acquirable.of(new PoisonSemaphore(1))),
        each -> {
          each.occupy();
          String occupied = each.state();
          int count = Rounds.of(10_000, 100_000);
          List<Block<RuntimeException>> actions =
              new ArrayList<>(Collections.nCopies(count, each::acquire));
          actions.addAll(Collections.nCopies(count, each::release));
          Collections.shuffle(actions, new Random(1));
          Run.all(actions);
          assertThat(each.state()).isEqualTo(occupied);
          each.vacate();
        });
  }

  @OnEveryScheduler
  void canceledBefore(Scheduler scheduler) {
    // a canceled fiber acquires what is free, and throws its reason where it has to wait, be it for
    // no time at all
    List<Duration> timeouts = List.of(Duration.ZERO, Duration.ofNanos(1), LONG);
    onEach(
        scheduler,
        each -> {
          Canceled.with(
              reason,
              () -> {
                each.acquire();
                each.release();
                assertThat(each.tryAcquire()).isTrue();
                each.release();
                for (Duration timeout : timeouts) {
                  assertThat(each.tryAcquire(timeout)).isTrue();
                  each.release();
                }
              });
          each.occupy();
          String occupied = each.state();
          Computation<Object> canceled = new Computation<>();
          canceled.tryCancel(reason);
          Computation<Object> inVain =
              Fibers.startUnder(
                  canceled,
                  () -> {
                    assertThat(each.tryAcquire()).isFalse();
                    assertThatThrownBy(each::acquire).isSameAs(reason);
                    for (Duration timeout : timeouts) {
                      assertThatThrownBy(() -> each.tryAcquire(timeout)).isSameAs(reason);
                    }
                    return "not acquired";
                  });
          assertThat(inVain.await()).isEqualTo("not acquired");
          assertThat(each.state()).isEqualTo(occupied);
          each.vacate();
          assertThat(each.tryAcquire()).isTrue();
          each.release();
        });
  }

  @OnEveryScheduler
  void canceledMeanwhile(Scheduler scheduler) {
    // one that is canceled while it waits, as the first, the last or in between, throws its reason,
    // and the others get what it waited for
    onEach(
        scheduler,
        each -> {
          for (int index = 0; index < 3; index++) {
            each.occupy();
            Computation<Object> computation = new Computation<>();
            List<Computation<Object>> waiters = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
              waiters.add(waiter(i == index ? computation : living, each));
            }
            Computation<Object> canceled = waiters.remove(index);
            computation.tryCancel(reason);
            assertThatThrownBy(canceled::await).isSameAs(reason);
            assertThat(each.waiting()).isBetween(2, each.forgetsAtOnce() ? 2 : 3);
            assertThat(waiters).allMatch(Computation::isRunning);
            each.vacate();
            for (Computation<Object> waiter : waiters) {
              assertThat(waiter.await()).isEqualTo("acquired");
            }
          }
        });
  }

  @OnEveryScheduler
  void canceledMeanwhile_alone(Scheduler scheduler) {
    // the same where nobody else waits: nothing is left of it
    onEach(
        scheduler,
        each -> {
          each.occupy();
          Computation<Object> computation = new Computation<>();
          Computation<Object> canceled = waiter(computation, each);
          computation.tryCancel(reason);
          assertThatThrownBy(canceled::await).isSameAs(reason);
          each.vacate();
        });
  }

  @OnEveryScheduler
  void canceledMeanwhile_forbidden(Scheduler scheduler) {
    // one that forbids cancelation goes on waiting
    onEach(
        scheduler,
        each -> {
          each.occupy();
          Computation<Object> computation = new Computation<>();
          Computation<Object> waiter =
              Fibers.startUnder(
                  computation,
                  () -> {
                    Control.runProtected(each::acquire);
                    boolean occupied = each.isOccupied();
                    each.release();
                    return occupied;
                  });
          each.untilWaiting(1);
          computation.tryCancel(reason);
          yieldALot();
          assertThat(waiter.isRunning()).isTrue();
          each.vacate();
          assertThat(waiter.await()).isEqualTo(false);
        });
  }

  @OnEveryScheduler
  void computationReturnsMeanwhile(Scheduler scheduler) {
    // one whose computation returns, as one shared with others may, goes on waiting
    onEach(
        scheduler,
        each -> {
          each.occupy();
          Computation<Object> computation = new Computation<>();
          Computation<Object> waiter = waiter(computation, each);
          computation.tryReturn("by another fiber");
          yieldALot();
          assertThat(waiter.isRunning()).isTrue();
          each.vacate();
          assertThat(waiter.await()).isEqualTo("acquired");
        });
  }

  @OnEveryScheduler
  void release_inCanceledFiber(Scheduler scheduler) {
    // a canceled fiber can release, whether others wait or not
    onEach(
        scheduler,
        each -> {
          each.occupy();
          Computation<Object> waiter = waiter(living, each);
          Canceled.with(reason, each::vacate);
          assertThat(waiter.await()).isEqualTo("acquired");
          each.acquire();
          Canceled.with(reason, each::release);
        });
  }

  @OnEveryScheduler
  void race_ofReleaseAndCancelation(Scheduler scheduler) {
    // what is released for one that is canceled at that moment is had by it or the next, or free
    onEach(
        scheduler,
        each -> {
          for (int round = 0; round < 2_000; round++) {
            boolean waits = round % 2 == 0;
            boolean isFollowed = round % 3 > 0;
            each.occupy();
            Computation<Object> computation = new Computation<>();
            Computation<Object> canceled =
                waits ? waiter(computation, each) : acquirer(computation, each);
            List<Computation<Object>> next = new ArrayList<>();
            if (isFollowed) {
              next.add(waits ? waiter(living, each) : acquirer(living, each));
            }
            if (!waits) {
              Fiber.yield();
            }
            Computation<Boolean> canceler = Fibers.start(() -> computation.tryCancel(reason));
            for (int spins = round % 61; spins > 0; spins--) {
              Thread.onSpinWait();
            }
            each.vacate();
            next.forEach(Computation::await);
            canceled.join();
            canceler.join();
            assertThat(canceled.cancelReason()).isIn(null, reason);
            assertThat(each).matches(Acquirable::isFree, "is free");
          }
        });
  }

  @OnEveryScheduler
  void race_ofReleaseAndTimeout(Scheduler scheduler) {
    // what is released for one whose time is over at that moment is had by it or the next, or free
    onEach(
        scheduler,
        Acquirable.ofEachClass(),
        each -> {
          for (int round = 0; round < 300; round++) {
            boolean isFollowed = round / 20 % 2 == 0;
            each.occupy();
            Computation<Boolean> waiter =
                Fibers.startUnder(
                    living,
                    () -> {
                      boolean acquired = each.tryAcquire(Duration.ofNanos(100_000));
                      if (acquired) {
                        each.release();
                      }
                      return acquired;
                    });
            List<Computation<Object>> next = new ArrayList<>();
            if (isFollowed) {
              next.add(acquirer(living, each));
            }
            Fiber.sleep(Duration.ofNanos(100_000 + (round % 20 - 10) * 5_000L));
            each.vacate();
            waiter.await();
            next.forEach(Computation::await);
            assertThat(each).matches(Acquirable::isFree, "is free");
          }
        });
  }

  @OnEveryScheduler
  void race_ofManyWithTimeoutsAndCancelations(Scheduler scheduler) {
    // whether fibers wait, give up or are canceled: no more have it than may, and nobody is left
    // asleep
    onEach(
        scheduler,
        each -> {
          Turns turns = new Turns(each);
          AtomicInteger acquired = new AtomicInteger();
          List<Block<RuntimeException>> parties = new ArrayList<>();
          for (int party = 0; party < 6; party++) {
            Random random = new Random(party);
            parties.add(
                () -> {
                  for (int i = 0; i < 300; i++) {
                    acquired.addAndGet(acquireInSomeWay(turns, random) ? 1 : 0);
                  }
                });
          }
          Run.all(parties);
          assertThat(acquired).hasPositiveValue();
          turns.assertTaken(acquired.get());
        });
  }

  private boolean acquireInSomeWay(Turns turns, Random random) {
    int choice = random.nextInt(4);
    Duration timeout = Duration.ofNanos(random.nextInt(100_000));
    Computation<Object> computation = new Computation<>();
    Computation<Boolean> attempt =
        Fibers.startUnder(
            computation,
            () -> {
              if (choice > 0) {
                turns.each.acquire();
              } else if (!turns.each.tryAcquire(timeout)) {
                return false;
              }
              turns.take(choice < 3);
              return true;
            });
    if (choice == 1) {
      computation.tryCancel(reason);
    }
    attempt.join();
    assertThat(attempt.cancelReason()).isIn(null, reason);
    return !attempt.isCanceled() && attempt.await();
  }

  @OnEveryScheduler
  void canceledTogether_leaveLittle(Scheduler scheduler) {
    // of many that are canceled at once, the latest first, hardly any is still there afterwards
    onEach(
        scheduler,
        each -> {
          each.occupy();
          Computation<Object> computation = new Computation<>(Computation.Mode.LIFO);
          List<Computation<Object>> waiters = new ArrayList<>();
          for (int i = 0; i < 1_000; i++) {
            waiters.add(acquirer(computation, each));
          }
          each.untilWaiting(1_000);
          computation.tryCancel(reason);
          for (Computation<Object> waiter : waiters) {
            assertThatThrownBy(waiter::await).isSameAs(reason);
          }
          assertThat(each.waiting()).isLessThan(each.forgetsAtOnce() ? 1 : 10);
          each.vacate();
        });
  }

  @Alone
  @OnEveryKindOfScheduler
  void canceledWaiters_leaveNothing(Scheduler scheduler) {
    // waits that were canceled leave nothing behind, whether another goes on waiting or not
    onEach(
        scheduler,
        Acquirable.ofEachClass(),
        each -> {
          each.occupy();
          String occupied = each.state();
          assertCanceledLeaveNothing(each);
          assertThat(each.state()).isEqualTo(occupied);
          Computation<Object> stays = waiter(living, each);
          assertCanceledLeaveNothing(each);
          assertThat(each.waiting()).isBetween(1, each.forgetsAtOnce() ? 1 : 3);
          each.vacate();
          assertThat(stays.await()).isEqualTo("acquired");
        });
  }

  private void assertCanceledLeaveNothing(Acquirable each) {
    for (int i = 0; i < 1_000; i++) {
      acquireCanceled(each);
    }
    long before = Heap.used();
    for (int i = 0; i < 20_000; i++) {
      acquireCanceled(each);
    }
    assertThat(Heap.used() - before).isLessThan(8 * 20_000);
  }

  private void acquireCanceled(Acquirable each) {
    Computation<Object> computation = new Computation<>();
    Computation<Object> waiter = acquirer(computation, each);
    Fiber.yield();
    computation.tryCancel(reason);
    waiter.join();
  }
}
