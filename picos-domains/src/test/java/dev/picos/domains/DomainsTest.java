package dev.picos.domains;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import dev.picos.testing.Fork;
import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jctools.queues.MessagePassingQueue;
import org.jctools.queues.varhandle.MpscUnboundedVarHandleArrayQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DomainsTest {
  private final List<Domains> pools = new ArrayList<>();

  private Domains pool(int size) {
    Domains pool = new Domains(size);
    pools.add(pool);
    return pool;
  }

  /** Lends until somebody is idle. */
  private static void spawn(Domains pool, DomainTask task) {
    Wait.until(() -> pool.trySpawn(task));
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

  @AfterEach
  void closePools() {
    for (Domains pool : pools) {
      try {
        pool.close();
      } catch (DomainTasksFailedException e) {
        // the test has looked at what it expected
      }
    }
  }

  // What a pool is

  @Test
  void all_areInTheOrderOfTheirNumbers() {
    // a pool has as many domains as asked for, numbered from 0, in a list that nobody can change
    Domains pool = pool(3);

    List<Domain> all = pool.all();

    assertThat(pool.size()).isEqualTo(3);
    assertThat(all).extracting(Domain::id).containsExactly(0, 1, 2);
    assertThat(pool.all()).isSameAs(all);
    assertThatThrownBy(() -> all.remove(0)).isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void next_visitsEveryDomainOnce() {
    // whichever domain one starts from, next() is a cycle through all of them
    Domains pool = pool(5);

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
    Domains pool = pool(2);

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
    Domains pool = pool(2);
    CountDownLatch end = new CountDownLatch(1);

    occupy(pool, end);
    int whenBusy = pool.idleCount();
    end.countDown();

    assertThat(whenBusy).isZero();
    Wait.until(() -> pool.idleCount() == 2);
  }

  // Who am I

  @Test
  void self_outsideOfDomains_throws() {
    // a thread that no domain is or runs has no domain, and is told so
    Domains pool = pool(1);

    assertThat(pool.current()).isEmpty();
    assertThatIllegalStateException()
        .isThrownBy(pool::self)
        .withMessageContaining(Thread.currentThread().getName());
  }

  @Test
  void self_inTask_isItsDomain() throws Exception {
    // a task finds the domain that it was given; other pools do not know that domain
    Domains pool = pool(2);
    Domains other = pool(2);
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
    Domains pool = pool(1);

    assertThatNullPointerException().isThrownBy(() -> pool.trySpawn(null));
    assertThat(pool.all()).allMatch(Domain::isNew);
  }

  @Test
  void firstTrySpawn_isAccepted() throws Exception {
    // the very first attempt finds the domains idle that it has started
    for (int i = 0; i < 50; i++) {
      Domains pool = pool(1);
      CountDownLatch ran = new CountDownLatch(1);

      boolean accepted = pool.trySpawn(here -> ran.countDown());

      assertThat(accepted).isTrue();
      ran.await();
    }
  }

  @Test
  void trySpawn_whenAllAreBusy_isRefusedForGood() throws Exception {
    // a task that was refused is never run, not even when a domain becomes idle
    Domains pool = pool(2);
    CountDownLatch end = new CountDownLatch(1);
    AtomicBoolean ran = new AtomicBoolean();
    CountDownLatch later = new CountDownLatch(1);

    occupy(pool, end);
    boolean accepted = pool.trySpawn(here -> ran.set(true));
    end.countDown();
    Wait.until(() -> pool.idleCount() == 2);
    spawn(pool, here -> later.countDown());
    later.await();
    pool.close();

    assertThat(accepted).isFalse();
    assertThat(ran).isFalse();
  }

  @Test
  void trySpawn_runsWhatItAcceptsOnceAndNothingElse() throws Exception {
    // four threads offer 40,000 tasks to two domains: exactly those that were accepted run, once
    // each, on domains of the pool, and see what their lender wrote before
    Domains pool = pool(2);
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
    pool.close();

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
    Domains pool = pool(3);
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
    Domains pool = pool(3);
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
    pool.close();

    assertThat(ran.get()).isPositive();
    assertThat(together).hasValue(0);
  }

  @Test
  void trySpawn_ofOneInstance_runsItAsOftenAsAccepted() {
    // a preallocated task may be lent again and again, and at once
    Domains pool = pool(2);
    AtomicInteger runs = new AtomicInteger();
    DomainTask task = here -> runs.incrementAndGet();

    long accepted = IntStream.range(0, 20_000).filter(i -> pool.trySpawn(task)).count();
    pool.close();

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
    Domains pool = pool(1);

    Thread.currentThread().interrupt();
    pool.trySpawn(here -> {});

    assertThat(Thread.interrupted()).isTrue();
    assertThat(pool.all()).noneMatch(Domain::isNew);
  }

  @Test
  void pool_neverHasMoreThreadsThanDomains() {
    // whatever is lent, however tasks end, the threads that run tasks are as many as the domains
    Domains pool = pool(3);
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
              throw new DomainsTerminated();
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
                  pool(1),
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
    Domains pool = pool(1);
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
    Domains pool = pool(1);
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

  @Test
  void taskThatLeavesWithDomainsTerminated_isNoFailure() {
    // the exception that asks tasks to leave is the normal way to leave
    Domains pool = pool(1);
    AtomicInteger reports = new AtomicInteger();
    CountDownLatch running = new CountDownLatch(1);
    spawn(
        pool,
        here -> {
          Thread.currentThread()
              .setUncaughtExceptionHandler((thread, thrown) -> reports.incrementAndGet());
          running.countDown();
          while (true) {
            here.checkTerminate();
            Thread.onSpinWait();
          }
        });
    awaitOpen(running);

    assertThatCode(pool::close).doesNotThrowAnyException();

    assertThat(reports).hasValue(0);
  }

  // Closing

  @Test
  void checkTerminate_throwsOnceClosed() {
    // nothing before close, an exception without a stack trace afterwards
    Domains pool = pool(1);

    assertThatCode(pool::checkTerminate).doesNotThrowAnyException();
    pool.close();

    assertThatThrownBy(pool::checkTerminate)
        .isInstanceOfSatisfying(
            DomainsTerminated.class, thrown -> assertThat(thrown.getStackTrace()).isEmpty());
  }

  @Test
  void close_isIdempotent() throws Exception {
    // closing twice, and at once from two threads, is closing once
    Domains pool = pool(2);
    spawn(pool, here -> {});

    Task<Boolean> other = Task.start(pool::close);
    pool.close();
    pool.close();

    assertThat(other.result()).isTrue();
    assertThat(pool.trySpawn(here -> {})).isFalse();
  }

  @Test
  void close_endsTheThreads() throws Exception {
    // when close returns, the threads of the domains have ended
    Domains pool = pool(2);
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    CountDownLatch end = new CountDownLatch(1);
    CountDownLatch both = new CountDownLatch(2);
    DomainTask task =
        here -> {
          threads.add(Thread.currentThread());
          both.countDown();
          awaitOpen(end);
        };
    spawn(pool, task);
    spawn(pool, task);
    awaitOpen(both);

    Task<Boolean> closing = Task.start(pool::close);
    Wait.until(() -> closing.thread().getState() == Thread.State.WAITING);
    boolean early = closing.isDone();
    end.countDown();
    closing.result();

    assertThat(early).isFalse();
    assertThat(threads).hasSize(2).noneMatch(Thread::isAlive);
  }

  @Test
  void close_ofUnusedPool_refusesFromThenOn() throws Exception {
    // a pool that was closed before it started anything refuses tasks like any other closed pool,
    // and starts no threads
    Domains pool = pool(2);
    pool.close();

    Task<Boolean> accepted = Task.start(() -> pool.trySpawn(here -> {}));

    assertThat(accepted.result()).isFalse();
    assertThat(pool.all()).allMatch(Domain::isNew);
  }

  @Test
  void close_runsEverythingThatWasAccepted() throws Exception {
    // pools are closed while three threads lend: what was accepted has run once when close returns,
    // and nothing is accepted afterwards
    List<String> wrong = new ArrayList<>();

    for (int round = 0; round < 200; round++) {
      Domains pool = new Domains(2);
      AtomicInteger accepted = new AtomicInteger();
      AtomicInteger ran = new AtomicInteger();
      AtomicBoolean closed = new AtomicBoolean();
      CountDownLatch warm = new CountDownLatch(3);
      List<Task<Boolean>> lenders =
          IntStream.range(0, 3)
              .mapToObj(
                  i ->
                      Task.start(
                          () -> {
                            while (!closed.get()) {
                              if (pool.trySpawn(here -> ran.incrementAndGet())) {
                                accepted.incrementAndGet();
                              }
                              warm.countDown();
                            }
                          }))
              .toList();
      warm.await();
      pool.close();
      int ranAtClose = ran.get();
      closed.set(true);
      for (Task<Boolean> lender : lenders) {
        lender.result();
      }
      if (ranAtClose != accepted.get() || ran.get() != accepted.get()) {
        wrong.add(ranAtClose + " ran, then " + ran + ", " + accepted + " accepted");
      }
    }

    assertThat(wrong).isEmpty();
  }

  @Test
  void close_byTaskOfItsOwn_throws() throws Exception {
    // a task cannot close its pool, which would wait for it; the pool stays open
    Domains pool = pool(1);
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    CountDownLatch ran = new CountDownLatch(1);

    spawn(
        pool,
        here -> {
          thrown.set(catchThrowableOfType(IllegalStateException.class, pool::close));
          ran.countDown();
        });
    ran.await();

    assertThat(thrown.get()).isNotNull();
    Wait.until(() -> pool.trySpawn(here -> {}));
  }

  @Test
  void close_byFiber_throws() throws Exception {
    // a fiber cannot close the pool that runs it either
    Domains shared = Domains.shared();
    Wait.until(() -> shared.trySpawn(here -> {}));
    Wait.until(() -> shared.idleCount() == shared.size());

    Throwable thrown =
        QueueScheduler.create()
            .call(() -> catchThrowableOfType(IllegalStateException.class, shared::close));

    assertThat(thrown).hasMessageContaining("close");
    assertThatCode(shared::checkTerminate).doesNotThrowAnyException();
  }

  @Test
  void close_byTaskOfAnotherPool_closes() throws Exception {
    // the domains of one pool may close another
    Domains pool = pool(1);
    Domains other = pool(1);
    spawn(other, here -> {});
    CountDownLatch ran = new CountDownLatch(1);

    spawn(
        pool,
        here -> {
          other.close();
          ran.countDown();
        });
    ran.await();

    assertThat(other.trySpawn(here -> {})).isFalse();
  }

  @Test
  void close_byInterruptedThread_waitsAllTheSame() throws Exception {
    // an interrupt neither ends the wait for the domains nor gets lost
    Domains pool = pool(1);
    CountDownLatch running = new CountDownLatch(1);
    CountDownLatch end = new CountDownLatch(1);
    AtomicBoolean ended = new AtomicBoolean();
    spawn(
        pool,
        here -> {
          running.countDown();
          awaitOpen(end);
          ended.set(true);
        });
    running.await();

    Task<List<Boolean>> closing =
        Task.start(
            () -> {
              Thread.currentThread().interrupt();
              pool.close();
              return List.of(ended.get(), Thread.interrupted());
            });
    Wait.until(() -> closing.thread().getState() == Thread.State.WAITING);
    end.countDown();

    assertThat(closing.result()).containsExactly(true, true);
  }

  @Test
  void close_reportsFailuresOnce() {
    // close throws one exception with all that tasks threw suppressed in it, in order of
    // occurrence; the next close throws nothing
    Domains pool = pool(1);
    List<IllegalStateException> failures =
        IntStream.range(0, 5).mapToObj(i -> new IllegalStateException("task " + i)).toList();
    spawn(pool, here -> Thread.currentThread().setUncaughtExceptionHandler((thread, thrown) -> {}));
    for (IllegalStateException failure : failures) {
      spawn(
          pool,
          here -> {
            throw failure;
          });
    }

    assertThatThrownBy(pool::close)
        .isInstanceOf(DomainTasksFailedException.class)
        .hasMessageContaining("5")
        .satisfies(
            thrown ->
                assertThat(thrown.getSuppressed())
                    .containsExactly(failures.toArray(Throwable[]::new)));
    assertThatCode(pool::close).doesNotThrowAnyException();
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
      pool.close();
      System.out.println("closed");
    }
  }

  @Test
  void pool_needsNoFlag() throws Exception {
    // lending threads has nothing to do with virtual threads: without --add-opens a pool works
    Fork fork = java(UsesNoFlag.class);

    assertThat(fork.output().lines()).containsExactly("false", "true", "false", "closed");
  }

  static final class ClosesUnderRun {
    private ClosesUnderRun() {}

    public static void main(String[] args) throws Exception {
      Trigger trigger = new Trigger();
      CountDownLatch waits = new CountDownLatch(1);
      Task<Integer> run =
          Task.start(
              () ->
                  QueueScheduler.create()
                      .call(
                          () -> {
                            waits.countDown();
                            return trigger.await() == null ? 42 : 0;
                          }));
      waits.await();
      Task<Boolean> close = Task.start(Domains.shared()::close);
      trigger.signal();
      System.out.println(run.result());
      System.out.println(close.result());
      System.out.println(QueueScheduler.create().<Integer, RuntimeException>call(() -> 43));
    }
  }

  @Test
  void close_ofSharedPool_leavesSchedulersRunning() throws Exception {
    // runs go on to their ends when the shared pool is closed, and new ones find extra domains
    Fork fork = java(ClosesUnderRun.class, Fork.OPENS);

    assertThat(fork.output().lines()).containsExactly("42", "true", "43");
  }

  /** A further JVM with what the tests here need. */
  private static Fork java(Class<?> main, String... options) throws Exception {
    return Fork.java(
        main,
        List.of(
            Domains.class,
            Fiber.class,
            MpscUnboundedVarHandleArrayQueue.class,
            MessagePassingQueue.class),
        List.of(options));
  }
}
