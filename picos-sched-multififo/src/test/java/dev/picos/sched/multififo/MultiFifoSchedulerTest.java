package dev.picos.sched.multififo;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.picos.core.Computation;
import dev.picos.core.FatalFiberError;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import dev.picos.domains.Domain;
import dev.picos.domains.Domains;
import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import dev.picos.testing.fibers.Fibers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IntSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The build gives the pool four domains, whatever the number of processors. */
class MultiFifoSchedulerTest {
  private static final int POOL = 4;

  @BeforeAll
  static void fourDomains() {
    assertThat(Domains.shared().size()).as("-Dpicos.domains=4").isEqualTo(POOL);
  }

  private static MultiFifoScheduler on(int domains) {
    return MultiFifoScheduler.builder().domains(domains).build();
  }

  private static Domain domain() {
    return Domains.shared().current().orElseThrow();
  }

  private static List<Trigger> triggers(int count) {
    return IntStream.range(0, count).mapToObj(i -> new Trigger()).toList();
  }

  // Settings

  @Test
  void builder_refusesWhatIsNotPositive() {
    MultiFifoScheduler.Builder builder = MultiFifoScheduler.builder();
    for (int wrong : new int[] {0, -1, Integer.MIN_VALUE}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> builder.quota(wrong))
          .withMessage("quota must be positive: " + wrong);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> builder.domains(wrong))
          .withMessage("domains must be positive: " + wrong);
    }
    assertThat(builder.build()).hasToString("MultiFifoScheduler[all domains, no quota]");
  }

  @Test
  void toString_namesTheSettings() {
    MultiFifoScheduler scheduler =
        MultiFifoScheduler.builder().domains(3).quota(7).freshThreads(true).build();
    assertThat(scheduler).hasToString("MultiFifoScheduler[domains 3, quota 7, fresh threads]");
  }

  @Test
  void nulls_areRefused() {
    MultiFifoScheduler scheduler = MultiFifoScheduler.create();
    Fiber fiber = new Fiber(new Computation<>());
    assertThatNullPointerException().isThrownBy(() -> scheduler.run(null, self -> {}));
    assertThatNullPointerException().isThrownBy(() -> scheduler.run(fiber, null));
  }

  // Parallelism

  /** Lets the given number of fibers wait for each other without giving way. */
  private static void meet(AtomicInteger arrived, int all) {
    arrived.incrementAndGet();
    while (arrived.get() < all) {
      Thread.onSpinWait();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void fibersThatNeverGiveWay_eachGetADomain(int fibers) {
    MultiFifoScheduler scheduler = on(fibers);
    for (int round = 0; round < 50; round++) {
      AtomicInteger arrived = new AtomicInteger();
      scheduler.run(
          () -> {
            for (int i = 0; i < fibers; i++) {
              Fibers.startBare(() -> meet(arrived, fibers));
            }
          });
      assertThat(arrived).hasValue(fibers);
    }
  }

  /** No domain ever calls another in for the fiber that waits here: the beat has to. */
  @Test
  void singleFiberThatWaits_getsADomain() {
    for (int round = 0; round < 50; round++) {
      AtomicInteger arrived = new AtomicInteger();
      on(2)
          .run(
              () -> {
                Fibers.startBare(() -> meet(arrived, 2));
                meet(arrived, 2);
              });
      assertThat(arrived).hasValue(2);
    }
  }

  /** The same holds when the fiber that waits was woken from outside. */
  @Test
  void singleFiberThatWaits_wokenFromOutside_getsADomain() {
    for (int round = 0; round < 50; round++) {
      AtomicInteger arrived = new AtomicInteger();
      Trigger trigger = new Trigger();
      on(2)
          .run(
              () -> {
                Fibers.startBare(
                    () -> {
                      assertThat(trigger.await()).isNull();
                      meet(arrived, 2);
                    });
                Fiber.yield();
                Task.start(trigger::signal);
                meet(arrived, 2);
              });
      assertThat(arrived).hasValue(2);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void domains_areNeverMoreThanAskedFor(int domains) {
    AtomicInteger running = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    Set<Domain> used = ConcurrentHashMap.newKeySet();
    on(domains)
        .run(
            () -> {
              for (int i = 0; i < 2000; i++) {
                Fibers.startBare(
                    () -> {
                      for (int j = 0; j < 5; j++) {
                        most.accumulateAndGet(running.incrementAndGet(), Math::max);
                        used.add(domain());
                        for (int k = 0; k < 100; k++) {
                          Thread.onSpinWait();
                        }
                        running.decrementAndGet();
                        Fiber.yield();
                      }
                    });
              }
            });
    assertThat(most.get()).isBetween(1, domains);
    assertThat(used).hasSizeLessThanOrEqualTo(POOL);
  }

  /**
   * Fibers that are made on one domain spread evenly over several, however many there are. How fast
   * a domain makes progress is the operating system's affair, and one that stands gives fibers away
   * for a while. So what counts is how they are spread at most looks. Hence also the bound on the
   * turns: no fiber can have more turns than a fiber of a lane that is a quarter too short has
   * while no other domain makes progress at all.
   */
  @ParameterizedTest
  @CsvSource({"12, 3, 10000", "3000, 3, 100", "10000, 2, 100"})
  void yieldingFibers_shareTheDomainsEvenly(int fibers, int domains, int enough) {
    int[] turns = new int[fibers];
    AtomicReferenceArray<Domain> place = new AtomicReferenceArray<>(fibers);
    Map<Domain, AtomicInteger> busy = new ConcurrentHashMap<>();
    AtomicInteger settled = new AtomicInteger(); // domains that have had time to take their share
    AtomicInteger left = new AtomicInteger(fibers);
    AtomicInteger looks = new AtomicInteger();
    AtomicInteger even = new AtomicInteger();
    on(domains)
        .run(
            () -> {
              for (int i = 0; i < fibers; i++) {
                int mine = i;
                Fibers.startBare(
                    () -> {
                      while (left.get() > 0) {
                        Domain here = domain();
                        place.set(mine, here);
                        AtomicInteger done = busy.computeIfAbsent(here, d -> new AtomicInteger());
                        if (done.incrementAndGet() == 10 * fibers) {
                          settled.incrementAndGet();
                        }
                        if (settled.get() >= domains) {
                          if (mine == 0) {
                            looks.incrementAndGet();
                            even.addAndGet(isEven(place, domains) ? 1 : 0);
                          }
                          if (++turns[mine] == enough) {
                            left.decrementAndGet();
                          }
                        }
                        Fiber.yield();
                      }
                    });
              }
            });
    assertThat(even.get()).isGreaterThan(looks.get() / 2);
    IntSummaryStatistics all = Arrays.stream(turns).summaryStatistics();
    assertThat(all.getMax() / all.getAverage()).isLessThan(domains * 4 / 3.0);
  }

  /** Whether each domain has its share of the fibers, more or less. */
  private static boolean isEven(AtomicReferenceArray<Domain> place, int domains) {
    Map<Domain, Long> onEach =
        IntStream.range(0, place.length())
            .mapToObj(place::get)
            .filter(Objects::nonNull)
            .collect(groupingBy(d -> d, counting()));
    long share = place.length() / domains;
    return onEach.size() == domains
        && onEach.values().stream()
            .allMatch(count -> share * 3 / 4 <= count && count <= share * 5 / 4);
  }

  /** Work that is made on one domain is done on all domains. */
  @Test
  void forkJoin_usesAllDomainsAndIsRight() {
    Domain[] used = new Domain[POOL];
    AtomicInteger arrived = new AtomicInteger();
    int result =
        on(POOL)
            .call(
                () -> {
                  for (int i = 0; i < POOL; i++) {
                    int mine = i;
                    Fibers.startBare(
                        () -> {
                          meet(arrived, POOL);
                          used[mine] = domain(); // where it has been spinning
                        });
                  }
                  return fib(20);
                });
    assertThat(result).isEqualTo(6765);
    assertThat(used).doesNotContainNull().doesNotHaveDuplicates();
  }

  private static int fib(int n) {
    if (n < 2) {
      return n;
    }
    Computation<Integer> one = Fibers.start(() -> fib(n - 1));
    int two = fib(n - 2);
    return one.await() + two;
  }

  // Order

  @Test
  void oneDomain_isStrictlyFifo() {
    List<Integer> order = new ArrayList<>();
    int fibers = 5000; // more than others may see at a time
    on(1)
        .run(
            () -> {
              for (int i = 0; i < fibers; i++) {
                int number = i;
                Fibers.startBare(
                    () -> {
                      order.add(number);
                      Fiber.yield();
                      order.add(number);
                    });
              }
            });
    List<Integer> once = IntStream.range(0, fibers).boxed().toList();
    assertThat(order.subList(0, fibers)).isEqualTo(once);
    assertThat(order.subList(fibers, 2 * fibers)).isEqualTo(once);
  }

  @Test
  void canceledFibers_goFirst() {
    List<String> log = new ArrayList<>();
    on(1)
        .run(
            () -> {
              Computation<Boolean> victim = new Computation<>();
              Trigger never = new Trigger();
              Fibers.startUnder(
                  victim,
                  () -> {
                    assertThat(never.await()).isNotNull();
                    return log.add("canceled");
                  });
              Fiber.yield();
              Fibers.startBare(() -> log.add("other"));
              victim.tryCancel(new IllegalStateException());
            });
    assertThat(log).containsExactly("canceled", "other");
  }

  @Test
  void quota_makesAParentGiveWay() {
    List<String> log = new ArrayList<>();
    MultiFifoScheduler.builder()
        .domains(1)
        .quota(2)
        .build()
        .run(
            () -> {
              for (int i = 0; i < 4; i++) {
                log.add("spawn " + i);
                int number = i;
                Fibers.startBare(() -> log.add("child " + number));
              }
            });
    assertThat(log)
        .containsExactly(
            "spawn 0", "spawn 1", "child 0", "child 1", "spawn 2", "spawn 3", "child 2", "child 3");
  }

  // Waking

  /** Threads that no scheduler runs wake fibers that sleep, again and again. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void wakeUpsFromOutside_areNotLost(int domains) throws Exception {
    int rounds = 4_000;
    int pairs = 3;
    Trigger[][] triggers = new Trigger[pairs][];
    Arrays.setAll(triggers, i -> triggers(rounds).toArray(Trigger[]::new));
    AtomicLong seen = new AtomicLong();
    List<Task<Boolean>> signalers = new ArrayList<>();
    AtomicIntegerArray turn = new AtomicIntegerArray(pairs);
    for (int i = 0; i < pairs; i++) {
      int pair = i;
      signalers.add(
          Task.start(
              () -> {
                for (int round = 0; round < rounds; round++) {
                  while (turn.get(pair) < round) {
                    Thread.onSpinWait();
                  }
                  triggers[pair][round].signal();
                }
              }));
    }
    on(domains)
        .run(
            () -> {
              for (int i = 0; i < pairs; i++) {
                int pair = i;
                Fibers.startBare(
                    () -> {
                      for (int round = 0; round < rounds; round++) {
                        turn.set(pair, round);
                        assertThat(triggers[pair][round].await()).isNull();
                        seen.incrementAndGet();
                      }
                    });
              }
            });
    for (Task<Boolean> signaler : signalers) {
      assertThat(signaler.result()).isTrue();
    }
    assertThat(seen).hasValue((long) rounds * pairs);
  }

  /** The run sleeps and is woken, and domains come and go with every burst. */
  @ParameterizedTest
  @ValueSource(ints = {2, 4})
  void bursts_areAllDone(int domains) throws Exception {
    int bursts = 2000;
    int fibers = 20;
    List<Trigger> starts = triggers(bursts);
    AtomicInteger done = new AtomicInteger();
    AtomicInteger asked = new AtomicInteger(-1);
    Task<Boolean> outside =
        Task.start(
            () -> {
              for (int burst = 0; burst < bursts; burst++) {
                int mine = burst;
                Wait.untilSoon(() -> asked.get() >= mine);
                starts.get(burst).signal();
              }
            });
    on(domains)
        .run(
            () -> {
              for (int burst = 0; burst < bursts; burst++) {
                asked.set(burst);
                assertThat(starts.get(burst).await()).isNull();
                List<Computation<Integer>> all = new ArrayList<>();
                for (int i = 0; i < fibers; i++) {
                  all.add(
                      Fibers.start(
                          () -> {
                            Fiber.yield();
                            return done.incrementAndGet();
                          }));
                }
                all.forEach(Computation::join);
              }
            });
    assertThat(outside.result()).isTrue();
    assertThat(done).hasValue(bursts * fibers);
  }

  @Test
  void hundredThousandFibers_waitAndWake() {
    int fibers = 100_000;
    AtomicInteger woken = new AtomicInteger();
    on(POOL)
        .run(
            () -> {
              Computation<Object> gate = new Computation<>();
              for (int i = 0; i < fibers; i++) {
                Fibers.startBare(
                    () -> {
                      gate.join();
                      woken.incrementAndGet();
                    });
              }
              Fiber.yield();
              gate.tryReturn(1);
            });
    assertThat(woken).hasValue(fibers);
  }

  /** A fiber that moves between domains sees what it wrote before. */
  @Test
  void fibersThatMove_seeTheirOwnWrites() {
    int fibers = 8;
    int steps = 20_000;
    Set<Domain> used = ConcurrentHashMap.newKeySet();
    List<String> wrong = Collections.synchronizedList(new ArrayList<>());
    on(POOL)
        .run(
            () -> {
              for (int i = 0; i < fibers; i++) {
                Fibers.startBare(
                    () -> {
                      int[] plain = new int[1];
                      ThreadLocal<Integer> local = new ThreadLocal<>();
                      local.set(0);
                      for (int step = 0; step < steps; step++) {
                        if (plain[0]++ != step || local.get() != step) {
                          wrong.add(step + ": " + plain[0] + ", " + local.get());
                          return;
                        }
                        local.set(step + 1);
                        Fiber.yield();
                        used.add(domain());
                      }
                    });
              }
            });
    assertThat(wrong).isEmpty();
    assertThat(used).as("the test needs movement").hasSizeGreaterThan(1);
  }

  // Ends

  @Test
  void fibersBehindOneThatComputes_areAllTakenByOthers() {
    // however many they are: none waits for the domain that it was spawned on
    int count = 20_000;
    AtomicInteger ran = new AtomicInteger();
    on(POOL)
        .run(
            () -> {
              for (int i = 0; i < count; i++) {
                Fibers.start(ran::incrementAndGet);
              }
              while (ran.get() < count) {
                Thread.onSpinWait();
              }
            });
    assertThat(ran).hasValue(count);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4})
  void fiberBehindOneThatComputes_isTakenAlsoByDomainsThatHaveFibers(int domains) {
    int yielding = 2 * (domains - 1);
    AtomicBoolean ran = new AtomicBoolean();
    AtomicLongArray turns = new AtomicLongArray(yielding);
    on(domains)
        .run(
            () -> {
              for (int i = 0; i < yielding; i++) {
                int mine = i;
                Fibers.startBare(
                    () -> {
                      while (!ran.get()) {
                        turns.incrementAndGet(mine);
                        Fiber.yield();
                      }
                    });
              }
              while (!areAllElsewhere(turns)) {
                Fiber.yield();
              }
              Fibers.startBare(() -> ran.set(true));
              boolean inTime = computeUntil(ran);
              ran.set(true); // or the others would never end
              assertThat(inTime).isTrue();
            });
  }

  private static boolean computeUntil(AtomicBoolean condition) {
    SplittableRandom random = new SplittableRandom(1);
    long start = System.nanoTime();
    while (!condition.get()) {
      if (compute(random.nextInt(1, 500)) < 0 || System.nanoTime() - start > 20_000_000_000L) {
        return false;
      }
    }
    return true;
  }

  /** With another stack each time, so that the pool does not take the fiber for a blocked one. */
  private static int compute(int depth) {
    Thread.onSpinWait();
    return depth == 1 ? 1 : 1 + compute(depth - 1);
  }

  /** Whether all fibers have turns while the calling one computes. */
  private static boolean areAllElsewhere(AtomicLongArray turns) {
    long[] before = IntStream.range(0, turns.length()).mapToLong(turns::get).toArray();
    long start = System.nanoTime();
    while (System.nanoTime() - start < 100_000_000) {
      if (IntStream.range(0, before.length).allMatch(i -> turns.get(i) > before[i] + 100)) {
        return true;
      }
    }
    return false;
  }

  @Test
  void fibersWhoseStacksAreLookedAt_areOfOneDomainAtATime() throws Exception {
    // the JVM then hands out slices once too often, also of fibers that run; each fiber runs on one
    // domain at a time nonetheless, nothing is lost, and the run ends with its last fiber
    AtomicInteger ran = new AtomicInteger();
    AtomicReferenceArray<Thread> threads = new AtomicReferenceArray<>(8);
    AtomicBoolean over = new AtomicBoolean();
    List<Task<Boolean>> observers = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      observers.add(
          Task.start(
              () -> {
                while (!over.get()) {
                  for (int each = 0; each < threads.length(); each++) {
                    Thread thread = threads.get(each);
                    if (thread != null) {
                      thread.getStackTrace();
                    }
                  }
                }
                return true;
              }));
    }
    try {
      for (int round = 0; round < 40; round++) {
        on(POOL)
            .run(
                () -> {
                  List<Computation<Boolean>> ends = new ArrayList<>();
                  for (int i = 0; i < threads.length(); i++) {
                    int number = i;
                    ends.add(
                        Fibers.start(
                            () -> {
                              threads.set(number, Thread.currentThread());
                              for (int turn = 0; turn < 500; turn++) {
                                Optional<Domain> here = Domains.shared().current();
                                for (int child = 0; child < 10; child++) {
                                  Fibers.start(ran::incrementAndGet);
                                }
                                assertThat(Domains.shared().current()).isEqualTo(here);
                                Fiber.yield();
                              }
                              return true;
                            }));
                  }
                  ends.forEach(Computation::await);
                });
        assertThat(ran).hasValue((round + 1) * 8 * 500 * 10);
      }
    } finally {
      over.set(true);
    }
    for (Task<Boolean> observer : observers) {
      observer.result();
    }
  }

  @Test
  void run_waitsForFibersOnAllDomains() {
    for (int round = 0; round < 300; round++) {
      AtomicInteger ended = new AtomicInteger();
      on(POOL)
          .run(
              () -> {
                for (int i = 0; i < 10; i++) {
                  Fibers.startBare(
                      () -> {
                        for (int j = 0; j < 10; j++) {
                          Fibers.startBare(ended::incrementAndGet);
                          Fiber.yield();
                        }
                      });
                }
              });
      assertThat(ended).hasValue(100);
    }
  }

  /** This holds whichever domain it is on, and although others are busy with fibers. */
  @Test
  void fatalError_stopsAllDomainsAtTheirNextDispatch() {
    IllegalStateException fatal = new IllegalStateException("fatal");
    for (int round = 0; round < 20; round++) {
      AtomicInteger steps = new AtomicInteger();
      AtomicInteger arrived = new AtomicInteger();
      FatalFiberError error =
          catchThrowableOfType(
              FatalFiberError.class,
              () ->
                  on(POOL)
                      .run(
                          () -> {
                            for (int i = 0; i < 100; i++) {
                              Fibers.startBare(
                                  () -> {
                                    arrived.incrementAndGet();
                                    for (; ; ) {
                                      steps.incrementAndGet();
                                      Fiber.yield();
                                    }
                                  });
                            }
                            Fibers.startBare(
                                () -> {
                                  while (arrived.get() < 100) {
                                    Fiber.yield();
                                  }
                                  throw fatal;
                                });
                          }));
      int after = steps.get();
      assertThat(error).isNotNull().hasCause(fatal);
      assertThat(error).hasMessageContaining("fibers left behind: 100");
      assertThat(steps.get()).as("nothing runs once run has thrown").isEqualTo(after);
    }
    Wait.until(() -> Domains.shared().idleCount() == POOL);
  }

  /** The domains that take part in a run return when it does. */
  @Test
  void domains_goBackToThePool() {
    for (int round = 0; round < 100; round++) {
      on(POOL)
          .run(
              () -> {
                for (int i = 0; i < 100; i++) {
                  Fibers.startBare(Fiber::yield);
                }
              });
    }
    Wait.until(() -> Domains.shared().idleCount() == POOL);
    assertThat(Domains.shared().all()).allSatisfy(one -> assertThat(one.task()).isNull());
  }

  /** The number of domains, and of the threads of fibers, does not grow with the number of runs. */
  @Test
  void tenThousandRuns_leaveNothingBehind() {
    Domains.prepare(POOL);
    Wait.until(() -> Domains.shared().idleCount() == POOL);
    long before = domainThreads();
    Set<Thread> hosts = Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));
    for (int round = 0; round < 10_000; round++) {
      on(2)
          .run(
              () -> {
                Computation<Object> gate = new Computation<>();
                for (int i = 0; i < 5; i++) {
                  Fibers.startBare(
                      () -> {
                        hosts.add(Thread.currentThread());
                        gate.join();
                      });
                }
                Fiber.yield();
                gate.tryReturn(1);
              });
    }
    Wait.until(() -> Domains.shared().idleCount() == POOL);
    Wait.until(() -> domainThreads() == before); // extra ones, too, have ended
    Wait.until(
        () -> {
          System.gc();
          return hosts.size() <= POOL * 128; // as many as wait for another fiber
        });
  }

  private static long domainThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("picos-domain"))
        .count();
  }

  // Together

  @Test
  void runs_nest() {
    int sum =
        on(2)
            .call(
                () -> {
                  Fiber outer = Fiber.current();
                  int total = 0;
                  for (int i = 0; i < 20; i++) {
                    total +=
                        on(2)
                            .call(
                                () -> {
                                  assertThat(Fiber.current()).isNotSameAs(outer);
                                  return Fibers.start(() -> 1).await();
                                });
                    assertThat(Fiber.current()).isSameAs(outer);
                  }
                  return total;
                });
    assertThat(sum).isEqualTo(20);
  }

  @Test
  void runsAtOnce_shareThePoolAndAllEnd() throws Exception {
    List<Task<Integer>> runs = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      runs.add(Task.start(() -> on(POOL).call(() -> fib(15))));
    }
    for (Task<Integer> run : runs) {
      assertThat(run.result()).isEqualTo(610);
    }
    Wait.until(() -> Domains.shared().idleCount() == POOL);
  }

  /** A domain that is needed by its lender leaves its fibers to others. */
  @Test
  void recalledDomain_leavesNoFiberBehind() throws Exception {
    int rounds = 300;
    AtomicInteger ran = new AtomicInteger();
    Task<Integer> sleeper =
        Task.start(
            () ->
                on(2)
                    .call(
                        () -> {
                          int wakes = 0;
                          for (int i = 0; i < rounds; i++) {
                            Trigger trigger = new Trigger();
                            Task.start(trigger::signal);
                            assertThat(trigger.await()).isNull();
                            wakes++;
                          }
                          return wakes;
                        }));
    Task<Boolean> busy =
        Task.start(
            () ->
                on(POOL)
                    .run(
                        () -> {
                          while (!sleeper.isDone()) {
                            List<Computation<Integer>> all = new ArrayList<>();
                            for (int i = 0; i < 2000; i++) {
                              all.add(Fibers.start(ran::incrementAndGet));
                            }
                            all.forEach(Computation::join);
                          }
                        }));
    assertThat(sleeper.result()).isEqualTo(rounds);
    assertThat(busy.result()).isTrue();
    assertThat(ran.get() % 2000).isZero();
  }

  /** The same holds for many fibers, when the domain does not come back. */
  @Test
  void recalledDomain_leavesTheYoungerFibersToOthers() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    CountDownLatch busy = new CountDownLatch(POOL - 1);
    for (int i = 1; i < POOL; i++) {
      Wait.until(
          () ->
              Domains.shared()
                  .trySpawn(
                      here -> {
                        busy.countDown();
                        Wait.until(() -> end.getCount() == 0);
                      }));
    }
    busy.await();
    for (int round = 0; round < 20; round++) {
      Trigger trigger = new Trigger();
      AtomicBoolean over = new AtomicBoolean();
      Task<Throwable> lender =
          Task.start(
              () ->
                  on(1)
                      .call(
                          () -> {
                            Throwable reason = trigger.await();
                            while (!over.get()) {
                              Thread.onSpinWait();
                            }
                            return reason;
                          }));
      Wait.until(() -> Domains.shared().idleCount() == 1);
      AtomicInteger ran = new AtomicInteger();
      Task<Boolean> guest =
          Task.start(
              () ->
                  on(2)
                      .run(
                          () -> {
                            for (int i = 0; i < 5000; i++) { // more than others may see at a time
                              Fibers.startBare(ran::incrementAndGet);
                            }
                            trigger.signal();
                          }));
      assertThat(guest.result()).isTrue();
      assertThat(ran).hasValue(5000);
      over.set(true);
      assertThat(lender.result()).isNull();
    }
    end.countDown();
    Wait.until(() -> Domains.shared().idleCount() == POOL);
  }
}
