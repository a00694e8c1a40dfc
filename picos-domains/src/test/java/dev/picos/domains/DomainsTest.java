package dev.picos.domains;

import static dev.picos.core.Computation.Mode.LIFO;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.testing.Fork;
import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class DomainsTest {
  /** Lends until somebody is idle. */
  private static void spawn(Domains pool, DomainTask task) {
    Wait.until(() -> pool.trySpawn(task));
  }

  /** Waits until every task that was accepted has ended. */
  private static void awaitQuiet(Domains pool) {
    Wait.until(() -> pool.idleCount() == pool.size());
  }

  /** Keeps every domain busy until the latch opens. */
  private static void occupy(Domains pool, CountDownLatch until) {
    CountDownLatch busy = new CountDownLatch(pool.size());
    for (int i = 0; i < pool.size(); i++) {
      spawn(
          pool,
          here -> {
            busy.countDown();
            awaitOpen(until);
          });
    }
    awaitOpen(busy);
  }

  private static void awaitOpen(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  // What a pool is

  @Test
  void all_areInTheOrderOfTheirNumbers() {
    // a pool has as many domains as asked for, numbered from 0, in a list that nobody can change
    Domains pool = new Domains(3);

    List<Domain> all = pool.all();

    assertThat(pool.size()).isEqualTo(3);
    assertThat(all).extracting(Domain::id).containsExactly(0, 1, 2);
    assertThat(pool.all()).isSameAs(all);
    assertThatThrownBy(() -> all.remove(0)).isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void next_visitsEveryDomainOnce() {
    // whichever domain one starts from, next() is a cycle through all of them
    Domains pool = new Domains(5);

    List<List<Domain>> cycles =
        pool.all().stream()
            .map(from -> Stream.iterate(from, Domain::next).limit(5).toList())
            .toList();

    assertThat(cycles)
        .allSatisfy(cycle -> assertThat(cycle).containsExactlyInAnyOrderElementsOf(pool.all()));
    assertThat(pool.all())
        .allSatisfy(from -> assertThat(cycles.get(from.id()).get(4).next()).isSameAs(from));
  }

  @Test
  void newPool_hasStartedNoThread() {
    // no thread exists before the first use, and looking at the pool is no use
    Domains pool = new Domains(2);

    pool.idleCount();
    pool.current();
    pool.all().forEach(Domain::wakeup);

    assertThat(pool.all()).allMatch(Domain::isNew);
  }

  @Test
  void shared_isOnePool() {
    // everybody gets the same pool
    Domains first = Domains.shared();

    assertThat(Domains.shared()).isSameAs(first);
    assertThat(first.size()).isPositive();
  }

  @Test
  void idleCount_followsWhatDomainsDo() {
    // all domains are idle once they are up, none while all are busy, and all again afterwards
    Domains pool = new Domains(2);
    CountDownLatch end = new CountDownLatch(1);

    occupy(pool, end);
    int whenBusy = pool.idleCount();
    end.countDown();

    assertThat(whenBusy).isZero();
    Wait.until(() -> pool.idleCount() == 2);
  }

  @Test
  void threads_endWhenNothingHasBeenToDo_andStartAgain() throws Exception {
    Domains pool = new Domains(2, Duration.ofMillis(50));
    for (int i = 0; i < 3; i++) {
      CountDownLatch done = new CountDownLatch(1);
      pool.spawn(here -> done.countDown());
      done.await();
      assertThat(pool.all()).noneMatch(Domain::isNew);
      Wait.until(() -> pool.all().stream().allMatch(Domain::isNew));
      assertThat(pool.idleCount()).isZero();
    }
  }

  @Test
  void idling_saysHowADomainWaits() throws Exception {
    // it is asked again and again while there is nothing to do, by each domain its own
    Queue<AtomicInteger> asked = new ConcurrentLinkedQueue<>();
    AtomicInteger resets = new AtomicInteger();
    Domains pool =
        new Domains(
            2,
            Duration.ofSeconds(1),
            () -> {
              AtomicInteger own = new AtomicInteger();
              asked.add(own);
              return new Idling() {
                @Override
                public void idle() {
                  own.incrementAndGet();
                  Thread.yield();
                }

                @Override
                public void reset() {
                  resets.incrementAndGet();
                }
              };
            });
    assertThat(asked).hasSize(2).allMatch(own -> own.get() == 0);
    for (int i = 1; i <= 100; i++) {
      CountDownLatch done = new CountDownLatch(1);
      pool.spawn(here -> done.countDown());
      done.await();
    }
    Wait.until(() -> asked.stream().allMatch(own -> own.get() > 1_000));
    assertThat(resets.get()).isPositive();
  }

  @Test
  void idlingThatIsNull_isRefused() {
    // at once, and not by domains that never idle
    assertThatThrownBy(() -> new Domains(1, Duration.ofSeconds(1), () -> null))
        .isInstanceOf(NullPointerException.class)
        .hasMessageContaining("idling");
  }

  @Test
  void idlingThatThrows_losesNothing() throws Exception {
    AtomicInteger thrown = new AtomicInteger();
    Domains pool =
        new Domains(
            1,
            Duration.ofSeconds(1),
            () ->
                () -> {
                  if (thrown.incrementAndGet() % 2 == 0) {
                    throw new IllegalStateException("by idling");
                  }
                  Thread.yield();
                });
    for (int i = 1; i <= 20; i++) {
      CountDownLatch done = new CountDownLatch(1);
      pool.spawn(here -> done.countDown());
      done.await();
    }
    Wait.until(() -> thrown.get() > 5);
  }

  @Test
  void threads_endOnlyWhenNothingHasBeenToDo() throws Exception {
    Domains pool = new Domains(2, Duration.ofMillis(1));
    CountDownLatch end = new CountDownLatch(1);
    occupy(pool, end);
    CountDownLatch passed = new CountDownLatch(1);
    WheelTimer.shared()
        .cancelAfter(
            Computation.withAction(LIFO, passed, null, (t, latch, none) -> latch.countDown()),
            Duration.ofMillis(100),
            new Exception());
    passed.await();
    assertThat(pool.all()).noneMatch(Domain::isNew);
    end.countDown();
    Wait.until(() -> pool.all().stream().allMatch(Domain::isNew));
  }

  @Test
  void whatComesWhileThreadsEnd_isRunOnce() throws Exception {
    // lenders and callers meet a pool that ends its threads all the time
    Domains pool = new Domains(2, Duration.ofNanos(1));
    int rounds = 5_000;
    AtomicInteger runs = new AtomicInteger();
    for (int i = 0; i < rounds; i++) {
      if (i % 3 == 0) {
        pool.call(
            new Calls.Call() {
              @Override
              public void run(Domain here) {
                pool.ensureStarted(); // as what runs here may do
                runs.getAndIncrement();
              }
            });
      } else {
        pool.spawn(here -> runs.getAndIncrement());
      }
      int sofar = i + 1;
      if (i % 7 != 0) {
        Wait.until(() -> runs.get() == sofar);
      }
    }
    Wait.until(() -> runs.get() == rounds);
    Wait.until(() -> pool.all().stream().allMatch(Domain::isNew));
  }

  // Who am I

  @Test
  void self_outsideOfDomains_throws() {
    // a thread that no domain is or runs has no domain, and is told so
    Domains pool = new Domains(1);

    assertThat(pool.current()).isEmpty();
    assertThatIllegalStateException()
        .isThrownBy(pool::self)
        .withMessageContaining(Thread.currentThread().getName());
  }

  @Test
  void self_inTask_isItsDomain() throws Exception {
    // a task finds the domain that it was given; other pools do not know that domain
    Domains pool = new Domains(2);
    Domains other = new Domains(2);
    CountDownLatch ran = new CountDownLatch(1);
    List<Object> seen = new ArrayList<>();

    spawn(
        pool,
        here -> {
          seen.add(here);
          seen.add(pool.self());
          seen.add(pool.current().orElseThrow());
          seen.add(other.current().isPresent());
          ran.countDown();
        });
    ran.await();

    assertThat(seen.get(0)).isIn(pool.all());
    assertThat(seen.subList(1, 4)).containsExactly(seen.get(0), seen.get(0), false);
  }

  @Test
  void self_inFiber_isTheDomainThatRunsIt() throws Exception {
    // a fiber sees the domain that runs its present slice, although it has a thread of its own
    Domains shared = Domains.shared();
    Wait.until(() -> shared.trySpawn(here -> {}));
    Wait.until(() -> shared.idleCount() == shared.size());

    List<Domain> seen =
        QueueScheduler.create()
            .call(
                () -> {
                  Domain domain = shared.self();
                  Fiber.yield();
                  return List.of(domain, shared.self(), shared.current().orElseThrow());
                });

    assertThat(seen).allSatisfy(domain -> assertThat(domain).isIn(shared.all()));
    assertThat(new HashSet<>(seen)).hasSize(1);
  }

  // Lending

  @Test
  void trySpawn_null_throws() {
    // there is no null task
    Domains pool = new Domains(1);

    assertThatNullPointerException().isThrownBy(() -> pool.trySpawn(null));
    assertThat(pool.all()).allMatch(Domain::isNew);
  }

  @Test
  void firstTrySpawn_isAccepted() throws Exception {
    // the very first attempt finds the domains idle that it has started
    for (int i = 0; i < 50; i++) {
      Domains pool = new Domains(1);
      CountDownLatch ran = new CountDownLatch(1);

      boolean accepted = pool.trySpawn(here -> ran.countDown());

      assertThat(accepted).isTrue();
      ran.await();
    }
  }

  @Test
  void trySpawn_whenAllAreBusy_isRefusedForGood() throws Exception {
    // a task that was refused is never run, not even when a domain becomes idle
    Domains pool = new Domains(2);
    CountDownLatch end = new CountDownLatch(1);
    AtomicBoolean ran = new AtomicBoolean();
    CountDownLatch later = new CountDownLatch(1);

    occupy(pool, end);
    boolean accepted = pool.trySpawn(here -> ran.set(true));
    end.countDown();
    Wait.until(() -> pool.idleCount() == 2);
    spawn(pool, here -> later.countDown());
    later.await();
    awaitQuiet(pool);

    assertThat(accepted).isFalse();
    assertThat(ran).isFalse();
  }

  @Test
  void trySpawn_runsWhatItAcceptsOnceAndNothingElse() throws Exception {
    // four threads offer 40,000 tasks to two domains: exactly those that were accepted run, once
    // each, on domains of the pool, and see what their lender wrote before
    Domains pool = new Domains(2);
    record Offer(int[] runs, int[] argument, int[] seen, AtomicBoolean accepted) {}
    ConcurrentLinkedQueue<Offer> made = new ConcurrentLinkedQueue<>();
    Set<Thread> threads = ConcurrentHashMap.newKeySet();

    List<Task<Boolean>> lenders =
        IntStream.range(0, 4)
            .mapToObj(
                lender ->
                    Task.start(
                        () -> {
                          for (int i = 0; i < 10_000; i++) {
                            Offer offer =
                                new Offer(new int[1], new int[1], new int[1], new AtomicBoolean());
                            offer.argument[0] = i + 1;
                            boolean accepted =
                                pool.trySpawn(
                                    here -> {
                                      offer.runs[0]++;
                                      offer.seen[0] = offer.argument[0];
                                      threads.add(Thread.currentThread());
                                    });
                            offer.accepted.set(accepted);
                            made.add(offer);
                          }
                        }))
            .toList();
    for (Task<Boolean> lender : lenders) {
      lender.result();
    }
    awaitQuiet(pool);

    assertThat(made).hasSize(40_000);
    assertThat(made)
        .allSatisfy(offer -> assertThat(offer.runs[0]).isEqualTo(offer.accepted.get() ? 1 : 0))
        .allSatisfy(
            offer -> assertThat(offer.seen[0]).isEqualTo(offer.runs[0] * offer.argument[0]));
    assertThat(made).anyMatch(offer -> offer.accepted.get());
    assertThat(threads).hasSizeBetween(1, 2).allMatch(thread -> !thread.isVirtual());
  }

  @Test
  void trySpawn_leavesTasksThatSleepAlone() throws Exception {
    // a task that sleeps on its domain has no guest there while another domain has nothing to do
    Domains pool = new Domains(3);
    AtomicBoolean over = new AtomicBoolean();
    CountDownLatch asleep = new CountDownLatch(1);
    AtomicReference<Domain> sleeper = new AtomicReference<>();
    assertThat(
            pool.trySpawn(
                here -> {
                  sleeper.set(here);
                  here.idle(
                      () -> {
                        asleep.countDown();
                        return over.get();
                      });
                }))
        .isTrue();
    asleep.await();
    Wait.until(() -> pool.idleCount() == 3);

    List<Domain> guests = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch end = new CountDownLatch(1);
    for (int i = 0; i < 3; i++) {
      int before = i;
      assertThat(
              pool.trySpawn(
                  here -> {
                    guests.add(here);
                    awaitOpen(end);
                  }))
          .isTrue();
      Wait.until(() -> guests.size() > before);
    }
    end.countDown();
    over.set(true);
    Wait.until(
        () -> {
          pool.all().forEach(Domain::wakeup);
          return pool.idleCount() == 3;
        });

    assertThat(guests).doesNotHaveDuplicates().last().isSameAs(sleeper.get());
  }

  @Test
  void trySpawn_atMostOneTaskADomain() throws Exception {
    // two tasks are never at the same time on one domain
    Domains pool = new Domains(3);
    int[] inside = new int[3];
    AtomicInteger ran = new AtomicInteger();
    AtomicInteger together = new AtomicInteger();

    for (int i = 0; i < 20_000; i++) {
      pool.trySpawn(
          here -> {
            if (inside[here.id()]++ != 0) {
              together.incrementAndGet();
            }
            ran.incrementAndGet();
            inside[here.id()]--;
          });
      Thread.onSpinWait();
    }
    awaitQuiet(pool);

    assertThat(ran.get()).isPositive();
    assertThat(together).hasValue(0);
  }

  @Test
  void trySpawn_ofOneInstance_runsItAsOftenAsAccepted() {
    // a preallocated task may be lent again and again, and at once
    Domains pool = new Domains(2);
    AtomicInteger runs = new AtomicInteger();
    DomainTask task = here -> runs.incrementAndGet();

    long accepted = IntStream.range(0, 20_000).filter(i -> pool.trySpawn(task)).count();
    awaitQuiet(pool);

    assertThat(accepted).isPositive();
    assertThat(runs.get()).isEqualTo((int) accepted);
  }

  static final class CountsAllocation {
    private CountsAllocation() {}

    public static void main(String[] args) throws Exception {
      // By reflection, as the tests may run in a module that does not read the one of these
      // classes.
      Object threads =
          Class.forName("java.lang.management.ManagementFactory")
              .getMethod("getThreadMXBean")
              .invoke(null);
      Method allocated =
          Class.forName("com.sun.management.ThreadMXBean")
              .getMethod("getThreadAllocatedBytes", long.class);
      Domains pool = new Domains(2);
      DomainTask task = here -> {};
      int accepted = pool.trySpawn(task) ? 1 : 0;
      long before = (long) allocated.invoke(threads, Thread.currentThread().threadId());
      for (int i = 1; i < 1_000; i++) {
        while (pool.idleCount() < 2) {
          Thread.onSpinWait();
        }
        accepted += pool.trySpawn(task) ? 1 : 0;
      }
      long after = (long) allocated.invoke(threads, Thread.currentThread().threadId());
      System.out.println(accepted + " " + (after - before < 8_000 ? "little" : after - before));
    }
  }

  @Test
  void trySpawn_onceStarted_allocatesNothing() throws Exception {
    // a thousand tasks lent, in interpreted code that leaves no allocation out, cost less than the
    // smallest object each
    Fork fork = java(CountsAllocation.class, "-Xint");

    assertThat(fork.output().strip()).isEqualTo("1000 little");
  }

  @Test
  void trySpawn_keepsTheInterruptStatus() {
    // an interrupted thread can start a pool and lend, and stays interrupted
    Domains pool = new Domains(1);

    Thread.currentThread().interrupt();
    pool.trySpawn(here -> {});

    assertThat(Thread.interrupted()).isTrue();
    assertThat(pool.all()).noneMatch(Domain::isNew);
  }

  @Test
  void pool_neverHasMoreThreadsThanDomains() {
    // whatever is lent, however tasks end, the threads that run tasks are as many as the domains
    Domains pool = new Domains(3);
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    AtomicInteger ran = new AtomicInteger();

    for (int i = 0; i < 300; i++) {
      boolean fails = i % 3 == 0;
      spawn(
          pool,
          here -> {
            threads.add(Thread.currentThread());
            ran.incrementAndGet();
            if (fails) {
              Thread.currentThread().setUncaughtExceptionHandler((thread, thrown) -> {});
              throw new IllegalStateException("a task that fails");
            }
          });
    }
    Wait.until(() -> ran.get() == 300);

    assertThat(threads).hasSizeBetween(1, 3);
    assertThat(threads).allMatch(Thread::isDaemon);
  }

  @Test
  void threads_inheritNothingFromWhoMakesThePool() throws Exception {
    // the pool belongs to nobody: inheritable thread locals and the context class loader of its
    // first user do not stay in its threads
    InheritableThreadLocal<String> local = new InheritableThreadLocal<>();
    ClassLoader loader = new ClassLoader() {};
    AtomicReference<String> seen = new AtomicReference<>("nothing");
    AtomicReference<ClassLoader> seenLoader = new AtomicReference<>();
    CountDownLatch ran = new CountDownLatch(1);

    Task.start(
            () -> {
              local.set("of the first user");
              Thread.currentThread().setContextClassLoader(loader);
              spawn(
                  new Domains(1),
                  here -> {
                    seen.set(local.get());
                    seenLoader.set(Thread.currentThread().getContextClassLoader());
                    ran.countDown();
                  });
            })
        .result();
    ran.await();

    assertThat(seen).hasValue(null);
    assertThat(seenLoader.get()).isSameAs(ClassLoader.getSystemClassLoader());
  }

  // Failures

  @Test
  void taskThatThrows_costsNoDomain() throws Exception {
    // a pool of one domain runs task after task although each of them throws
    Domains pool = new Domains(1);
    AtomicInteger ran = new AtomicInteger();

    for (int i = 0; i < 20; i++) {
      spawn(
          pool,
          here -> {
            Thread.currentThread().setUncaughtExceptionHandler((thread, thrown) -> {});
            ran.incrementAndGet();
            throw new IllegalStateException("task " + ran);
          });
    }
    Wait.until(() -> ran.get() == 20);

    Wait.until(() -> pool.idleCount() == 1);
    assertThat(pool.all()).noneMatch(Domain::isNew);
  }

  @Test
  void taskThatThrows_isReportedAtOnce() {
    // what a task throws reaches the uncaught-exception handler, be it an exception or an error; a
    // handler that throws does no harm
    Domains pool = new Domains(1);
    ConcurrentLinkedQueue<Throwable> reports = new ConcurrentLinkedQueue<>();
    IllegalStateException first = new IllegalStateException("first");
    OutOfMemoryError second = new OutOfMemoryError("second");
    spawn(
        pool,
        here ->
            Thread.currentThread()
                .setUncaughtExceptionHandler(
                    (thread, thrown) -> {
                      reports.add(thrown);
                      throw new IllegalStateException("by the handler");
                    }));

    spawn(
        pool,
        here -> {
          throw first;
        });
    spawn(
        pool,
        here -> {
          throw second;
        });

    Wait.until(() -> reports.size() == 2);
    assertThat(reports).containsExactly(first, second);
  }

  // The shared pool, and flags

  static final class Prepares {
    private Prepares() {}

    public static void main(String[] args) throws Exception {
      Domains first = Domains.prepare(100);
      boolean complete = first.all().stream().noneMatch(Domain::isNew);
      Domains second = Domains.prepare(1);
      boolean accepted = first.trySpawn(here -> {});
      System.out.println(
          first.size()
              + " "
              + complete
              + " "
              + (first == second)
              + " "
              + accepted
              + " "
              + (first == Domains.shared()));
    }
  }

  @Test
  void prepare_clampsToTheLimitAndDecidesOnce() throws Exception {
    // the first prepare decides, within -Dpicos.domains; the pool is complete when it returns;
    // later calls get the same pool
    Fork fork = java(Prepares.class, "-Dpicos.domains=3");

    assertThat(fork.output().strip()).isEqualTo("3 true true true true");
    assertThat(fork.exit()).isZero();
  }

  static final class PreparesAtOnce {
    private PreparesAtOnce() {}

    public static void main(String[] args) throws Exception {
      List<Task<Integer>> tasks =
          IntStream.range(0, 8)
              .mapToObj(i -> Task.start(() -> Domains.prepare(i + 1).idleCount()))
              .toList();
      int size = Domains.shared().size();
      for (Task<Integer> task : tasks) {
        System.out.println(task.result() == size ? "complete" : "incomplete");
      }
    }
  }

  @Test
  void prepare_byManyAtOnce_returnsACompletePoolToEach() throws Exception {
    // whoever calls prepare, first or not, gets the pool when all domains are there and idle
    Fork fork = java(PreparesAtOnce.class, "-Dpicos.domains=40");

    assertThat(fork.output().lines()).hasSize(8).containsOnly("complete");
  }

  static final class PreparesNone {
    private PreparesNone() {}

    public static void main(String[] args) {
      System.out.println(Domains.prepare(-7).size());
    }
  }

  @Test
  void prepare_withLessThanOne_takesOne() throws Exception {
    // there is no pool without a domain
    Fork fork = java(PreparesNone.class);

    assertThat(fork.output().strip()).isEqualTo("1");
  }

  static final class SharesFirst {
    private SharesFirst() {}

    public static void main(String[] args) {
      Domains shared = Domains.shared();
      boolean untouched = shared.all().stream().allMatch(Domain::isNew);
      Domains prepared = Domains.prepare(1);
      boolean complete = shared.all().stream().noneMatch(Domain::isNew);
      System.out.println(
          shared.size() + " " + untouched + " " + (shared == prepared) + " " + complete);
    }
  }

  @Test
  void shared_beforePrepare_decides() throws Exception {
    // a library that is first gets a pool of the limit, without threads; prepare then completes
    // that one
    Fork fork = java(SharesFirst.class, "-Dpicos.domains=9");

    assertThat(fork.output().strip()).isEqualTo("9 true true true");
  }

  @Test
  void limit_thatIsNoPositiveNumber_isExplained() throws Exception {
    // a wrong -Dpicos.domains is named in the error
    Fork none = java(SharesFirst.class, "-Dpicos.domains=0");
    Fork word = java(SharesFirst.class, "-Dpicos.domains=many");

    assertThat(none.output())
        .contains("IllegalArgumentException")
        .contains("-Dpicos.domains must be a positive number of domains: 0");
    assertThat(word.output())
        .contains("-Dpicos.domains must be a positive number of domains: many");
  }

  static final class UsesNoFlag {
    private UsesNoFlag() {}

    public static void main(String[] args) throws Exception {
      Domains pool = new Domains(1);
      System.out.println(pool.current().isPresent());
      CountDownLatch ran = new CountDownLatch(1);
      while (!pool.trySpawn(
          here -> {
            System.out.println(pool.self() == here);
            ran.countDown();
          })) {
        Thread.onSpinWait();
      }
      ran.await();
      Thread.ofVirtual().start(() -> System.out.println(pool.current().isPresent())).join();
    }
  }

  @Test
  void pool_needsNoFlag() throws Exception {
    // lending threads has nothing to do with virtual threads: without --add-opens a pool works
    Fork fork = java(UsesNoFlag.class);

    assertThat(fork.output().lines()).containsExactly("false", "true", "false");
  }

  static final class RunsFibers {
    private RunsFibers() {}

    public static void main(String[] args) {
      boolean hasRecorder = ModuleLayer.boot().findModule("jdk.jfr").isPresent();
      int value =
          QueueScheduler.create()
              .call(
                  () -> {
                    Computation<Integer> answer = new Computation<>();
                    Fiber.spawn(new Fiber(new Computation<>()), self -> answer.tryReturn(42));
                    return answer.await();
                  });
      System.out.println(hasRecorder + " " + value);
    }
  }

  @Test
  void pool_needsNoFlightRecorder() throws Exception {
    // in a JVM without the module jdk.jfr domains and fibers do what they do elsewhere
    Fork fork = java(RunsFibers.class, Fork.OPENS, "--limit-modules=java.base");

    assertThat(fork.output()).isEqualTo("false 42");
  }

  /** A further JVM with what the tests here need. */
  private static Fork java(Class<?> main, String... options) throws Exception {
    return Fork.java(main, List.of(Domains.class, Fiber.class), List.of(options));
  }
}
