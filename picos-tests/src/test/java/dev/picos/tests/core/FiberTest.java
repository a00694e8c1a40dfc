package dev.picos.tests.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.core.Trigger;
import dev.picos.testing.Task;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** Who a fiber is, and its operations current, spawn, yield and sleep. */
class FiberTest {
  private final RuntimeException reason = new RuntimeException("reason");
  private final Computation<Object> canceled = new Computation<>();
  private final List<Object> log = Collections.synchronizedList(new ArrayList<>());

  FiberTest() {
    canceled.tryCancel(reason);
  }

  @OnEveryScheduler
  void current_staysTheSame(Scheduler scheduler) {
    // Every fiber is the one it was spawned as, whatever it does in between
    List<Computation<Integer>> changes = new ArrayList<>();

    scheduler.run(
        () -> {
          for (int i = 0; i < 100; i++) {
            Computation<Integer> counted = new Computation<>();
            changes.add(counted);
            Fiber.spawn(new Fiber(counted), self -> counted.tryCapture(() -> countChanges(self)));
          }
        });

    assertThat(changes).hasSize(100).allMatch(counted -> counted.await() == 0);
  }

  private static int countChanges(Fiber self) {
    int changes = 0;
    for (int i = 0; i < 50; i++) {
      changes += Fiber.current() == self ? 0 : 1;
      Fiber.yield();
      changes += Fiber.current() == self ? 0 : 1;
      Fibers.start(() -> 1).await();
    }
    return changes;
  }

  @OnEveryScheduler
  void current_differsBetweenFibers(Scheduler scheduler) {
    // Parent and child are different fibers, under different computations
    scheduler.run(
        () -> {
          log.add(Fiber.current());
          log.add(Fibers.start(Fiber::current).await());
          log.add(Fibers.start(Fiber::current).await());
        });

    assertThat(log).hasSize(3).doesNotHaveDuplicates();
  }

  @OnEveryScheduler
  void current_whenCanceled(Scheduler scheduler) {
    // current never throws, canceled or not
    scheduler.run(
        () -> {
          Fiber main = Fiber.current();
          main.setComputation(canceled);
          log.add(Fiber.current() == main);
        });

    assertThat(log).containsExactly(true);
  }

  @OnEveryScheduler
  void newFiber_inheritsNothing(Scheduler scheduler) {
    // neither the computation nor the flag of the parent is inherited
    scheduler.run(
        () ->
            Fiber.current()
                .runForbiddingCancelation(
                    () ->
                        Fibers.start(
                                () -> {
                                  log.add(Fiber.current().forbidsCancelation());
                                  return null;
                                })
                            .await()));

    assertThat(log).containsExactly(false);
  }

  @OnEveryScheduler
  void spawn_runsTheChild(Scheduler scheduler) {
    // main is called once, with the fiber that was given, as which it runs
    Computation<Object> ended = new Computation<>();
    Fiber child = new Fiber(new Computation<>(), true);

    scheduler.run(
        () -> {
          Fiber.spawn(
              child,
              self -> {
                log.addAll(List.of(self, Fiber.current(), self.forbidsCancelation()));
                ended.tryReturn(null);
              });
          ended.join();
        });

    assertThat(log).containsExactly(child, child, true);
  }

  @OnEveryScheduler
  void spawn_twice(Scheduler scheduler) {
    // a fiber is started once: neither while it runs nor afterwards can it be spawned again
    scheduler.run(
        () -> {
          Computation<Object> computation = new Computation<>();
          Fiber child = new Fiber(computation);
          Fiber.spawn(child, self -> computation.tryReturn(log.add("first")));
          assertThatIllegalStateException()
              .isThrownBy(() -> Fiber.spawn(child, self -> log.add("second")));
          computation.join();
          assertThatIllegalStateException()
              .isThrownBy(() -> Fiber.spawn(child, self -> log.add("third")));
        });

    assertThat(log).containsExactly("first");
  }

  @OnEveryScheduler
  void spawn_whenCanceled(Scheduler scheduler) {
    // a canceled fiber that spawns throws its reason and starts nothing; the child can be spawned
    // later
    scheduler.run(
        () -> {
          Computation<Object> ended = new Computation<>();
          Fiber child = new Fiber(ended);
          Fibers.startUnder(
                  canceled,
                  () -> {
                    assertThatThrownBy(() -> Fiber.spawn(child, self -> log.add("refused")))
                        .isSameAs(reason);
                    return null;
                  })
              .await();
          Fiber.spawn(child, self -> ended.tryReturn(log.add("spawned")));
          ended.await();
        });

    assertThat(log).containsExactly("spawned");
  }

  @OnEveryScheduler
  void spawn_whenForbidden(Scheduler scheduler) {
    // A canceled fiber that forbids cancelation spawns
    scheduler.run(
        () ->
            Fibers.startUnder(
                    canceled,
                    () ->
                        Fiber.current()
                            .<Object, RuntimeException>callForbiddingCancelation(
                                () -> Fibers.start(() -> log.add("child")).await()))
                .await());

    assertThat(log).containsExactly("child");
  }

  @OnEveryScheduler
  void spawn_ofCanceledFiber(Scheduler scheduler) {
    // A fiber that is canceled before it starts is started; its operations throw
    scheduler.run(
        () ->
            Fibers.startUnder(
                    canceled,
                    () -> {
                      log.add("started");
                      assertThatThrownBy(Fiber::yield).isSameAs(reason);
                      return null;
                    })
                .await());

    assertThat(log).containsExactly("started");
  }

  @OnEveryScheduler
  void spawn_thenCanceledByTheChild(Scheduler scheduler) {
    // A spawn that has started its child returns; the next operation throws
    Computation<Object> scope = new Computation<>();

    scheduler.run(
        () ->
            Fibers.startUnder(
                    scope,
                    () -> {
                      Fibers.start(() -> scope.tryCancel(reason));
                      log.add("spawn returned");
                      assertThatThrownBy(() -> new Computation<>().join()).isSameAs(reason);
                      return null;
                    })
                .await());

    assertThat(log).containsExactly("spawn returned");
  }

  @OnEveryScheduler
  void spawn_thatReturnsStarts(Scheduler scheduler) {
    // While others cancel the spawner, spawns that return and fibers that start are as many
    AtomicInteger returned = new AtomicInteger();
    AtomicInteger started = new AtomicInteger();

    scheduler.run(
        () -> {
          for (int i = 0; i < 200; i++) {
            Computation<Object> scope = new Computation<>();
            Computation<Object> spawner =
                Fibers.startUnder(
                    scope,
                    () -> {
                      while (true) {
                        Fibers.start(started::incrementAndGet);
                        returned.incrementAndGet();
                      }
                    });
            scope.cancelAfter(Duration.ofNanos(i * 1_000L), reason);
            spawner.join();
            assertThat(spawner.cancelReason()).isSameAs(reason);
          }
        });

    assertThat(started.get()).isEqualTo(returned.get());
  }

  @OnEveryScheduler
  void spawn_publishes(Scheduler scheduler) {
    // what the parent did before happens before main, and what the child did before its end
    scheduler.run(
        () -> {
          for (int i = 0; i < 1_000; i++) {
            int[] cell = {i};
            Fibers.start(() -> cell[0]++).await();
            assertThat(cell[0]).isEqualTo(i + 1);
          }
        });
  }

  @OnEveryScheduler
  void yield_whenCanceled(Scheduler scheduler) {
    // A canceled fiber that yields throws its reason, unless it forbids cancelation
    scheduler.run(
        () ->
            Fibers.startUnder(
                    canceled,
                    () -> {
                      Fiber.current().runForbiddingCancelation(Fiber::yield);
                      log.add("returned");
                      assertThatThrownBy(Fiber::yield).isSameAs(reason);
                      return null;
                    })
                .await());

    assertThat(log).containsExactly("returned");
  }

  @OnEveryScheduler
  void yield_canceledMeanwhile(Scheduler scheduler) {
    // A fiber that is canceled while it keeps yielding throws its reason
    Computation<Object> scope = new Computation<>();

    scheduler.run(
        () -> {
          Computation<Object> yielder =
              Fibers.startUnder(
                  scope,
                  () -> {
                    while (true) {
                      Fiber.yield();
                    }
                  });
          Fiber.yield();
          scope.tryCancel(reason);
          yielder.join();
          assertThat(yielder.cancelReason()).isSameAs(reason);
        });
  }

  @OnEveryScheduler
  void yield_letsOthersRun(Scheduler scheduler) throws Exception {
    // A fiber that only yields keeps out neither timers, nor foreign wake-ups, nor fibers
    AtomicBoolean stop = new AtomicBoolean();
    Trigger foreign = new Trigger();
    Task<Object> runner =
        Task.start(
            () ->
                scheduler.call(
                    () -> {
                      Computation<Object> yielder =
                          Fibers.start(
                              () -> {
                                while (!stop.get()) {
                                  Fiber.yield();
                                }
                                return null;
                              });
                      Fiber.sleep(Duration.ofMillis(5));
                      Fibers.start(() -> log.add("fiber")).await();
                      assertThat(foreign.await()).isNull();
                      stop.set(true);
                      return yielder.await();
                    }));

    foreign.signal();

    assertThat(runner.result()).isNull();
    assertThat(log).containsExactly("fiber");
  }

  @OnEveryScheduler
  void forbid_keepsCancelationOut(Scheduler scheduler) {
    // While a canceled fiber forbids it, no operation throws; afterwards check does
    scheduler.run(
        () ->
            Fibers.startUnder(
                    canceled,
                    () -> {
                      Fiber.current()
                          .runForbiddingCancelation(
                              () -> {
                                Fiber.yield();
                                log.add(Fibers.start(() -> 42).await());
                                Fiber.sleep(Duration.ofNanos(1));
                                Fiber.current().check();
                              });
                      assertThatThrownBy(() -> Fiber.current().check()).isSameAs(reason);
                      return null;
                    })
                .await());

    assertThat(log).containsExactly(42);
  }

  @OnEveryScheduler
  void forbid_nests(Scheduler scheduler) {
    // Forbid{ forbid{..}; A; permit{ B }; C }: A and C go through, B throws
    scheduler.run(
        () ->
            Fibers.startUnder(
                    canceled,
                    () -> {
                      Fiber self = Fiber.current();
                      self.runForbiddingCancelation(
                          () -> {
                            self.runForbiddingCancelation(Fiber::yield);
                            Fiber.yield();
                            assertThatThrownBy(() -> self.runPermittingCancelation(Fiber::yield))
                                .isSameAs(reason);
                            Fiber.yield();
                          });
                      log.add(self.forbidsCancelation());
                      return null;
                    })
                .await());

    assertThat(log).containsExactly(false);
  }

  @OnEveryScheduler
  void setComputation_decidesWhatCancels(Scheduler scheduler) {
    // A fiber that suspends is canceled by the computation that it has set, by no other
    Computation<Object> old = new Computation<>();
    Computation<Object> own = new Computation<>();
    Trigger suspended = new Trigger();

    scheduler.run(
        () -> {
          Computation<Throwable> waiter =
              Fibers.startUnder(
                  old,
                  () -> {
                    Fiber.current().setComputation(own);
                    Trigger trigger = new Trigger();
                    suspended.signal();
                    return trigger.await();
                  });
          assertThat(suspended.await()).isNull();
          old.tryCancel(new RuntimeException("not listened to"));
          Fiber.yield();
          own.tryCancel(reason);
          assertThat(waiter.await()).isSameAs(reason);
        });
  }

  @OnEveryScheduler
  void sleep_isNotTooShort(Scheduler scheduler) {
    // A sleep takes as long as it says, or longer
    long start = System.nanoTime();

    scheduler.run(() -> Fiber.sleep(Duration.ofMillis(20)));

    assertThat(Duration.ofNanos(System.nanoTime() - start))
        .isGreaterThanOrEqualTo(Duration.ofMillis(20));
  }

  @OnEveryScheduler
  void sleep_ofZeroAndLess(Scheduler scheduler) {
    // A sleep of zero returns, and a negative one is refused
    scheduler.run(
        () -> {
          assertThatCode(() -> Fiber.sleep(Duration.ZERO)).doesNotThrowAnyException();
          assertThatIllegalArgumentException().isThrownBy(() -> Fiber.sleep(Duration.ofNanos(-1)));
        });
  }

  @OnEveryScheduler
  void sleep_ofMany(Scheduler scheduler) {
    // a thousand fibers sleep at the same time, each long enough
    AtomicInteger slept = new AtomicInteger();

    scheduler.run(
        () -> {
          for (int i = 0; i < 1_000; i++) {
            Duration duration = Duration.ofMillis(i * 7 % 30);
            Fibers.start(
                () -> {
                  long start = System.nanoTime();
                  Fiber.sleep(duration);
                  boolean longEnough = System.nanoTime() - start >= duration.toNanos();
                  return slept.addAndGet(longEnough ? 1 : 0);
                });
          }
        });

    assertThat(slept).hasValue(1_000);
  }

  @OnEveryScheduler
  void sleep_canceled(Scheduler scheduler) {
    // a fiber canceled in its sleep throws its reason at once, as does one canceled before
    Computation<Object> scope = new Computation<>();

    scheduler.run(
        () -> {
          AtomicReference<Fiber> sleeping = new AtomicReference<>();
          Computation<Object> sleeper =
              Fibers.startUnder(
                  scope,
                  () -> {
                    sleeping.set(Fiber.current());
                    Fiber.sleep(Duration.ofDays(1));
                    return null;
                  });
          while (sleeping.get() == null) {
            Fiber.yield();
          }
          scope.tryCancel(reason);
          assertThatThrownBy(sleeper::await).isSameAs(reason);
          assertThatThrownBy(
                  () ->
                      Fibers.startUnder(
                              canceled,
                              () -> {
                                Fiber.sleep(Duration.ofDays(1));
                                return null;
                              })
                          .await())
              .isSameAs(reason);
        });
  }

  @OnEveryScheduler
  void sleep_whileTheOwnComputationReturns(Scheduler scheduler) {
    // A fiber whose computation returns in its sleep sleeps on
    Computation<Object> own = new Computation<>();
    Duration duration = Duration.ofMillis(30);

    Duration slept =
        scheduler.call(
            () -> {
              Computation<Duration> sleeper =
                  Fibers.startUnder(
                      own,
                      () -> {
                        long start = System.nanoTime();
                        Fiber.sleep(duration);
                        return Duration.ofNanos(System.nanoTime() - start);
                      });
              Fiber.sleep(Duration.ofMillis(5));
              own.tryReturn("value");
              return sleeper.await();
            });

    assertThat(slept).isGreaterThanOrEqualTo(duration);
  }
}
