package dev.picos.sched.fifo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.picos.core.Computation;
import dev.picos.core.FatalFiberError;
import dev.picos.core.Fiber;
import dev.picos.core.ThreadScheduler;
import dev.picos.core.Trigger;
import dev.picos.domains.Domain;
import dev.picos.domains.Domains;
import dev.picos.domains.Service;
import dev.picos.testing.Fork;
import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import dev.picos.testing.fibers.Fibers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FifoSchedulerTest {
  private final FifoScheduler fifo = FifoScheduler.create();
  private final IllegalStateException reason = new IllegalStateException("canceled");
  private final List<String> log = new ArrayList<>();

  private static List<Trigger> triggers(int count) {
    return IntStream.range(0, count).mapToObj(i -> new Trigger()).toList();
  }

  /**
   * Starts, for each trigger, a fiber that awaits it and then logs its number, and lets all of them
   * run up to there.
   */
  private void awaitEach(List<Trigger> triggers, List<Integer> order) {
    for (int i = 0; i < triggers.size(); i++) {
      int number = i;
      Fibers.startBare(
          () -> {
            assertThat(triggers.get(number).await()).isNull();
            order.add(number);
          });
    }
    Fiber.yield();
  }

  private static List<Integer> shuffled(int count, int seed) {
    List<Integer> numbers = new ArrayList<>(IntStream.range(0, count).boxed().toList());
    Collections.shuffle(numbers, new Random(seed));
    return numbers;
  }

  // Configuration

  @ParameterizedTest
  @ValueSource(ints = {0, -1, Integer.MIN_VALUE})
  void quota_thatIsNotPositive_isRefused(int quota) {
    // A quota of nothing makes no sense, and the message says what was asked for
    FifoScheduler.Builder builder = FifoScheduler.builder();

    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.quota(quota))
        .withMessageContaining(Integer.toString(quota));
  }

  @Test
  void builder_isNotChangedByARefusal() {
    // After a refused setting the builder builds what it would have built before
    FifoScheduler.Builder builder = FifoScheduler.builder().quota(7);
    assertThatIllegalArgumentException().isThrownBy(() -> builder.quota(0));

    FifoScheduler built = builder.build();

    assertThat(built).hasToString("FifoScheduler[quota 7]");
  }

  @Test
  void toString_namesTheSettings() {
    // each setting shows, and the default is said in words
    assertThat(FifoScheduler.create()).hasToString("FifoScheduler[no quota]");
    assertThat(FifoScheduler.builder().quota(1).freshThreads(true).build())
        .hasToString("FifoScheduler[quota 1, fresh threads]");
  }

  @Test
  void builder_maybeUsedAgain_withoutTouchingWhatItBuilt() {
    // a scheduler keeps the settings that it was built with
    FifoScheduler.Builder builder = FifoScheduler.builder().quota(2);
    FifoScheduler first = builder.build();

    FifoScheduler second = builder.quota(3).build();

    assertThat(first).hasToString("FifoScheduler[quota 2]");
    assertThat(second).hasToString("FifoScheduler[quota 3]");
  }

  @Test
  void nulls_areRefused() {
    // there is no null fiber and no null main
    Fiber fiber = new Fiber(new Computation<>());

    assertThatNullPointerException().isThrownBy(() -> fifo.run(null, self -> {}));
    assertThatNullPointerException().isThrownBy(() -> fifo.run(fiber, null));
    assertThatNullPointerException().isThrownBy(() -> fifo.call(null));
  }

  @Test
  void freshThreads_giveEachFiberItsOwn() {
    // with fresh threads every fiber has a thread that no other fiber had, without them they share
    Set<Thread> fresh = new HashSet<>();
    Set<Thread> shared = new HashSet<>();

    FifoScheduler.builder()
        .freshThreads(true)
        .build()
        .run(
            () -> {
              for (int i = 0; i < 100; i++) {
                Fibers.startBlock(() -> fresh.add(Thread.currentThread()));
              }
            });
    fifo.run(
        () -> {
          for (int i = 0; i < 100; i++) {
            Fibers.startBlock(() -> shared.add(Thread.currentThread()));
          }
        });

    assertThat(fresh).hasSize(100);
    assertThat(shared).hasSize(1);
  }

  public static final class WithoutFlag {
    private WithoutFlag() {}

    public static void main(String[] args) {
      for (int i = 0; i < 2; i++) {
        try {
          FifoScheduler.create();
        } catch (IllegalStateException e) {
          System.out.println(e.getClass().getSimpleName() + ": " + e.getMessage());
          System.out.println("cause: " + (e.getCause() != null));
        }
      }
      int answer =
          ThreadScheduler.create()
              .call(
                  () -> {
                    Computation<Boolean> end = Fibers.startBlock(Fiber::yield);
                    Fiber.sleep(Duration.ofMillis(1));
                    return end.await() ? 42 : 0;
                  });
      System.out.println("ThreadScheduler: " + answer);
    }
  }

  @Test
  void missingFlag_isNamedInAllWays() throws Exception {
    // without --add-opens a scheduler cannot be built, each time; the message says the option of
    // the command line, the attribute of the manifest and the setting of surefire, and the
    // scheduler that needs none of them; that one works
    Fork fork = java(WithoutFlag.class);

    assertThat(fork.exit()).isZero();
    assertThat(fork.output().lines().filter(line -> line.startsWith("MissingFlagException: ")))
        .hasSize(2);
    assertThat(fork.output())
        .contains("java --add-opens=java.base/java.lang=ALL-UNNAMED")
        .contains("Add-Opens: java.base/java.lang")
        .contains("<argLine>--add-opens=java.base/java.lang=ALL-UNNAMED</argLine>")
        .contains("maven-surefire-plugin")
        .contains("jvmArgs(\"--add-opens=java.base/java.lang=ALL-UNNAMED\")")
        .contains("ThreadScheduler.create()")
        .contains("cause: true")
        .contains("ThreadScheduler: 42");
  }

  @Test
  void flagGivenAsTheMessageSays_works() throws Exception {
    // with the option that the message names there is nothing to complain about
    Fork fork = java(WithoutFlag.class, "--add-opens=java.base/java.lang=ALL-UNNAMED");

    assertThat(fork.output().strip()).isEqualTo("ThreadScheduler: 42");
  }

  @Test
  void jvmWithoutContinuations_isToldSoAndNotToAddTheFlag() throws Exception {
    // what no flag gives is not asked for: the message says what is missing, and what works
    Fork fork =
        java(
            WithoutFlag.class,
            "--add-opens=java.base/java.lang=ALL-UNNAMED",
            "-XX:+UnlockExperimentalVMOptions",
            "-XX:-VMContinuations");

    assertThat(fork.exit()).isZero();
    assertThat(fork.output().lines().filter(line -> line.startsWith("UnsupportedJvmException: ")))
        .hasSize(2)
        .allSatisfy(line -> assertThat(line).contains("as with -XX:-VMContinuations"));
    assertThat(fork.output())
        .doesNotContain("add-opens")
        .contains("ThreadScheduler.create()")
        .contains("ThreadScheduler: 42");
  }

  // Order

  @Test
  void fibers_startInTheOrderOfTheirSpawns() {
    // first spawned, first run
    List<Integer> order = new ArrayList<>();

    fifo.run(
        () -> {
          for (int i = 0; i < 1_000; i++) {
            int number = i;
            Fibers.startBlock(() -> order.add(number));
          }
        });

    assertThat(order).isEqualTo(IntStream.range(0, 1_000).boxed().toList());
  }

  @Test
  void parent_goesOnAfterSpawn() {
    // The child waits until its parent blocks or yields
    fifo.run(
        () -> {
          Fibers.startBlock(() -> log.add("child"));
          log.add("parent");
          Fibers.startBlock(() -> log.add("second child"));
          log.add("parent again");
          Fiber.yield();
          log.add("parent at last");
        });

    assertThat(log)
        .containsExactly("parent", "parent again", "child", "second child", "parent at last");
  }

  @Test
  void yields_goRoundRobin() {
    // fibers that yield take turns, in the order in which they started
    List<Integer> order = new ArrayList<>();

    fifo.run(
        () -> {
          for (int i = 0; i < 5; i++) {
            int number = i;
            Fibers.startBlock(
                () -> {
                  for (int j = 0; j < 100; j++) {
                    order.add(number);
                    Fiber.yield();
                  }
                });
          }
        });

    assertThat(order).hasSize(500);
    for (int i = 0; i < order.size(); i++) {
      assertThat(order.get(i)).isEqualTo(i % 5);
    }
  }

  @Test
  void yieldingFiber_goesBehindThoseThatAreReady() {
    // a fiber that yields comes after whatever it has spawned or woken before
    fifo.run(
        () -> {
          Trigger trigger = new Trigger();
          Fibers.startBlock(
              () -> {
                assertThat(trigger.await()).isNull();
                log.add("woken");
              });
          Fiber.yield();
          trigger.signal();
          Fibers.startBlock(() -> log.add("spawned"));
          Fiber.yield();
          log.add("yielded");
        });

    assertThat(log).containsExactly("woken", "spawned", "yielded");
  }

  @Test
  void fibers_wakeInTheOrderOfTheirSignals() {
    // the fiber that is signaled first runs first, whatever the order in which they began to wait
    List<Integer> signals = shuffled(1_000, 1);
    List<Integer> order = new ArrayList<>();
    List<Trigger> triggers = triggers(1_000);

    fifo.run(
        () -> {
          awaitEach(triggers, order);
          signals.forEach(number -> triggers.get(number).signal());
        });

    assertThat(order).isEqualTo(signals);
  }

  @Test
  void fibers_wakeInTheOrderOfSignalsFromOutside() {
    // the same for the signals of another thread
    List<Integer> signals = shuffled(1_000, 2);
    List<Integer> order = new ArrayList<>();
    List<Trigger> triggers = triggers(1_000);

    fifo.run(
        () -> {
          awaitEach(triggers, order);
          Task<Boolean> signaler =
              Task.start(() -> signals.forEach(number -> triggers.get(number).signal()));
          while (!signaler.isDone()) {
            Thread.onSpinWait(); // without giving way
          }
        });

    assertThat(order).isEqualTo(signals);
  }

  @Test
  void whatHappenedBefore_wasReadyBefore() {
    // what another thread woke comes before what the domain makes ready once it knows of that, and
    // after what the domain had made ready earlier; this also holds when it is much
    int count = 10_000;
    List<Integer> order = new ArrayList<>();
    List<Trigger> triggers = triggers(count + 2);

    fifo.run(
        () -> {
          awaitEach(triggers, order);
          triggers.get(count).signal();
          Task<Boolean> signaler =
              Task.start(
                  () -> IntStream.range(0, count).forEach(number -> triggers.get(number).signal()));
          while (!signaler.isDone()) {
            Thread.onSpinWait(); // without giving way
          }
          triggers.get(count + 1).signal();
        });

    assertThat(order).hasSize(count + 2);
    assertThat(order.indexOf(count)).isZero();
    assertThat(order.indexOf(count + 1)).isEqualTo(count + 1);
  }

  @Test
  void fibersSubmittedFromOutside_keepTheirPlace() {
    // they come before what the domain starts once it knows of them, and after what it had started
    // earlier, also if there are more of that than are run before the domain looks outside
    int earlier = 100;
    List<Integer> order = new ArrayList<>();

    try (Service service = fifo.start()) {
      Computation<Integer> main =
          service.submit(
              () -> {
                for (int i = 0; i < earlier; i++) {
                  int number = i;
                  Fibers.startBlock(() -> order.add(number));
                }
                Task<Integer> submitter =
                    Task.start(
                        () -> {
                          for (int i = 0; i < 10; i++) {
                            int number = earlier + i;
                            var unused = service.submit(() -> order.add(number));
                          }
                          return 10;
                        });
                while (!submitter.isDone()) {
                  Thread.onSpinWait(); // without giving way
                }
                Fibers.startBlock(() -> order.add(earlier + 10));
                return 1;
              });
      main.join();
    }

    assertThat(order).isEqualTo(IntStream.rangeClosed(0, earlier + 10).boxed().toList());
  }

  @Test
  void fibersSubmittedFromOutside_runAlthoughOthersGoOnStartingFibers() {
    // each fiber of the domain starts the next one, so there is always one that is ready
    AtomicBoolean over = new AtomicBoolean();

    try (Service service = fifo.start()) {
      for (int i = 0; i < 3; i++) {
        service.execute(() -> goOn(over));
      }
      service.execute(() -> over.set(true));
    }

    assertThat(over).isTrue();
  }

  private static void goOn(AtomicBoolean over) {
    if (!over.get()) {
      Fibers.startBlock(() -> goOn(over));
    }
  }

  @Test
  void canceledFibers_goFirst() {
    // those that are resumed because they are canceled run before all that are ready, in the order
    // of their cancelations
    List<Computation<Boolean>> victims = new ArrayList<>();

    fifo.run(
        () -> {
          for (int i = 0; i < 3; i++) {
            int number = i;
            victims.add(new Computation<>());
            Fibers.startBlockUnder(
                victims.get(i),
                () -> {
                  assertThat(new Trigger().await()).isSameAs(reason);
                  log.add("canceled " + number);
                });
          }
          Fiber.yield();
          Fibers.startBlock(() -> log.add("ready"));
          victims.get(1).tryCancel(reason);
          victims.get(2).tryCancel(reason);
          victims.get(0).tryCancel(reason);
          Fiber.yield();
          log.add("main");
        });

    assertThat(log).containsExactly("canceled 1", "canceled 2", "canceled 0", "ready", "main");
  }

  @Test
  void canceledFibers_goFirstFromOutside() {
    // the same when another thread cancels them
    Computation<Boolean> victim = new Computation<>();

    fifo.run(
        () -> {
          Fibers.startBlockUnder(
              victim,
              () -> {
                assertThat(new Trigger().await()).isSameAs(reason);
                log.add("canceled");
              });
          Fiber.yield();
          Fibers.startBlock(() -> log.add("ready"));
          Task<Boolean> canceler = Task.start(() -> victim.tryCancel(reason));
          while (!canceler.isDone()) {
            Thread.onSpinWait(); // without giving way
          }
        });

    assertThat(log).containsExactly("canceled", "ready");
  }

  @Test
  void canceledFiberThatForbids_waitsForItsTurn() {
    // a fiber that forbids cancelation is signaled like any other, and goes to the end of the queue
    Computation<Boolean> victim = new Computation<>();

    fifo.run(
        () -> {
          Trigger trigger = new Trigger();
          Fibers.startBlockUnder(
              victim,
              () ->
                  Fiber.current()
                      .runForbiddingCancelation(
                          () -> {
                            assertThat(trigger.await()).isNull();
                            log.add("forbids");
                          }));
          Fiber.yield();
          Fibers.startBlock(() -> log.add("ready"));
          victim.tryCancel(reason);
          trigger.signal();
        });

    assertThat(log).containsExactly("ready", "forbids");
  }

  @Test
  void canceledFiberThatIsReady_keepsItsPlace() {
    // A fiber that is in the queue already is not moved when it is canceled: one that yields
    // throws when its turn comes, one that has been signaled is told then, one that has not started
    // starts then and throws at its first operation
    List<Computation<Boolean>> victims =
        List.of(new Computation<>(), new Computation<>(), new Computation<>());

    fifo.run(
        () -> {
          Trigger trigger = new Trigger();
          Fibers.startBlockUnder(
              victims.get(0),
              () -> {
                assertThat(trigger.await()).isSameAs(reason);
                log.add("signaled");
              });
          Fiber.yield();
          Fibers.startBlock(() -> log.add("first"));
          trigger.signal();
          Fibers.startBlock(() -> log.add("second"));
          Fibers.startBlockUnder(
              victims.get(1),
              () -> {
                log.add("starts");
                log.add(
                    "throws " + (catchThrowableOfType(Throwable.class, Fiber::yield) == reason));
              });
          Fibers.startBlock(() -> log.add("third"));
          victims.forEach(victim -> victim.tryCancel(reason));
        });

    assertThat(log)
        .containsExactly("first", "signaled", "second", "starts", "third", "throws true");
  }

  @Test
  void canceledFiberThatYields_keepsItsPlaceAndThrows() {
    // A fiber that is canceled while it yields throws when its turn comes
    Computation<Boolean> victim = new Computation<>();

    fifo.run(
        () -> {
          Fibers.startBlockUnder(
              victim,
              () ->
                  log.add(
                      "yield throws "
                          + (catchThrowableOfType(Throwable.class, Fiber::yield) == reason)));
          Fibers.startBlock(() -> log.add("before"));
          Fibers.startBlock(
              () -> {
                victim.tryCancel(reason);
                Fibers.startBlock(() -> log.add("after"));
              });
          Fiber.yield();
          log.add("main");
        });

    assertThat(log).containsExactly("before", "main", "yield throws true", "after");
  }

  // Quota

  private List<String> spawnsUnderQuota(int quota, int spawns) {
    FifoScheduler.builder()
        .quota(quota)
        .build()
        .run(
            () -> {
              for (int i = 0; i < spawns; i++) {
                int number = i;
                Fibers.startBlock(() -> log.add("child " + number));
                log.add("parent " + number);
              }
            });
    return log;
  }

  @Test
  void quotaOfOne_givesWayAfterEverySpawn() {
    // with a quota of 1 the child runs before its parent goes on
    List<String> order = spawnsUnderQuota(1, 3);

    assertThat(order)
        .containsExactly("child 0", "parent 0", "child 1", "parent 1", "child 2", "parent 2");
  }

  @Test
  void quotaOfThree_givesWayAfterEveryThirdSpawn() {
    // with a quota of 3 the third spawn lets the children run, and the parent then has a new quota
    List<String> order = spawnsUnderQuota(3, 7);

    assertThat(order)
        .containsExactly(
            "parent 0",
            "parent 1",
            "child 0",
            "child 1",
            "child 2",
            "parent 2",
            "parent 3",
            "parent 4",
            "child 3",
            "child 4",
            "child 5",
            "parent 5",
            "parent 6",
            "child 6");
  }

  @Test
  void quota_isCountedAnewAfterAYield() {
    // a fiber that gives way by itself has its whole quota again
    FifoScheduler.builder()
        .quota(2)
        .build()
        .run(
            () -> {
              Fibers.startBlock(() -> log.add("first"));
              Fiber.yield();
              Fibers.startBlock(() -> log.add("second"));
              log.add("parent");
              Fibers.startBlock(() -> log.add("third"));
              log.add("parent again");
            });

    assertThat(log).containsExactly("first", "parent", "second", "third", "parent again");
  }

  @Test
  void quota_countsTimeoutsAndAwaitsThatDoNotSuspend() {
    // setting a timeout counts, and so does an await of a fiber that is canceled; current() is free
    FifoScheduler.builder()
        .quota(2)
        .build()
        .run(
            () -> {
              Computation<Boolean> canceled = new Computation<>();
              Computation<Boolean> timed = new Computation<>();
              Fiber self = Fiber.current();
              Fibers.startBlock(() -> log.add("child"));
              Fiber.current();
              log.add("after spawn");
              timed.cancelAfter(Duration.ofHours(1), reason);
              log.add("after timeout");
              timed.tryReturn(true);
              Fibers.startBlock(() -> log.add("second child"));
              canceled.tryCancel(reason);
              self.setComputation(canceled);
              assertThat(new Trigger().await()).isSameAs(reason);
              log.add("after await");
            });

    assertThat(log)
        .containsExactly("after spawn", "child", "after timeout", "second child", "after await");
  }

  @Test
  void spawnThatGivesWay_doesNotThrowACancelationThatCameMeanwhile() {
    // Once the child is started, spawn returns normally, although the parent was canceled
    // while it gave way; the next operation throws
    Computation<Boolean> parent = new Computation<>();

    FifoScheduler.builder()
        .quota(1)
        .build()
        .run(
            () ->
                Fibers.startBlockUnder(
                    parent,
                    () -> {
                      Fibers.startBlock(
                          () -> {
                            log.add("child");
                            parent.tryCancel(reason);
                          });
                      log.add("spawned");
                      Fiber.yield();
                      log.add("never");
                    }));

    assertThat(log).containsExactly("child", "spawned");
    assertThat(parent.cancelReason()).isSameAs(reason);
  }

  @Test
  void cancelAfterThatGivesWay_doesNotThrowACancelationThatCameMeanwhile() {
    // The same for a timeout that has been set
    Computation<Boolean> parent = new Computation<>();
    Computation<Boolean> timed = new Computation<>();

    FifoScheduler.builder()
        .quota(1)
        .build()
        .run(
            () -> {
              Fibers.startBlockUnder(
                  parent,
                  () -> {
                    timed.cancelAfter(Duration.ofHours(1), reason);
                    log.add("set");
                    Fiber.yield();
                    log.add("never");
                  });
              Fibers.startBlock(() -> parent.tryCancel(reason));
            });
    boolean running = timed.isRunning();
    timed.tryReturn(true);

    assertThat(log).containsExactly("set");
    assertThat(running).isTrue();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 100})
  void anyQuota_losesNothing(int quota) {
    // a tree of 5,000 fibers that spawn, set timeouts, await and yield ends under every quota
    AtomicInteger ended = new AtomicInteger();

    FifoScheduler.builder().quota(quota).build().run(() -> tree(5_000, ended));

    assertThat(ended).hasValue(5_000);
  }

  private void tree(int size, AtomicInteger ended) {
    int left = (size - 1) / 2;
    int right = size - 1 - left;
    Computation<Boolean> timed = new Computation<>();
    timed.cancelAfter(Duration.ofHours(1), reason);
    List<Computation<Boolean>> children = new ArrayList<>();
    if (left > 0) {
      children.add(Fibers.startBlock(() -> tree(left, ended)));
    }
    if (right > 0) {
      children.add(Fibers.startBlock(() -> tree(right, ended)));
    }
    Fiber.yield();
    children.forEach(Computation::await);
    timed.tryReturn(true);
    ended.incrementAndGet();
  }

  // Progress

  @ParameterizedTest
  @ValueSource(ints = {1, Integer.MAX_VALUE})
  void fiberThatOnlyYields_letsEverythingElseThrough(int quota) throws Exception {
    // Beside a fiber that only yields, timers fire, wake-ups from outside arrive, and others
    // run
    Trigger fromOutside = new Trigger();
    AtomicBoolean over = new AtomicBoolean();

    FifoScheduler.builder()
        .quota(quota)
        .build()
        .run(
            () -> {
              Fibers.startBlock(
                  () -> {
                    while (!over.get()) {
                      Fiber.yield();
                    }
                  });
              Fiber.sleep(Duration.ofMillis(2));
              log.add("slept");
              Task<Boolean> signaler = Task.start(fromOutside::signal);
              assertThat(fromOutside.await()).isNull();
              log.add("signaled");
              Fibers.startBlock(() -> log.add("another")).await();
              over.set(true);
              signaler.result();
            });

    assertThat(log).containsExactly("slept", "signaled", "another");
  }

  @Test
  void wakeUpsRacingWithSleep_areNotLost() throws Exception {
    // 150,000 times a thread signals the one fiber there is, at any moment between its decision to
    // wait and the sleep of its domain
    int rounds = 150_000;
    AtomicReference<Trigger> mailbox = new AtomicReference<>();
    Task<Boolean> signaler =
        Task.start(
            () -> {
              SplittableRandom random = new SplittableRandom(1);
              for (int i = 0; i < rounds; i++) {
                Wait.untilSoon(() -> mailbox.get() != null);
                Trigger trigger = mailbox.getAndSet(null);
                for (int lag = random.nextInt(200); lag > 0; lag--) {
                  Thread.onSpinWait();
                }
                trigger.signal();
              }
            });

    int signaled =
        fifo.call(
            () -> {
              int count = 0;
              for (int i = 0; i < rounds; i++) {
                Trigger trigger = new Trigger();
                mailbox.set(trigger);
                count += trigger.await() == null ? 1 : 0;
              }
              return count;
            });

    assertThat(signaled).isEqualTo(rounds);
    assertThat(signaler.result()).isTrue();
  }

  @Test
  void wakeUpsInBursts_areNotLost() throws Exception {
    // two threads wake 64 fibers in bursts, so that the inbox grows while the domain falls asleep
    int rounds = 600;
    int fibers = 64;
    List<AtomicReference<Trigger>> mailboxes =
        IntStream.range(0, fibers).mapToObj(i -> new AtomicReference<Trigger>()).toList();
    List<Task<Boolean>> signalers =
        IntStream.range(0, 2)
            .mapToObj(
                half ->
                    Task.start(
                        () -> {
                          for (int round = 0; round < rounds; round++) {
                            for (int i = half; i < fibers; i += 2) {
                              AtomicReference<Trigger> mailbox = mailboxes.get(i);
                              Wait.untilSoon(() -> mailbox.get() != null);
                            }
                            for (int i = half; i < fibers; i += 2) {
                              mailboxes.get(i).getAndSet(null).signal();
                            }
                          }
                        }))
            .toList();
    AtomicInteger signaled = new AtomicInteger();

    fifo.run(
        () -> {
          for (AtomicReference<Trigger> mailbox : mailboxes) {
            Fibers.startBare(
                () -> {
                  for (int round = 0; round < rounds; round++) {
                    Trigger trigger = new Trigger();
                    mailbox.set(trigger);
                    assertThat(trigger.await()).isNull();
                    signaled.incrementAndGet();
                  }
                });
          }
        });
    for (Task<Boolean> signaler : signalers) {
      signaler.result();
    }

    assertThat(signaled).hasValue(rounds * fibers);
  }

  @Test
  void runsThatWakeEachOther_doNotLoseWakeUps() throws Exception {
    // two runs hand a baton back and forth 20,000 times
    int rounds = 20_000;
    List<Trigger> ping = triggers(rounds);
    List<Trigger> pong = triggers(rounds);

    Task<Boolean> other =
        Task.start(
            () ->
                fifo.run(
                    () -> {
                      for (int i = 0; i < rounds; i++) {
                        assertThat(ping.get(i).await()).isNull();
                        pong.get(i).signal();
                      }
                    }));
    fifo.run(
        () -> {
          for (int i = 0; i < rounds; i++) {
            ping.get(i).signal();
            assertThat(pong.get(i).await()).isNull();
          }
        });

    assertThat(other.result()).isTrue();
  }

  @Test
  void hundredThousandFibers_waitAndWake() {
    // 100,000 fibers may be suspended at once, and one completion wakes them all, in their order
    int fibers = 100_000;
    int[] order = new int[fibers];
    AtomicInteger next = new AtomicInteger();

    fifo.run(
        () -> {
          Computation<Boolean> gate = new Computation<>();
          for (int i = 0; i < fibers; i++) {
            int number = i;
            Fibers.startBare(
                () -> {
                  gate.join();
                  order[next.getAndIncrement()] = number;
                });
          }
          Fiber.yield();
          gate.tryReturn(true);
        });

    assertThat(next).hasValue(fibers);
    assertThat(Arrays.equals(order, IntStream.range(0, fibers).toArray())).isTrue();
  }

  @Test
  void timers_wakeADomainWhoseFibersAllSleep() {
    // 1,000 fibers that sleep for up to 100 ms, and no others: all wake, none of them early
    SplittableRandom random = new SplittableRandom(5);
    List<Long> earliness = new ArrayList<>();

    fifo.run(
        () -> {
          for (int i = 0; i < 1_000; i++) {
            long nanos = random.nextLong(100_000_000);
            Fibers.startBare(
                () -> {
                  long start = System.nanoTime();
                  Fiber.sleep(Duration.ofNanos(nanos));
                  earliness.add(nanos - (System.nanoTime() - start));
                });
          }
        });

    assertThat(earliness).hasSize(1_000).allMatch(early -> early <= 0);
  }

  @Test
  void timeout_cancelsAFiberThatWaits() {
    // A computation with a timeout cancels its fiber, with the reason given
    Computation<Boolean> timed = new Computation<>();

    fifo.run(
        () -> {
          timed.cancelAfter(Duration.ofMillis(1), reason);
          Fibers.startBlockUnder(
              timed, () -> log.add("reason: " + (new Trigger().await() == reason)));
        });

    assertThat(log).containsExactly("reason: true");
  }

  // Runs

  @Test
  void call_returnsWhatMainReturns() {
    // The value of main comes out, null as well
    assertThat(fifo.<Integer, RuntimeException>call(() -> 42)).isEqualTo(42);
    assertThat(fifo.<String, RuntimeException>call(() -> null)).isNull();
  }

  @Test
  void canceledMain_throwsTheReason() {
    // a main whose computation was canceled throws the reason although it has returned
    assertThatThrownBy(() -> fifo.run(() -> Fiber.current().computation().tryCancel(reason)))
        .isSameAs(reason);
  }

  @Test
  void run_waitsForFibersThatMainLeftBehind() {
    // Main may end, or throw, long before its fibers
    assertThatThrownBy(
            () ->
                fifo.run(
                    () -> {
                      Fibers.startBlock(
                          () -> {
                            Fiber.sleep(Duration.ofMillis(2));
                            log.add("last");
                          });
                      throw reason;
                    }))
        .isSameAs(reason);

    assertThat(log).containsExactly("last");
  }

  @Test
  void allSlices_areOnOneDomain() {
    // all fibers of a run are on one domain, and that is the one that the pool names
    Set<Domain> domains = new HashSet<>();

    fifo.run(
        () -> {
          for (int i = 0; i < 10; i++) {
            Fibers.startBlock(
                () -> {
                  for (int j = 0; j < 10; j++) {
                    Domains.shared().current().ifPresent(domains::add);
                    Fiber.yield();
                  }
                });
          }
        });

    assertThat(domains.size()).isLessThanOrEqualTo(1);
  }

  @Test
  void runs_nest() {
    // A run inside a run, and one inside that: each returns its result, and the fibers
    // around them are themselves afterwards, while their neighbours have gone on
    int answer =
        fifo.call(
            () -> {
              Fiber outer = Fiber.current();
              Computation<Boolean> neighbour = Fibers.startBlock(() -> log.add("neighbour"));
              int inner =
                  fifo.call(
                      () -> {
                        Fiber middle = Fiber.current();
                        int innermost = fifo.<Integer, RuntimeException>call(() -> 40);
                        Fiber.yield();
                        return middle == Fiber.current() ? innermost + 1 : 0;
                      });
              neighbour.await();
              return outer == Fiber.current() ? inner + 1 : 0;
            });

    assertThat(answer).isEqualTo(42);
    assertThat(log).containsExactly("neighbour");
  }

  @Test
  void twoRunsAtOnce_areIndependent() throws Exception {
    // Two runs of one scheduler, on two threads: each has its own order, its own fibers and
    // its own quota, however they interleave
    FifoScheduler shared = FifoScheduler.builder().quota(3).build();
    List<Set<Fiber>> fibersOfRuns = List.of(new HashSet<>(), new HashSet<>());
    CompletableFuture<Boolean> bothRun = new CompletableFuture<>();
    AtomicInteger running = new AtomicInteger();

    List<Task<List<Integer>>> runs =
        IntStream.range(0, 2)
            .mapToObj(
                run ->
                    Task.start(
                        () -> {
                          List<Integer> order = new ArrayList<>();
                          Set<Fiber> fibers = fibersOfRuns.get(run);
                          shared.run(
                              () -> {
                                if (running.incrementAndGet() == 2) {
                                  bothRun.complete(true);
                                }
                                while (!bothRun.isDone()) {
                                  Fiber.yield();
                                }
                                fibers.add(Fiber.current());
                                for (int i = 0; i < 1_000; i++) {
                                  int number = i;
                                  Fibers.startBlock(
                                      () -> {
                                        fibers.add(Fiber.current());
                                        order.add(number);
                                      });
                                }
                              });
                          return order;
                        }))
            .toList();

    for (Task<List<Integer>> run : runs) {
      assertThat(run.result()).isEqualTo(IntStream.range(0, 1_000).boxed().toList());
    }
    Set<Fiber> all = new HashSet<>();
    fibersOfRuns.forEach(all::addAll);
    assertThat(all).hasSize(2_002);
  }

  @Test
  void oneScheduler_servesManyRuns() {
    // a scheduler is a configuration: a thousand runs, one after another
    AtomicInteger sum = new AtomicInteger();

    for (int i = 0; i < 1_000; i++) {
      sum.addAndGet(
          fifo.<Integer, RuntimeException>call(() -> Fibers.startBlock(() -> {}).await() ? 1 : 0));
    }

    assertThat(sum).hasValue(1_000);
  }

  @Test
  void fatalError_stopsTheRunAtTheNextDispatch() {
    // What leaves a fiber stops the run: nothing that is ready runs any more, and run throws
    // with the cause and the number of fibers left
    assertThatThrownBy(
            () ->
                fifo.run(
                    () -> {
                      Fibers.startBare(
                          () -> {
                            log.add("fails");
                            throw reason;
                          });
                      Fibers.startBare(() -> log.add("never"));
                      Fiber.yield();
                      log.add("never");
                    }))
        .isInstanceOf(FatalFiberError.class)
        .hasCause(reason)
        .hasMessageContaining("fibers left behind: 2");

    assertThat(log).containsExactly("fails");
  }

  /** A further JVM with what the tests here need. */
  private static Fork java(Class<?> main, String... options) throws Exception {
    return Fork.java(
        main,
        List.of(FifoScheduler.class, Domains.class, Fiber.class, Fibers.class),
        List.of(options));
  }
}
