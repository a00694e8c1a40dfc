package dev.picos.sched.randos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.picos.core.Computation;
import dev.picos.core.FatalFiberError;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.core.Trigger;
import dev.picos.domains.Domain;
import dev.picos.domains.Domains;
import dev.picos.testing.fibers.Fibers;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class RandosSchedulerTest {
  private static RandosScheduler seeded(long seed) {
    return RandosScheduler.builder().seed(seed).build();
  }

  private static RandosScheduler leavingThreads(long seed) {
    return RandosScheduler.builder().seed(seed).adoptsThreads(false).build();
  }

  // Seeds

  /** This is for our own operations and for classes of the JDK. */
  @ParameterizedTest
  @EnumSource
  void sameSeed_givesTheSameSchedule(Programs program) {
    assumeTrue(program.isPossible());
    for (long seed = 0; seed < 20; seed++) {
      String schedule = program.run(seeded(seed));
      assertThat(schedule).hasSize(Programs.FIBERS * Programs.ROUNDS);
      assertThat(program.run(seeded(seed))).as("seed %d", seed).isEqualTo(schedule);
    }
  }

  @ParameterizedTest
  @EnumSource
  void differentSeeds_giveDifferentSchedules(Programs program) {
    assumeTrue(program.isPossible());
    Set<String> schedules = new HashSet<>();
    LongStream.range(0, 20).forEach(seed -> schedules.add(program.run(seeded(seed))));
    assertThat(schedules).hasSizeGreaterThan(10);
  }

  /**
   * What a seed means does not depend on the machine or the JDK. That goes for all programs but
   * those of classes whose code differs between the JDKs, such as {@code Exchanger}.
   */
  @Test
  void seed_meansTheSameEverywhere() {
    assertSchedules(
        """
          YIELDS becbcbbdcadadbdbcaccaeddeeeaea
          TRIGGERS bbbbbbccccccaaaaaaeeeeeedddddd
          REENTRANT_LOCK beacbbbdbbeeeeeaaaaacccccddddd
          CONDITION bbbcccaaaaadddeeeeeebbccadddbc
          READ_WRITE_LOCK beacbbbdbbaeeecadddddceaecacac
          SEMAPHORE becdeabebeeebbbccddddcdccaaaaa
          COUNT_DOWN_LATCH bcaedbdbdbbbdddaacceaeaaeeeccc
          CYCLIC_BARRIER bcaeddbcaeedbcaaedbccaedbbcaed
          PHASER bcaeddecabbdaeccedabbadeccdeab
          ARRAY_BLOCKING_QUEUE bccaaabdacabcdcbaeedebcdebdeed
          LINKED_BLOCKING_QUEUE bccaaabdacabcdcbaeedcbedebdeed
          SYNCHRONOUS_QUEUE bccaaabbdacccbbdcdaaeeeddbeeed
          COMPLETABLE_FUTURE bcaaeeddcacebbdacaceebbacbeddd
        """);
  }

  @Test
  @EnabledForJreRange(min = JRE.JAVA_24, disabledReason = "a fiber in a monitor keeps its domain")
  void seed_meansTheSameInMonitors() {
    assertSchedules(
        """
          CONCURRENT_HASH_MAP becdeaebbebbbdeedddaadaaaccccc
          MONITOR beacbdbbbbeeeeeaaaaacccccddddd
          OBJECT_WAIT bbbcccaaaaadddeeeeeebbccadddbc
          NESTED_MONITORS becdeaeeeedddddbbbbbcccccaaaaa
        """);
  }

  private static void assertSchedules(String expected) {
    for (String line : expected.lines().toList()) {
      String[] programAndSchedule = line.strip().split(" ", 2);
      Programs program = Programs.valueOf(programAndSchedule[0]);
      assertThat(program.run(seeded(42))).as(line).isEqualTo(programAndSchedule[1]);
    }
  }

  /** This is for what libraries leave to chance. */
  @Test
  void seed_determinesRandom() {
    Set<List<Integer>> all = new HashSet<>();
    for (long seed = 0; seed < 20; seed++) {
      List<Integer> draws = draws(seeded(seed));
      assertThat(draws(seeded(seed))).as("seed %d", seed).isEqualTo(draws);
      all.add(draws);
    }
    assertThat(all).hasSize(20);
  }

  private static List<Integer> draws(RandosScheduler scheduler) {
    List<Integer> draws = new ArrayList<>();
    scheduler.run(
        () -> {
          for (int i = 0; i < 10; i++) {
            Fibers.startBare(
                () -> {
                  draws.add(Fiber.random(1_000));
                  Fiber.yield();
                  draws.add(Fiber.random(1_000));
                });
          }
        });
    return draws;
  }

  /** A thread that a fiber starts needs no domain of the run, and no turn in it. */
  @Test
  void threadThatAFiberStarts_runsBesideTheRun_ifNotAdopted() {
    leavingThreads(1)
        .run(
            () -> {
              AtomicReference<Fiber> other = new AtomicReference<>();
              Thread.startVirtualThread(() -> other.set(Fiber.current()));
              while (other.get() == null) {
                Thread.onSpinWait(); // on the only domain
              }
              assertThat(other.get()).isNotSameAs(Fiber.current());
            });
  }

  /** Such a thread, and what it spawns, has no part in the choices. */
  @Test
  void threadsThatFibersStart_leaveTheScheduleAsItIs_ifNotAdopted() {
    for (long seed = 0; seed < 20; seed++) {
      String schedule = yields(seeded(seed), () -> {});
      String withThreads =
          yields(
              leavingThreads(seed),
              () ->
                  Thread.startVirtualThread(
                      () -> {
                        for (int i = 0; i < 10; i++) {
                          Fibers.startBare(Fiber::yield);
                          Fiber.yield();
                        }
                      }));
      assertThat(withThreads).as("seed %d", seed).isEqualTo(schedule);
    }
  }

  /** Five fibers do something and yield; returns who had his turn when. */
  private static String yields(RandosScheduler scheduler, Runnable first) {
    StringBuilder log = new StringBuilder();
    scheduler.run(
        () -> {
          for (int i = 0; i < 5; i++) {
            char name = (char) ('a' + i);
            Fibers.startBare(
                () -> {
                  first.run();
                  for (int turn = 0; turn < 6; turn++) {
                    log.append(name);
                    Fiber.yield();
                  }
                });
          }
        });
    return log.toString();
  }

  @Test
  void oneScheduler_beginsAnewWithEachRun() {
    RandosScheduler scheduler = RandosScheduler.create();
    String schedule = Programs.YIELDS.run(scheduler);
    assertThat(Programs.YIELDS.run(scheduler)).isEqualTo(schedule);
    assertThat(Programs.YIELDS.run(seeded(scheduler.seed()))).isEqualTo(schedule);
  }

  @Test
  void seeds_areChosenByChance() {
    Set<Long> seeds = new HashSet<>();
    for (int i = 0; i < 10; i++) {
      seeds.add(RandosScheduler.create().seed());
    }
    assertThat(seeds).hasSize(10);
  }

  @Test
  void seedOfTheJvm_isThatOfWhoeverIsGivenNone() {
    // a failure is repeated with an option of the JVM, and no edit; a seed in the program stays
    System.setProperty("picos.randos.seed", "-42");
    try {
      assertThat(RandosScheduler.create().seed()).isEqualTo(-42);
      assertThat(RandosScheduler.builder().virtualTime(true).build().seed()).isEqualTo(-42);
      assertThat(seeded(7).seed()).isEqualTo(7);
      System.setProperty("picos.randos.seed", "none");
      assertThatIllegalArgumentException()
          .isThrownBy(RandosScheduler::create)
          .withMessage("picos.randos.seed must be a whole number: none");
    } finally {
      System.clearProperty("picos.randos.seed");
    }
  }

  // Failures

  @Test
  void whatMainThrows_isThrownUnchangedAndCarriesTheSeed() {
    IOException failure = new IOException("of the program");
    Throwable thrown =
        catchThrowable(
            () ->
                seeded(4711)
                    .call(
                        () -> {
                          throw failure;
                        }));
    assertThat(thrown).isSameAs(failure);
    assertThat(failure.getSuppressed())
        .singleElement()
        .asString()
        .contains("thrown in a run of RandosScheduler[seed 4711]");
  }

  @Test
  void fatalError_carriesTheSeed() {
    FatalFiberError error =
        catchThrowableOfType(
            FatalFiberError.class,
            () ->
                seeded(4711)
                    .run(
                        () ->
                            Fibers.startBare(
                                () -> {
                                  throw new IllegalStateException("of the fiber");
                                })));
    assertThat(error).hasMessageContaining("stopped a run of RandosScheduler[seed 4711]; fibers");
    assertThat(error.getSuppressed()).singleElement().asString().contains("seed 4711");
  }

  @Test
  void exceptionOfANestedRun_carriesBothSeeds() {
    IllegalStateException failure = new IllegalStateException();
    Throwable thrown =
        catchThrowable(
            () ->
                seeded(1)
                    .run(
                        () ->
                            seeded(2)
                                .run(
                                    () -> {
                                      throw failure;
                                    })));
    assertThat(thrown).isSameAs(failure);
    assertThat(failure.getSuppressed()).hasSize(2);
    assertThat(failure.getSuppressed()[0]).hasMessageContaining("seed 2");
    assertThat(failure.getSuppressed()[1]).hasMessageContaining("seed 1");
  }

  @Test
  void exceptionThatIsThrownAgainAndAgain_doesNotGrow() {
    RuntimeException constant = new RuntimeException("always the same");
    for (int seed = 0; seed < 100; seed++) {
      RandosScheduler scheduler = seeded(seed);
      assertThatThrownBy(
              () ->
                  scheduler.run(
                      () -> {
                        throw constant;
                      }))
          .isSameAs(constant);
    }
    assertThat(constant.getSuppressed()).hasSizeLessThan(10);
  }

  // Choices

  /** Finds out, over many seeds, in which orders two fibers come. */
  private static Set<String> orders(RandosScheduler.Builder builder, Runnable operation) {
    Set<String> orders = new HashSet<>();
    for (long seed = 0; seed < 50; seed++) {
      StringBuilder log = new StringBuilder();
      builder
          .seed(seed)
          .build()
          .run(
              () -> {
                Fibers.startBare(() -> log.append("child "));
                operation.run();
                log.append("parent ");
              });
      orders.add(log.toString());
    }
    return orders;
  }

  @Test
  void spawn_doesNotPreemptTheParent() {
    assertThat(orders(RandosScheduler.builder(), () -> {})).containsExactly("parent child ");
  }

  @Test
  void spawn_preemptsIfAskedTo() {
    assertThat(orders(RandosScheduler.builder().preemptOnSpawn(true), () -> {}))
        .containsExactlyInAnyOrder("parent child ", "child parent ");
  }

  /** Every operation can switch, though it does not suspend. */
  @Test
  void everyOperation_maySwitch() {
    String[] both = {"parent child ", "child parent "};
    assertThat(orders(RandosScheduler.builder(), Fiber::yield)).containsExactlyInAnyOrder(both);
    assertThat(
            orders(
                RandosScheduler.builder(),
                () -> new Computation<>().cancelAfter(Duration.ofHours(1), new Exception())))
        .containsExactlyInAnyOrder(both);
    assertThat(
            orders(
                RandosScheduler.builder(),
                () -> {
                  Fiber self = Fiber.current();
                  Computation<?> before = self.computation();
                  Computation<Object> canceled = new Computation<>();
                  canceled.tryCancel(new IllegalStateException());
                  self.setComputation(canceled);
                  assertThat(new Trigger().await()).isNotNull();
                  self.setComputation(before);
                }))
        .containsExactlyInAnyOrder(both);
  }

  @Test
  void strategy_chooses() {
    List<Integer> order = new ArrayList<>();
    RandosScheduler.builder()
        .strategy(seed -> ready -> ready.size() - 1)
        .build()
        .run(
            () -> {
              for (int i = 0; i < 5; i++) {
                int number = i;
                Fibers.startBare(() -> order.add(number));
              }
            });
    assertThat(order).containsExactly(4, 3, 2, 1, 0);
  }

  @Test
  void strategyThatChoosesNobody_endsTheRun() {
    FatalFiberError error =
        catchThrowableOfType(
            FatalFiberError.class,
            () ->
                RandosScheduler.builder()
                    .strategy(seed -> ready -> ready.size())
                    .build()
                    .run(() -> Fibers.startBare(() -> {})));
    assertThat(error).hasRootCauseInstanceOf(IndexOutOfBoundsException.class);
  }

  // Virtual time

  @Test
  void virtualTime_passesAtOnce() {
    List<String> log = new ArrayList<>();
    RandosScheduler.builder()
        .seed(1)
        .virtualTime(true)
        .build()
        .run(
            () -> {
              for (int hours : new int[] {3, 1, 1000, 2}) {
                Fibers.startBare(
                    () -> {
                      Fiber.sleep(Duration.ofHours(hours));
                      log.add(hours + " h");
                    });
              }
            });
    assertThat(log).containsExactly("1 h", "2 h", "3 h", "1000 h");
  }

  @Test
  void virtualTime_standsStillWhileAFiberCanRun() {
    AtomicInteger yields = new AtomicInteger();
    boolean timedOut =
        RandosScheduler.builder()
            .virtualTime(true)
            .build()
            .call(
                () -> {
                  Computation<Object> soon = new Computation<>();
                  soon.cancelAfter(Duration.ofNanos(1), new IllegalStateException("late"));
                  Fibers.startBare(
                      () -> {
                        while (yields.incrementAndGet() < 1000) {
                          Fiber.yield();
                          assertThat(soon.isRunning()).isTrue();
                        }
                      });
                  return catchThrowable(soon::join) == null && soon.isCanceled();
                });
    assertThat(timedOut).isTrue();
    assertThat(yields).hasValue(1000);
  }

  /** The JVM makes a fiber that may enter ready a while after the release. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void virtualTime_standsStillWhileAFiberIsLetIntoAMonitor(int domains) {
    Object monitor = new Object();
    for (int round = 0; round < 1_000; round++) {
      Computation<Object> entered = new Computation<>();
      RandosScheduler.builder()
          .domains(domains)
          .virtualTime(true)
          .build()
          .run(
              () -> {
                entered.cancelAfter(Duration.ofHours(1), new IllegalStateException("late"));
                Fibers.startBare(
                    () -> {
                      synchronized (monitor) {
                        Fiber.yield();
                        Fiber.yield();
                      }
                    });
                Fibers.startBare(
                    () -> {
                      synchronized (monitor) {
                        entered.tryReturn("in time");
                      }
                    });
              });
      assertThat(entered.peek()).as("round %d", round).isEqualTo(new Outcome.Returned<>("in time"));
    }
  }

  // Several domains

  @Test
  void severalDomains_runEverything() {
    for (int round = 0; round < 100; round++) {
      AtomicInteger ended = new AtomicInteger();
      RandosScheduler.builder()
          .domains(2)
          .build()
          .run(
              () -> {
                for (int i = 0; i < 50; i++) {
                  Fibers.startBare(
                      () -> {
                        Fiber.yield();
                        Fibers.startBare(ended::incrementAndGet);
                      });
                }
              });
      assertThat(ended).hasValue(50);
    }
  }

  /** After any operation that can switch a fiber may find itself on another domain. */
  @Test
  void twoDomains_fibersMoveWithEveryOperation() {
    assumeThat(Domains.shared().size()).isGreaterThan(1);
    Map<String, Runnable> operations =
        Map.of(
            "yield",
            Fiber::yield,
            "await",
            () -> assertThat(Fibers.start(() -> 1).await()).isEqualTo(1),
            "timeout",
            () -> new Computation<>().cancelAfter(Duration.ZERO, new CancellationException()),
            "spawn",
            () -> Fibers.startBare(() -> {}));
    operations.forEach(
        (name, operation) -> {
          AtomicBoolean moved = new AtomicBoolean();
          RandosScheduler.builder()
              .domains(2)
              .preemptOnSpawn(true)
              .build()
              .run(
                  () -> {
                    for (int i = 0; i < 8; i++) {
                      Fibers.startBare(
                          () -> {
                            while (!moved.get()) {
                              Optional<Domain> before = Domains.shared().current();
                              operation.run();
                              if (!Domains.shared().current().equals(before)) {
                                moved.set(true);
                              }
                            }
                          });
                    }
                  });
          assertThat(moved).as(name).isTrue();
        });
  }

  // Settings

  @Test
  void builder_refusesWhatMakesNoSense() {
    RandosScheduler.Builder builder = RandosScheduler.builder();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.domains(0))
        .withMessage("domains must be positive: 0");
    assertThatNullPointerException().isThrownBy(() -> builder.strategy(null));
    assertThatNullPointerException()
        .isThrownBy(() -> RandosScheduler.builder().strategy(seed -> null).build().run(() -> {}));
    assertThatNullPointerException()
        .isThrownBy(() -> builder.build().run(new Fiber(new Computation<>()), null));
    assertThatNullPointerException().isThrownBy(() -> builder.build().run(null, self -> {}));
  }

  @Test
  void toString_namesTheSettings() {
    assertThat(
            RandosScheduler.builder()
                .seed(-3)
                .domains(2)
                .virtualTime(true)
                .preemptOnSpawn(true)
                .freshThreads(true)
                .build())
        .hasToString(
            "RandosScheduler[seed -3, domains 2 (cannot be repeated), virtual time,"
                + " preempts on spawn, fresh threads]");
  }
}
