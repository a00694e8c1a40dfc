package dev.picos.tests.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.picos.core.Block;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.domains.DeadlockException;
import dev.picos.sched.randos.RandosScheduler;
import dev.picos.std.structured.Flock;
import dev.picos.std.structured.OnReturn;
import dev.picos.std.sync.Latch;
import dev.picos.std.sync.Mutex;
import dev.picos.std.sync.Semaphore;
import dev.picos.tests.OnEveryScheduler;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Philosophers sit around a table, with one fork between any two of them. To eat, each needs the
 * fork to the left and the fork to the right.
 */
class DiningPhilosophersTest {
  private static final int SEATS = 5;
  private static final int MEALS = 200;

  /** A way to get two forks, eat and put them back. */
  interface Manners {
    void eat(int seat, Block<RuntimeException> meal);
  }

  private final Mutex[] forks = Stream.generate(Mutex::new).limit(SEATS).toArray(Mutex[]::new);

  private Mutex left(int seat) {
    return forks[seat];
  }

  private Mutex right(int seat) {
    return forks[(seat + 1) % SEATS];
  }

  /** All take the left fork first. If they do so at the same time, they wait for ever. */
  private void carelessly(int seat, Block<RuntimeException> meal) {
    takeOneByOne(left(seat), right(seat), meal);
  }

  /** All but one take the left fork first; so not everyone can wait for the next. */
  private void oneTheOtherWayRound(int seat, Block<RuntimeException> meal) {
    boolean otherWay = seat == 0;
    Mutex first = otherWay ? right(seat) : left(seat);
    Mutex second = otherWay ? left(seat) : right(seat);
    takeOneByOne(first, second, meal);
  }

  private static void takeOneByOne(Mutex first, Mutex second, Block<RuntimeException> meal) {
    first.runLocked(
        () -> {
          Fiber.yield(); // reaches across the table
          second.runLocked(meal);
        });
  }

  private final Semaphore chairs = new Semaphore(SEATS - 1);

  /** There is a chair less than there are philosophers; so one of those who sit has both forks. */
  private void withOneStanding(int seat, Block<RuntimeException> meal) {
    chairs.acquire();
    try {
      carelessly(seat, meal);
    } finally {
      chairs.release();
    }
  }

  @OnEveryScheduler
  void oneTheOtherWayRound(Scheduler scheduler) {
    // everyone eats as often as they want, and never together with a neighbour
    dine(scheduler, this::oneTheOtherWayRound);
  }

  @OnEveryScheduler
  void withOneStanding(Scheduler scheduler) {
    // so they do when one has to stand; the semaphore is fair, so that all get to sit
    dine(scheduler, this::withOneStanding);
  }

  private static void dine(Scheduler scheduler, Manners manners) {
    AtomicInteger[] eating =
        Stream.generate(AtomicInteger::new).limit(SEATS).toArray(AtomicInteger[]::new);
    AtomicInteger meals = new AtomicInteger();
    scheduler.run(
        () ->
            Flock.run(
                () -> {
                  for (int i = 0; i < SEATS; i++) {
                    int seat = i;
                    Flock.fork(
                        () -> {
                          for (int meal = 0; meal < MEALS; meal++) {
                            manners.eat(
                                seat,
                                () -> {
                                  eating[seat].incrementAndGet();
                                  Fiber.yield();
                                  assertThat(eating[(seat + 1) % SEATS]).hasValue(0);
                                  assertThat(eating[(seat + SEATS - 1) % SEATS]).hasValue(0);
                                  meals.incrementAndGet();
                                  eating[seat].decrementAndGet();
                                });
                            Fiber.yield(); // thinks
                          }
                        });
                  }
                }));
    assertThat(meals).hasValue(SEATS * MEALS);
  }

  @Test
  void carelessly_endsInADeadlock() {
    // how a tester finds that out: in a closed world, a random order says who waits where
    assertThatExceptionOfType(DeadlockException.class)
        .isThrownBy(
            () -> dine(RandosScheduler.builder().closedWorld(true).build(), this::carelessly))
        .satisfies(deadlock -> assertThat(deadlock.fibers()).hasSizeGreaterThanOrEqualTo(SEATS));
  }

  @OnEveryScheduler
  void philosopherLeaves(Scheduler scheduler) {
    // one who is canceled with a fork in hand puts it back
    scheduler.run(
        () -> {
          Latch hasForks = new Latch(1);
          Flock.run(
              OnReturn.TERMINATE,
              () -> {
                Flock.fork(
                    () ->
                        oneTheOtherWayRound(
                            1,
                            () -> {
                              hasForks.decr();
                              for (; ; ) {
                                Fiber.yield(); // would eat for ever
                              }
                            }));
                hasForks.await();
              });
          for (Mutex fork : forks) {
            assertThat(fork.tryLock()).isTrue();
          }
        });
  }
}
