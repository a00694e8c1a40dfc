package dev.picos.domains;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.picos.core.Computation;
import dev.picos.core.FatalFiberError;
import dev.picos.core.Fiber;
import dev.picos.core.ThreadScheduler;
import dev.picos.core.Trigger;
import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import dev.picos.testing.fibers.Fibers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ExecutionTest {
  private final Domains shared = Domains.shared();
  private final List<String> log = Collections.synchronizedList(new ArrayList<>());

  @AfterEach
  void allDomainsAreBackInThePool() {
    Wait.until(() -> shared.trySpawn(here -> {}));
    Wait.until(() -> shared.idleCount() == shared.size());
  }

  /** Keeps all domains of the shared pool but so many busy until the latch opens. */
  private void leaveIdle(int idle, CountDownLatch until) throws Exception {
    int count = shared.size() - idle;
    CountDownLatch busy = new CountDownLatch(count);
    for (int i = 0; i < count; i++) {
      Wait.until(
          () ->
              shared.trySpawn(
                  here -> {
                    busy.countDown();
                    try {
                      until.await();
                    } catch (InterruptedException e) {
                      throw new AssertionError(e);
                    }
                  }));
    }
    busy.await();
    Wait.until(() -> shared.idleCount() == idle);
  }

  private static Fiber fiber() {
    return new Fiber(new Computation<>());
  }

  // Running

  @Test
  void call_returnsWhatMainReturns() {
    // The value of main comes out
    int answer = QueueScheduler.create().call(() -> 42);

    assertThat(answer).isEqualTo(42);
  }

  @Test
  void run_returnsWhenAllFibersHaveEnded() {
    // Fibers that main leaves behind, and theirs, end before run returns
    AtomicInteger ended = new AtomicInteger();

    QueueScheduler.create()
        .run(
            () -> {
              for (int i = 0; i < 10; i++) {
                Fibers.startBlock(
                    () -> {
                      Fiber.yield();
                      Fibers.startBlock(
                          () -> {
                            Fiber.sleep(Duration.ofMillis(1));
                            ended.incrementAndGet();
                          });
                    });
              }
            });

    assertThat(ended).hasValue(10);
  }

  @Test
  void call_throwsWhatMainThrewAfterAllFibersHaveEnded() {
    // An exception of main comes out as it is, once the other fibers have ended
    AtomicBoolean ended = new AtomicBoolean();
    Exception thrown = new Exception("checked");

    assertThatThrownBy(
            () ->
                QueueScheduler.create()
                    .call(
                        () -> {
                          Fibers.startBlock(
                              () -> {
                                Fiber.yield();
                                ended.set(true);
                              });
                          throw thrown;
                        }))
        .isSameAs(thrown);

    assertThat(ended).isTrue();
  }

  @Test
  void run_withForbid_startsForbidden() {
    // A fiber made with cancelation forbidden runs so, although its computation is canceled
    Computation<Boolean> canceled = new Computation<>();
    canceled.tryCancel(new IllegalStateException());

    new Execution(new QueuePolicy())
        .run(
            new Fiber(canceled, true),
            self -> {
              Fiber.yield();
              log.add("forbidden: " + self.forbidsCancelation());
            });

    assertThat(log).containsExactly("forbidden: true");
  }

  @Test
  void canceledFiber_operationsThrow() {
    // Await reports the reason; yield, spawn, cancelAfter and sleep throw it, and do nothing
    IllegalStateException reason = new IllegalStateException("reason");
    List<Object> seen = new ArrayList<>();
    Computation<Boolean> canceled = new Computation<>();
    Computation<Boolean> timed = new Computation<>();
    AtomicBoolean spawned = new AtomicBoolean();

    QueueScheduler.create()
        .run(
            () -> {
              canceled.tryCancel(reason);
              Fibers.startBlockUnder(
                  canceled,
                  () -> {
                    seen.add(new Trigger().await());
                    seen.add(catchThrowableOfType(Throwable.class, Fiber::yield));
                    seen.add(
                        catchThrowableOfType(
                            Throwable.class, () -> Fibers.startBlock(() -> spawned.set(true))));
                    seen.add(
                        catchThrowableOfType(
                            Throwable.class, () -> timed.cancelAfter(Duration.ZERO, reason)));
                    seen.add(
                        catchThrowableOfType(
                            Throwable.class, () -> Fiber.sleep(Duration.ofSeconds(60))));
                    Fiber.current();
                  });
            });

    assertThat(seen).hasSize(5).containsOnly(reason);
    assertThat(spawned).isFalse();
    assertThat(timed.isRunning()).isTrue();
  }

  @Test
  void canceledBeforeItStarts_mainIsCalled() {
    // A fiber whose computation is canceled already is started all the same
    Computation<Boolean> canceled = new Computation<>();
    canceled.tryCancel(new IllegalStateException());

    QueueScheduler.create().run(() -> Fibers.startBlockUnder(canceled, () -> log.add("ran")));

    assertThat(log).containsExactly("ran");
  }

  @Test
  void canceledBeforeDispatch_awaitReportsIt() {
    // A fiber that was signaled, and canceled before it ran again, is told that it is
    // canceled
    IllegalStateException reason = new IllegalStateException();
    AtomicReference<Throwable> reported = new AtomicReference<>();

    QueueScheduler.create()
        .run(
            () -> {
              Computation<Boolean> computation = new Computation<>();
              Trigger trigger = new Trigger();
              Fibers.startBlockUnder(computation, () -> reported.set(trigger.await()));
              Fiber.yield();
              trigger.signal();
              computation.tryCancel(reason);
            });

    assertThat(reported).hasValue(reason);
  }

  @Test
  void current_isOneFiberForGood() {
    // Parent and child are different fibers, and each is the same whenever it asks
    Set<Fiber> fibers = ConcurrentHashMap.newKeySet();
    Fiber main = fiber();

    new Execution(new QueuePolicy())
        .run(
            main,
            self -> {
              fibers.add(Fiber.current());
              Fibers.startBare(
                  () -> {
                    fibers.add(Fiber.current());
                    Fiber.yield();
                    fibers.add(Fiber.current());
                  });
              Fiber.yield();
              fibers.add(self);
              fibers.add(Fiber.current());
            });

    assertThat(fibers).hasSize(2).contains(main);
  }

  @Test
  void wakeUpFromAPlainThread_arrives() throws Exception {
    // A thread that knows nothing of schedulers wakes a fiber while its domain sleeps
    Trigger trigger = new Trigger();
    CompletableFuture<Thread> thread = new CompletableFuture<>();
    Task<Boolean> run =
        Task.start(
            () ->
                QueueScheduler.create()
                    .call(
                        () -> {
                          thread.complete(Thread.currentThread());
                          return trigger.await() == null;
                        }));
    Wait.until(() -> thread.join().getState() == Thread.State.WAITING);
    Wait.until(() -> shared.idleCount() == shared.size());

    trigger.signal();

    assertThat(run.result()).isTrue();
  }

  @Test
  void run_secondTime_throws() {
    // An execution runs once; a second time is refused, and does not pretend to have run
    Execution execution = new Execution(new QueuePolicy());
    execution.run(fiber(), self -> log.add("first"));

    assertThatIllegalStateException()
        .isThrownBy(() -> execution.run(fiber(), self -> log.add("second")));

    assertThat(log).containsExactly("first");
  }

  @Test
  void nulls_areRefused() {
    // there is no null policy, timer, fiber or main
    assertThatNullPointerException().isThrownBy(() -> new Execution((Policy) null));
    assertThatNullPointerException().isThrownBy(() -> new Execution(new QueuePolicy()).timer(null));
    assertThatNullPointerException()
        .isThrownBy(() -> new Execution(new QueuePolicy()).random(null));
    assertThatNullPointerException()
        .isThrownBy(() -> new Execution(new QueuePolicy()).run(null, self -> {}));
    assertThatNullPointerException()
        .isThrownBy(() -> new Execution(new QueuePolicy()).run(fiber(), null));
  }

  @Test
  void random_isUsedWhenChosen() {
    // what a scheduler has chosen for chance is what its fibers draw, and else it is the JDK's
    Computation<Integer> drawn = new Computation<>();
    new Execution(new QueuePolicy())
        .random(bound -> bound - 2)
        .run(fiber(), self -> drawn.tryCapture(() -> Fiber.random(10)));
    assertThat(drawn.await()).isEqualTo(8);

    Set<Integer> all = ConcurrentHashMap.newKeySet();
    new Execution(new QueuePolicy())
        .run(
            fiber(),
            self -> {
              while (all.size() < 10) {
                all.add(Fiber.random(10));
              }
              assertThatIllegalArgumentException().isThrownBy(() -> Fiber.random(0));
            });
    assertThat(all).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
  }

  @Test
  void virtualTimer_isUsedWhenChosen() {
    // an execution tells its time by the timer that it was given
    VirtualTimer timer = new VirtualTimer();
    IllegalStateException reason = new IllegalStateException();

    new Execution(new QueuePolicy())
        .timer(timer)
        .run(
            fiber(),
            self -> {
              Computation<Boolean> computation = new Computation<>();
              computation.cancelAfter(Duration.ofDays(1), reason);
              log.add("set: " + timer.size());
              timer.advance();
              log.add("canceled: " + (computation.cancelReason() == reason));
            });

    assertThat(log).containsExactly("set: 1", "canceled: true");
    assertThat(timer.now()).isEqualTo(Duration.ofDays(1));
  }

  // From where

  @Test
  void run_fromInsideSynchronized_leavesTheMonitorAlone() {
    // A platform thread that holds a monitor may call run, and owns the monitor
    // afterwards
    Object monitor = new Object();

    synchronized (monitor) {
      int answer =
          QueueScheduler.create()
              .call(
                  () -> {
                    Fiber.yield();
                    Fiber.sleep(Duration.ofMillis(1));
                    return 42;
                  });
      log.add("owner: " + Thread.holdsLock(monitor));
      monitor.notifyAll();
      assertThat(answer).isEqualTo(42);
    }

    assertThat(log).containsExactly("owner: true");
    assertThat(Thread.holdsLock(monitor)).isFalse();
  }

  @Test
  void run_fromVirtualThreadOfTheJdk_works() throws Exception {
    // A virtual thread on the JDK's scheduler may call run, also inside synchronized
    Object monitor = new Object();

    Task<Integer> task =
        Task.start(
            Task.Kind.VIRTUAL,
            () -> {
              int first = QueueScheduler.create().call(() -> 1);
              synchronized (monitor) {
                return first + QueueScheduler.create().<Integer, RuntimeException>call(() -> 2);
              }
            });

    assertThat(task.result()).isEqualTo(3);
  }

  @Test
  void run_fromFiberOfTheThreadScheduler_works() {
    // A run inside a run of another scheduler returns its result, and the outer fiber is
    // itself afterwards
    int answer =
        ThreadScheduler.create()
            .call(
                () -> {
                  Fiber outer = Fiber.current();
                  int inner =
                      QueueScheduler.create()
                          .call(
                              () ->
                                  ThreadScheduler.create()
                                      .<Integer, RuntimeException>call(() -> 42));
                  return Fiber.current() == outer ? inner : -1;
                });

    assertThat(answer).isEqualTo(42);
  }

  @Test
  void run_fromADomainsOwnThread_works() throws Exception {
    // a task of the pool may call run: it blocks its domain meanwhile, and another one runs the
    // fibers
    CompletableFuture<Boolean> another = new CompletableFuture<>();

    Wait.until(
        () ->
            shared.trySpawn(
                here ->
                    another.complete(
                        QueueScheduler.create()
                            .<Boolean, RuntimeException>call(() -> Domain.current() != here))));

    assertThat(Task.start(another::join).result()).isTrue();
  }

  private static int nested(int levels) {
    if (levels == 0) {
      return 0;
    }
    Fiber outer = Fiber.current();
    int inner =
        QueueScheduler.create()
            .call(
                () -> {
                  Fiber.yield();
                  return nested(levels - 1);
                });
    return Fiber.current() == outer ? inner + 1 : -1_000;
  }

  @Test
  void run_insideFibers_nestsDeeply() {
    // Runs nest 30 deep, more than there are domains; each fiber is itself afterwards
    int depth = nested(30);

    assertThat(depth).isEqualTo(30);
  }

  @Test
  void run_insideFibers_letsTheOthersOfTheOuterRunGoOn() {
    // while a fiber waits for a nested run, its neighbours run, and may even feed the nested run
    QueueScheduler.create()
        .run(
            () -> {
              Computation<String> gift = new Computation<>();
              Computation<Boolean> neighbour =
                  Fibers.startBlock(
                      () -> {
                        log.add("neighbour gives");
                        gift.tryReturn("gift");
                      });
              String got = QueueScheduler.create().call(gift::await);
              log.add("nested got " + got);
              neighbour.await();
            });

    assertThat(log).containsExactly("neighbour gives", "nested got gift");
  }

  @Test
  void run_byInterruptedThread_keepsTheStatus() {
    // an interrupt neither ends the wait for a run nor reaches its fibers, and is there afterwards
    Thread.currentThread().interrupt();
    boolean inside;
    boolean after;
    try {
      inside =
          QueueScheduler.create()
              .call(
                  () -> {
                    Fiber.sleep(Duration.ofMillis(2));
                    return Thread.currentThread().isInterrupted();
                  });
    } finally {
      after = Thread.interrupted();
    }

    assertThat(inside).isFalse();
    assertThat(after).isTrue();
  }

  @Test
  void run_byCanceledFiber_isNotCanceled() {
    // the cancelation of a fiber does not reach into a run that it starts, nor end its wait for it
    Computation<Boolean> canceled = new Computation<>();

    QueueScheduler.create()
        .run(
            () -> {
              canceled.tryCancel(new IllegalStateException());
              Fibers.startBlockUnder(
                  canceled,
                  () ->
                      log.add(
                          QueueScheduler.create()
                              .call(
                                  () -> {
                                    Fiber.yield();
                                    return "not canceled";
                                  })));
            });

    assertThat(log).containsExactly("not canceled");
  }

  // On which domain

  @Test
  void run_whenNoDomainIsIdle_usesAnExtraOneAndEndsIt() throws Exception {
    // an exhausted pool delays no run: an extra domain runs it, and ends with it
    CountDownLatch end = new CountDownLatch(1);
    leaveIdle(0, end);

    Domain domain =
        QueueScheduler.create()
            .call(
                () -> {
                  Fiber.sleep(Duration.ofMillis(1));
                  assertThat(shared.current()).isEmpty();
                  return Domain.current();
                });
    Wait.until(ExecutionTest::noExtraDomainIsAlive);
    end.countDown();

    assertThat(domain.id()).isEqualTo(-1);
    assertThat(domain).hasToString("picos-domain-extra");
  }

  private static boolean noExtraDomainIsAlive() {
    return Thread.getAllStackTraces().keySet().stream()
        .noneMatch(thread -> thread.getName().equals("picos-domain-extra"));
  }

  @Test
  void extraDomain_endsTheThreadsThatWaitThere() throws Exception {
    // threads that wait for fibers on an extra domain end with it
    CountDownLatch end = new CountDownLatch(1);
    leaveIdle(0, end);
    Set<Thread> threads = ConcurrentHashMap.newKeySet();

    QueueScheduler.create()
        .run(
            () -> {
              threads.add(Thread.currentThread());
              for (int i = 0; i < 20; i++) {
                Fibers.startBlock(
                    () -> {
                      threads.add(Thread.currentThread());
                      Fiber.yield();
                    });
              }
            });
    end.countDown();

    assertThat(threads).hasSizeGreaterThan(1);
    Wait.until(() -> threads.stream().noneMatch(Thread::isAlive));
  }

  @Test
  void sleepingRun_leavesItsDomain_andSharesOneLater() throws Exception {
    // a run whose fibers all wait leaves its domain to another; when a fiber goes on, the other,
    // which always has something to do, does not keep it from a domain
    CountDownLatch end = new CountDownLatch(1);
    leaveIdle(1, end);
    Trigger trigger = new Trigger();
    AtomicReference<Domain> before = new AtomicReference<>();
    AtomicBoolean over = new AtomicBoolean();
    Computation<Domain> guestAtFirst = new Computation<>();
    Task<Boolean> sleeping =
        Task.start(
            () ->
                QueueScheduler.create()
                    .call(
                        () -> {
                          before.set(Domain.current());
                          return trigger.await() == null;
                        }));
    Wait.until(() -> before.get() != null && shared.idleCount() == 1);
    Task<Boolean> guest =
        Task.start(
            () ->
                QueueScheduler.create()
                    .call(
                        () -> {
                          guestAtFirst.tryReturn(Domain.current());
                          while (!over.get()) {
                            Fiber.yield();
                          }
                          return true;
                        }));
    guestAtFirst.join();

    trigger.signal();
    boolean goesOn = sleeping.result();
    over.set(true);
    boolean ends = guest.result();
    end.countDown();

    assertThat(guestAtFirst.await()).isSameAs(before.get());
    assertThat(goesOn && ends).isTrue();
  }

  @Test
  void severalSleepingRuns_shareOneDomain() throws Exception {
    // ten runs that sleep most of the time on one domain, one in the place of the other: each goes
    // on when it is signaled, in any order
    CountDownLatch end = new CountDownLatch(1);
    leaveIdle(1, end);
    List<Trigger> triggers = IntStream.range(0, 10).mapToObj(i -> new Trigger()).toList();
    List<Task<Boolean>> runs = new ArrayList<>();
    AtomicInteger awaiting = new AtomicInteger();
    for (Trigger trigger : triggers) {
      int before = awaiting.get();
      runs.add(
          Task.start(
              () ->
                  QueueScheduler.create()
                      .call(
                          () -> {
                            awaiting.incrementAndGet();
                            boolean signaled = trigger.await() == null;
                            Fiber.yield();
                            return signaled;
                          })));
      Wait.until(() -> awaiting.get() > before);
    }

    for (int i : new int[] {4, 0, 9, 7, 1, 2, 8, 3, 6, 5}) {
      triggers.get(i).signal();
      assertThat(runs.get(i).result()).isTrue();
    }
    end.countDown();

    assertThat(awaiting).hasValue(10);
  }

  @Test
  void manyRunsAtOnce_allEnd() throws Exception {
    // a dozen runs at once, on fewer domains, that sleep, yield, spawn, nest and wake each other:
    // all end, and no run sees another's fibers
    int runs = 12;
    List<Trigger[]> rings = IntStream.range(0, 50).mapToObj(i -> triggers(runs)).toList();

    List<Task<Integer>> tasks =
        IntStream.range(0, runs)
            .mapToObj(
                me ->
                    Task.start(
                        () ->
                            QueueScheduler.create()
                                .<Integer, RuntimeException>call(
                                    () -> {
                                      Fiber main = Fiber.current();
                                      int sum = 0;
                                      for (Trigger[] ring : rings) {
                                        ring[(me + 1) % runs].signal();
                                        sum += ring[me].await() == null ? 1 : 1_000;
                                        sum += Fibers.startBlock(Fiber::yield).await() ? 1 : 1_000;
                                        sum += nested(1);
                                        Fiber.sleep(Duration.ofNanos(10_000));
                                        sum += Fiber.current() == main ? 1 : 1_000;
                                      }
                                      return sum;
                                    })))
            .toList();

    for (Task<Integer> task : tasks) {
      assertThat(task.result()).isEqualTo(4 * rings.size());
    }
  }

  private static Trigger[] triggers(int count) {
    return IntStream.range(0, count).mapToObj(i -> new Trigger()).toArray(Trigger[]::new);
  }

  // Fatal errors

  @Test
  void fatalError_stopsTheRun() {
    // What leaves a fiber's main is the cause of the error that run throws, which says how
    // many fibers were left; these do not run any more, and are not unwound
    IllegalStateException escaped = new IllegalStateException("escaped");
    AtomicBoolean goesOn = new AtomicBoolean();

    FatalFiberError error =
        catchThrowableOfType(
            FatalFiberError.class,
            () ->
                QueueScheduler.create()
                    .run(
                        () -> {
                          for (int i = 0; i < 3; i++) {
                            Fibers.startBare(
                                () -> {
                                  try {
                                    assertThat(new Trigger().await()).isNull();
                                  } finally {
                                    goesOn.set(true);
                                  }
                                });
                          }
                          Fiber.yield();
                          Fibers.startBare(
                              () -> {
                                throw escaped;
                              });
                          Fiber.yield();
                          goesOn.set(true);
                        }));

    assertThat(error).hasCause(escaped).hasMessageContaining("fibers left behind: 4");
    assertThat(error.getSuppressed()).isEmpty();
    assertThat(goesOn).isFalse();
  }

  @Test
  void fatalError_inMainOfRun_isFatalToo() {
    // an exception out of the main that run was given is an error like that of any other fiber
    IllegalStateException escaped = new IllegalStateException("escaped");

    assertThatThrownBy(
            () ->
                new Execution(new QueuePolicy())
                    .run(
                        fiber(),
                        self -> {
                          throw escaped;
                        }))
        .isInstanceOf(FatalFiberError.class)
        .hasCause(escaped)
        .hasMessageContaining("fibers left behind: 0");
  }

  @Test
  void fatalError_thatIsAnError_isTreatedTheSame() {
    // errors of the JVM that escape, such as a stack overflow, stop the run as well
    assertThatThrownBy(
            () -> QueueScheduler.create().run(() -> Fibers.startBare(ExecutionTest::overflow)))
        .isInstanceOf(FatalFiberError.class)
        .hasCauseInstanceOf(StackOverflowError.class);
  }

  @SuppressWarnings("InfiniteRecursion")
  private static void overflow() {
    overflow();
  }

  @Test
  void fatalError_wakeUpsAfterwards_areDropped() {
    // Triggers and computations of fibers that were left can be signaled and canceled
    // without an error and without effect, on any thread
    Trigger trigger = new Trigger();
    Computation<Boolean> computation = new Computation<>();
    AtomicReference<Thread> parked = new AtomicReference<>();
    AtomicBoolean goesOn = new AtomicBoolean();
    assertThatThrownBy(
            () ->
                QueueScheduler.create()
                    .run(
                        () -> {
                          Fibers.startBare(
                              () -> {
                                parked.set(Thread.currentThread());
                                goesOn.set(trigger.await() == null || trigger.isSignaled());
                              });
                          Fibers.startBlockUnder(
                              computation, () -> goesOn.set(new Trigger().await() == null || true));
                          Fiber.yield();
                          Fibers.startBare(
                              () -> {
                                throw new IllegalStateException();
                              });
                        }))
        .isInstanceOf(FatalFiberError.class);

    assertThatCode(trigger::signal).doesNotThrowAnyException();
    assertThatCode(() -> computation.tryCancel(new IllegalStateException()))
        .doesNotThrowAnyException();
    assertThatCode(parked.get()::interrupt).doesNotThrowAnyException();
    assertThatCode(parked.get()::getStackTrace).doesNotThrowAnyException();
    QueueScheduler.create().run(Fiber::yield);

    assertThat(goesOn).isFalse();
    assertThat(parked.get().isAlive()).isTrue();
  }

  @Test
  void fatalError_afterwardsRunsWork() {
    // domains and threads that a failed run has used serve the next runs
    for (int i = 0; i < 100; i++) {
      assertThatThrownBy(
              () ->
                  QueueScheduler.create()
                      .run(
                          () -> {
                            Fibers.startBare(() -> assertThat(new Trigger().await()).isNull());
                            Fiber.yield();
                            Fibers.startBare(
                                () -> {
                                  throw new IllegalStateException();
                                });
                          }))
          .isInstanceOf(FatalFiberError.class);
      assertThat(QueueScheduler.create().<Integer, RuntimeException>call(() -> 42)).isEqualTo(42);
    }
  }

  @Test
  void fatalError_insideANestedRun_isTheOuterFibersToCatch() {
    // the error of a nested run comes out of that run; the outer one can catch it and goes on
    IllegalStateException escaped = new IllegalStateException();

    Throwable cause =
        QueueScheduler.create()
            .call(
                () -> {
                  FatalFiberError error =
                      catchThrowableOfType(
                          FatalFiberError.class,
                          () ->
                              QueueScheduler.create()
                                  .run(
                                      () ->
                                          Fibers.startBare(
                                              () -> {
                                                throw escaped;
                                              })));
                  Fiber.yield();
                  return error.getCause();
                });

    assertThat(cause).isSameAs(escaped);
  }

  @Test
  void secondFailure_isSuppressedInTheFirst() {
    // What escapes after the first failure is suppressed in it, but never in itself
    IllegalStateException first = new IllegalStateException("by the policy");
    IllegalStateException second = new IllegalStateException("by the fiber");
    QueuePolicy policy =
        new QueuePolicy() {
          @Override
          public void ready(Ready fiber, boolean ahead) {
            if (log.contains("fail")) {
              throw first;
            }
            super.ready(fiber, ahead);
          }
        };

    FatalFiberError error =
        catchThrowableOfType(
            FatalFiberError.class,
            () ->
                QueueScheduler.with(policy)
                    .run(
                        () -> {
                          Trigger[] triggers = triggers(2);
                          for (Trigger trigger : triggers) {
                            Fibers.startBare(() -> assertThat(trigger.await()).isNull());
                          }
                          Fibers.startBare(
                              () -> {
                                log.add("fail");
                                triggers[0].signal();
                                triggers[1].signal();
                                throw second;
                              });
                        }));

    assertThat(error).hasCause(first);
    assertThat(first.getSuppressed()).containsExactly(second);
  }

  // Policies that throw

  private enum Where {
    READY_OF_SPAWN,
    READY_OF_YIELD,
    READY_OF_WAKE_UP,
    READY_OF_WAKE_UP_FROM_OUTSIDE,
    NEXT,
    NEXT_AFTER_A_FIBER,
    IS_EMPTY_OF_YIELD,
    IS_EMPTY_WHEN_ALL_WAIT,
    SPEND_OF_SPAWN,
    SPEND_OF_CANCEL_AFTER,
    SPEND_OF_AWAIT
  }

  /** Throws from one place. */
  private static final class BrokenPolicy extends QueuePolicy {
    private final Where where;
    final IllegalStateException defect = new IllegalStateException("of the policy");
    volatile Where now;

    BrokenPolicy(Where where) {
      this.where = where;
    }

    private void may(Where... here) {
      if (now == where && List.of(here).contains(where)) {
        throw defect;
      }
    }

    @Override
    public void ready(Ready fiber, boolean first) {
      may(
          Where.READY_OF_SPAWN,
          Where.READY_OF_YIELD,
          Where.READY_OF_WAKE_UP,
          Where.READY_OF_WAKE_UP_FROM_OUTSIDE);
      super.ready(fiber, first);
    }

    @Override
    public @Nullable Ready next() {
      may(Where.NEXT, Where.NEXT_AFTER_A_FIBER);
      return super.next();
    }

    @Override
    public boolean isEmpty() {
      may(Where.IS_EMPTY_OF_YIELD, Where.IS_EMPTY_WHEN_ALL_WAIT);
      return super.isEmpty();
    }

    @Override
    public boolean spend(Operation operation) {
      may(Where.SPEND_OF_SPAWN, Where.SPEND_OF_CANCEL_AFTER, Where.SPEND_OF_AWAIT);
      return super.spend(operation);
    }
  }

  private static void provoke(BrokenPolicy policy) throws Exception {
    Where where = policy.where;
    policy.now = where;
    switch (where) {
      case READY_OF_SPAWN, SPEND_OF_SPAWN -> Fibers.startBare(() -> {});
      case READY_OF_YIELD -> {
        policy.now = null;
        Fibers.startBare(() -> {});
        policy.now = where;
        Fiber.yield();
      }
      case IS_EMPTY_OF_YIELD -> Fiber.yield();
      case READY_OF_WAKE_UP -> {
        policy.now = null;
        Trigger trigger = new Trigger();
        Fibers.startBare(() -> assertThat(trigger.await()).isNull());
        Fiber.yield();
        policy.now = where;
        trigger.signal();
        Fiber.yield();
      }
      case READY_OF_WAKE_UP_FROM_OUTSIDE -> {
        Trigger trigger = new Trigger();
        Thread waiter = Thread.currentThread();
        Task.start(
            () -> {
              Wait.until(() -> waiter.getState() == Thread.State.WAITING);
              trigger.signal();
            });
        assertThat(trigger.await()).isNull();
      }
      case NEXT -> assertThat(new Trigger().await()).isNull();
      case NEXT_AFTER_A_FIBER -> {
        // its end is next
      }
      case IS_EMPTY_WHEN_ALL_WAIT -> assertThat(new Trigger().await()).isNull();
      case SPEND_OF_CANCEL_AFTER ->
          new Computation<>().cancelAfter(Duration.ofHours(1), new IllegalStateException());
      case SPEND_OF_AWAIT -> {
        Computation<Boolean> computation = new Computation<>();
        computation.tryCancel(new IllegalStateException());
        Fiber.current().setComputation(computation);
        assertThat(new Trigger().await()).isNotNull();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Where.class)
  void policyThatThrows_stopsTheExecution(Where where) throws Exception {
    // an exception out of any method of a policy stops the run, like one out of a fiber's main; the
    // fiber whose operation led there does not get to see it, and gets no further than the next one
    BrokenPolicy policy = new BrokenPolicy(where);
    Task<FatalFiberError> run =
        Task.start(
            () ->
                catchThrowableOfType(
                    FatalFiberError.class,
                    () ->
                        new Execution(policy)
                            .run(
                                fiber(),
                                self -> {
                                  Fibers.startBare(
                                      () -> assertThat(new Trigger().await()).isNull());
                                  Fiber.yield();
                                  try {
                                    provoke(policy);
                                  } catch (Throwable thrown) {
                                    log.add("seen: " + thrown);
                                  }
                                  if (where != Where.NEXT_AFTER_A_FIBER) {
                                    self.runForbiddingCancelation(Fiber::yield);
                                    log.add("went on");
                                  }
                                })));

    assertThat(run.result()).isNotNull().hasCause(policy.defect);
    assertThat(log).isEmpty();
  }

  @Test
  void policyThatThrowsInRun_failsTheRun() {
    // a policy that cannot even take the first fiber: run throws, nothing hangs, no domain is lost
    IllegalStateException defect = new IllegalStateException();
    QueuePolicy policy =
        new QueuePolicy() {
          @Override
          public void ready(Ready fiber, boolean first) {
            throw defect;
          }
        };

    Throwable thrown =
        catchThrowableOfType(
            Throwable.class, () -> new Execution(policy).run(fiber(), self -> log.add("ran")));

    assertThat(thrown).isNotNull();
    assertThat(thrown == defect || thrown.getCause() == defect).isTrue();
    assertThat(log).isEmpty();
  }

  @Test
  void policyThatThrows_whenADomainLeaves_stopsTheExecution() {
    // the domain that was called in finds nothing, leaves, and then looks at what the others have
    IllegalStateException defect = new IllegalStateException();
    AtomicReference<Domain> first = new AtomicReference<>();
    AtomicBoolean threw = new AtomicBoolean();
    AtomicBoolean ended = new AtomicBoolean();
    QueuePolicy policy =
        new QueuePolicy() {
          @Override
          public int available() {
            if (Domain.current() == first.get()) {
              return 2; // so that another is called in
            }
            threw.set(true);
            throw defect;
          }
        };

    FatalFiberError error =
        catchThrowableOfType(
            FatalFiberError.class,
            () ->
                new Execution(List.of(policy, new QueuePolicy()))
                    .run(
                        fiber(),
                        self -> {
                          first.set(Domain.current());
                          Fibers.startBare(() -> {});
                          // without parking, as nobody would resume it
                          while (!threw.get() || shared.idleCount() < shared.size() - 1) {
                            Thread.onSpinWait();
                          }
                          ended.set(true);
                        }));

    assertThat(error).hasCause(defect);
    assertThat(ended).as("main had ended when run returned").isTrue();
  }

  @Test
  void outOfMemory_onSpawn_isThrownThere() {
    // a spawn for which there is no memory throws and starts nothing; the fiber can be spawned
    // again later, and the run goes on
    OutOfMemoryError noMemory = new OutOfMemoryError("simulated");
    AtomicBoolean full = new AtomicBoolean();
    QueuePolicy policy =
        new QueuePolicy() {
          @Override
          public void ready(Ready fiber, boolean first) {
            if (full.get()) {
              throw noMemory;
            }
            super.ready(fiber, first);
          }
        };
    Fiber child = fiber();

    QueueScheduler.with(policy)
        .run(
            () -> {
              full.set(true);
              log.add(
                  String.valueOf(
                      catchThrowableOfType(
                              OutOfMemoryError.class,
                              () -> Fiber.spawn(child, self -> log.add("ran")))
                          == noMemory));
              full.set(false);
              Fiber.yield();
              Fiber.spawn(child, self -> log.add("ran later"));
            });

    assertThat(log).containsExactly("true", "ran later");
  }

  @Test
  void outOfMemory_onWakeUp_losesNoFiber() throws Exception {
    // a wake-up for which there is no memory is tried again: nobody else would
    AtomicInteger failures = new AtomicInteger(3);
    AtomicBoolean wakes = new AtomicBoolean();
    QueuePolicy policy =
        new QueuePolicy() {
          @Override
          public void ready(Ready fiber, boolean first) {
            if (wakes.get() && failures.getAndDecrement() > 0) {
              throw new OutOfMemoryError("simulated");
            }
            super.ready(fiber, first);
          }
        };
    Trigger trigger = new Trigger();
    CompletableFuture<Thread> thread = new CompletableFuture<>();
    Task<Boolean> run =
        Task.start(
            () ->
                QueueScheduler.with(policy)
                    .call(
                        () -> {
                          thread.complete(Thread.currentThread());
                          return trigger.await() == null;
                        }));
    Wait.until(() -> thread.join().getState() == Thread.State.WAITING);

    wakes.set(true);
    trigger.signal();

    assertThat(run.result()).isTrue();
    assertThat(failures.get()).isNegative();
  }

  @Test
  void stackOverflow_onWakeUp_losesNoFiber() {
    // a fiber that wakes another one at the end of its stack, where the policy has no room: that is
    // no defect of the policy, and the domain does it when it is back on its own stack
    AtomicBoolean deep = new AtomicBoolean();
    QueuePolicy policy =
        new QueuePolicy() {
          @Override
          public void ready(Ready fiber, boolean first) {
            if (deep.get()) {
              throw new StackOverflowError("simulated");
            }
            super.ready(fiber, first);
          }
        };
    Trigger one = new Trigger();
    Trigger other = new Trigger();

    QueueScheduler.with(policy)
        .run(
            () -> {
              Fibers.startBare(() -> log.add("one " + one.await()));
              Fibers.startBare(() -> log.add("other " + other.await()));
              Fiber.yield();
              deep.set(true);
              one.signal();
              other.signal();
              deep.set(false);
              Fiber.yield();
              log.add("went on");
            });

    assertThat(log).containsExactlyInAnyOrder("one null", "other null", "went on");
  }

  @Test
  void stackOverflow_onSpawn_isThrownThere() {
    // a spawn for which there is no stack throws and starts nothing, and the run goes on
    StackOverflowError noStack = new StackOverflowError("simulated");
    AtomicBoolean deep = new AtomicBoolean();
    QueuePolicy policy =
        new QueuePolicy() {
          @Override
          public void ready(Ready fiber, boolean first) {
            if (deep.get()) {
              throw noStack;
            }
            super.ready(fiber, first);
          }
        };

    QueueScheduler.with(policy)
        .run(
            () -> {
              deep.set(true);
              log.add(
                  String.valueOf(
                      catchThrowableOfType(
                              StackOverflowError.class,
                              () -> Fiber.spawn(fiber(), self -> log.add("ran")))
                          == noStack));
              deep.set(false);
            });

    assertThat(log).containsExactly("true");
  }

  @Test
  void stackOverflow_onTheDomainsOwnStack_stopsTheExecution() {
    // a policy that has no room on the domain's stack either would not ever have any
    StackOverflowError defect = new StackOverflowError("simulated");
    AtomicBoolean broken = new AtomicBoolean();
    QueuePolicy policy =
        new QueuePolicy() {
          @Override
          public void ready(Ready fiber, boolean first) {
            if (broken.get()) {
              throw defect;
            }
            super.ready(fiber, first);
          }
        };
    Trigger trigger = new Trigger();

    assertThatThrownBy(
            () ->
                QueueScheduler.with(policy)
                    .run(
                        () -> {
                          Fibers.startBare(() -> assertThat(trigger.await()).isNull());
                          Fiber.yield();
                          broken.set(true);
                          trigger.signal();
                        }))
        .isInstanceOf(FatalFiberError.class)
        .hasCause(defect);
  }

  @Test
  void outOfMemory_inNext_stopsTheExecution() {
    // a policy that runs out of memory when asked for the next fiber stops its execution
    OutOfMemoryError noMemory = new OutOfMemoryError("simulated");
    QueuePolicy policy =
        new QueuePolicy() {
          @Override
          public @Nullable Ready next() {
            if (log.contains("full")) {
              throw noMemory;
            }
            return super.next();
          }
        };

    assertThatThrownBy(() -> QueueScheduler.with(policy).run(() -> log.add("full")))
        .isInstanceOf(FatalFiberError.class)
        .hasCause(noMemory);
  }
}
