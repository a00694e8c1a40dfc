package dev.picos.tests.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.FiberLocal;
import dev.picos.core.Scheduler;
import dev.picos.core.Trigger;
import dev.picos.sched.randos.RandosScheduler;
import dev.picos.testing.Task;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import dev.picos.tests.OnEveryTwoSchedulers;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** What a run returns and throws, what it waits for, and from where it may be called. */
class RunTest {
  private final RuntimeException reason = new RuntimeException("reason");
  private final List<Object> log = Collections.synchronizedList(new ArrayList<>());

  @OnEveryScheduler
  void call_returnsTheValue(Scheduler scheduler) {
    // A run returns what main returns
    int value = scheduler.call(() -> 42);

    assertThat(value).isEqualTo(42);
  }

  @OnEveryScheduler
  void call_returnsNull(Scheduler scheduler) {
    // main may return null
    String value = scheduler.call(() -> null);

    assertThat(value).isNull();
  }

  @OnEveryScheduler
  void call_throwsWhatMainThrew(Scheduler scheduler) {
    // what main throws comes out, that very object, checked or not
    List<Throwable> throwables =
        List.of(
            new IllegalStateException(),
            new IOException(),
            new InterruptedException(),
            new AssertionError(),
            new Throwable());

    for (Throwable thrown : throwables) {
      assertThatThrownBy(() -> scheduler.run(() -> Fibers.sneak(thrown))).isSameAs(thrown);
    }
  }

  @OnEveryScheduler
  void call_throwsWhatMainThrewAfterSuspending(Scheduler scheduler) {
    // the same holds for a main that has suspended meanwhile
    IOException thrown = new IOException();

    assertThatThrownBy(
            () ->
                scheduler.run(
                    () -> {
                      Fibers.start(() -> 42).await();
                      Fiber.yield();
                      throw thrown;
                    }))
        .isSameAs(thrown);
  }

  @OnEveryScheduler
  void call_ofCanceledMain(Scheduler scheduler) {
    // main returns although its computation was canceled: the reason is thrown
    IOException checked = new IOException();

    assertThatThrownBy(() -> scheduler.call(() -> Fiber.current().computation().tryCancel(reason)))
        .isSameAs(reason);
    assertThatThrownBy(() -> scheduler.call(() -> Fiber.current().computation().tryCancel(checked)))
        .isInstanceOf(ComputationException.class)
        .cause()
        .isSameAs(checked);
  }

  @OnEveryScheduler
  void call_ofCanceledMainThatThrows(Scheduler scheduler) {
    // main throws although its computation was canceled: what it threw is thrown
    IllegalStateException thrown = new IllegalStateException();

    assertThatThrownBy(
            () ->
                scheduler.run(
                    () -> {
                      Fiber.current().computation().tryCancel(reason);
                      throw thrown;
                    }))
        .isSameAs(thrown);
  }

  @OnEveryScheduler
  void call_completesTheComputationOfMain(Scheduler scheduler) {
    // main has a computation of its own, which runs while main does and is completed afterwards
    List<Computation<?>> computations = new ArrayList<>();

    scheduler.run(
        () -> {
          computations.add(Fiber.current().computation());
          log.add(Fiber.current().computation().isRunning());
        });
    scheduler.run(() -> computations.add(Fiber.current().computation()));

    assertThat(log).containsExactly(true);
    assertThat(computations).doesNotHaveDuplicates().noneMatch(Computation::isRunning);
  }

  @OnEveryScheduler
  void call_cancelsMainFromAnotherFiber(Scheduler scheduler) {
    // whoever cancels the computation of main cancels main
    assertThatThrownBy(
            () ->
                scheduler.run(
                    () -> {
                      Computation<?> main = Fiber.current().computation();
                      Fibers.start(() -> main.tryCancel(reason));
                      new Computation<>().join();
                    }))
        .isSameAs(reason);
  }

  @OnEveryScheduler
  void run_waitsForSpawnedFibers(Scheduler scheduler) throws Exception {
    // A run whose main has ended waits for what main spawned
    Trigger release = new Trigger();
    Computation<Object> mainEnded = new Computation<>();
    Task<Object> runner =
        Task.start(
            () ->
                scheduler.call(
                    () -> {
                      Fibers.start(
                          () -> {
                            assertThat(release.await()).isNull();
                            return log.add("child");
                          });
                      mainEnded.tryReturn(null);
                      return "value";
                    }));
    mainEnded.join();
    runner.untilParked();

    release.signal();

    assertThat(runner.result()).isEqualTo("value");
    assertThat(log).containsExactly("child");
  }

  @OnEveryScheduler
  void run_waitsAlsoWhenMainThrew(Scheduler scheduler) throws Exception {
    // So does a run whose main threw early
    Trigger release = new Trigger();
    Task<Object> runner =
        Task.start(
            () ->
                scheduler.call(
                    () -> {
                      Fibers.start(
                          () -> {
                            assertThat(release.await()).isNull();
                            return log.add("child");
                          });
                      throw reason;
                    }));
    runner.untilParked();

    release.signal();

    assertThatThrownBy(runner::result).isSameAs(reason);
    assertThat(log).containsExactly("child");
  }

  @OnEveryScheduler
  void run_waitsForDescendants(Scheduler scheduler) {
    // A run waits for what spawned fibers spawned, a thousand generations on
    AtomicInteger generations = new AtomicInteger();

    scheduler.run(() -> spawnDescendants(generations, 1_000));

    assertThat(generations).hasValue(1_000);
  }

  private static int spawnDescendants(AtomicInteger generations, int left) {
    if (left > 0) {
      Fibers.start(() -> spawnDescendants(generations, left - 1));
      Fiber.yield();
      generations.incrementAndGet();
    }
    return left;
  }

  @OnEveryScheduler
  void run_ofManyFibers(Scheduler scheduler) {
    // a run may have 10,000 suspended fibers at a time, and all are resumed
    AtomicInteger ended = new AtomicInteger();
    Computation<Object> gate = new Computation<>();

    scheduler.run(
        () -> {
          for (int i = 0; i < 10_000; i++) {
            Fibers.start(
                () -> {
                  gate.join();
                  Fiber.yield();
                  return ended.incrementAndGet();
                });
          }
          Fiber.yield();
          gate.tryReturn(null);
        });

    assertThat(ended).hasValue(10_000);
  }

  @OnEveryScheduler
  void run_ofManyShortFibers(Scheduler scheduler) {
    // fibers that never suspend are all run, in whatever number
    AtomicInteger ended = new AtomicInteger();

    scheduler.run(
        () -> {
          for (int i = 0; i < 50_000; i++) {
            Fibers.start(ended::incrementAndGet);
          }
        });

    assertThat(ended).hasValue(50_000);
  }

  @OnEveryScheduler
  void run_asGivenFiber(Scheduler scheduler) {
    // Main runs as the fiber that is given, with its flag, computation and locals
    FiberLocal<String> local = new FiberLocal<>();
    Computation<Object> computation = new Computation<>();
    computation.tryCancel(reason);
    Fiber fiber = new Fiber(computation, true);
    local.set(fiber, "value");

    scheduler.run(
        fiber,
        self -> {
          log.addAll(List.of(self, Fiber.current(), local.get(Fiber.current())));
          log.addAll(List.of(self.forbidsCancelation(), self.computation()));
          Fiber.yield();
          log.add("not canceled");
        });

    assertThat(log).containsExactly(fiber, fiber, "value", true, computation, "not canceled");
  }

  @OnEveryScheduler
  void run_doesNotCompleteAGivenComputation(Scheduler scheduler) {
    // the computation of a given fiber is its creator's affair
    Computation<Object> computation = new Computation<>();

    scheduler.run(new Fiber(computation), self -> log.add("ran"));

    assertThat(log).containsExactly("ran");
    assertThat(computation.isRunning()).isTrue();
  }

  @OnEveryScheduler
  void run_ofCanceledFiber(Scheduler scheduler) {
    // a given fiber that is canceled is run all the same; its operations throw
    Computation<Object> computation = new Computation<>();
    computation.tryCancel(reason);

    scheduler.run(
        new Fiber(computation),
        self -> {
          assertThatThrownBy(Fiber::yield).isSameAs(reason);
          log.add("ran");
        });

    assertThat(log).containsExactly("ran");
  }

  @OnEveryScheduler
  void run_ofNothing(Scheduler scheduler) {
    // null is not a main, and not a fiber
    Fiber fiber = new Fiber(new Computation<>());

    assertThatNullPointerException()
        .isThrownBy(() -> scheduler.call((Body<Object, RuntimeException>) null));
    assertThatNullPointerException()
        .isThrownBy(() -> scheduler.run((Block<RuntimeException>) null));
    assertThatNullPointerException().isThrownBy(() -> scheduler.run(fiber, null));
    assertThatNullPointerException().isThrownBy(() -> scheduler.run(null, self -> {}));
  }

  @OnEveryScheduler
  void run_doesNotWaitForTimeouts(Scheduler scheduler) {
    // a timeout is not a fiber: the run ends before it, and it passes all the same
    Computation<Object> late = new Computation<>();
    Computation<Object> soon = new Computation<>();

    scheduler.run(
        () -> {
          late.cancelAfter(Duration.ofDays(1), reason);
          soon.cancelAfter(Duration.ofMillis(20), reason);
        });
    soon.join();

    assertThat(soon.cancelReason()).isSameAs(reason);
    assertThat(late.tryReturn("value")).isTrue();
  }

  @OnEveryScheduler
  void run_again(Scheduler scheduler) {
    // a scheduler may be used for one run after another
    AtomicInteger sum = new AtomicInteger();

    for (int i = 0; i < 200; i++) {
      sum.addAndGet(scheduler.call(() -> Fibers.start(() -> 1).await()));
    }

    assertThat(sum).hasValue(200);
  }

  @OnEveryScheduler
  void run_twiceAtOnce(Scheduler scheduler) throws Exception {
    // Two runs of one scheduler at once are independent, and may wait for each other
    Computation<Fiber> first = new Computation<>();
    Computation<Fiber> second = new Computation<>();

    Task<Boolean> one =
        Task.start(
            () ->
                scheduler.call(
                    () -> {
                      first.tryReturn(Fiber.current());
                      return second.await() != Fiber.current();
                    }));
    Task<Boolean> other =
        Task.start(
            () ->
                scheduler.call(
                    () -> {
                      second.tryReturn(Fiber.current());
                      return first.await() != Fiber.current();
                    }));

    assertThat(one.result()).isTrue();
    assertThat(other.result()).isTrue();
  }

  @OnEveryTwoSchedulers
  void run_inFiber(Scheduler outer, Scheduler inner) {
    // A run within a fiber returns its result, and the fiber goes on as itself
    List<Fiber> fibers = new ArrayList<>();

    int value =
        outer.call(
            () -> {
              fibers.add(Fiber.current());
              int result =
                  inner.call(
                      () -> {
                        Fiber.yield();
                        fibers.add(Fiber.current());
                        return Fibers.start(() -> 42).await();
                      });
              Fiber.yield();
              fibers.add(Fiber.current());
              return result;
            });

    assertThat(value).isEqualTo(42);
    assertThat(fibers.get(0)).isSameAs(fibers.get(2)).isNotSameAs(fibers.get(1));
  }

  @OnEveryTwoSchedulers
  void run_inFiberSuspendsThatFiberAlone(Scheduler outer, Scheduler inner) {
    // A fiber that calls run suspends, and the other fibers go on
    Computation<String> fromOuter = new Computation<>();

    String value =
        outer.call(
            () -> {
              Computation<String> running = Fibers.start(() -> inner.call(fromOuter::await));
              Fibers.start(() -> fromOuter.tryReturn("value"));
              return running.await();
            });

    assertThat(value).isEqualTo("value");
  }

  @OnEveryTwoSchedulers
  void run_inFiberThrows(Scheduler outer, Scheduler inner) {
    // what the main of an inner run throws comes out in the outer fiber
    String value =
        outer.call(
            () -> {
              assertThatThrownBy(
                      () ->
                          inner.run(
                              () -> {
                                throw reason;
                              }))
                  .isSameAs(reason);
              return "goes on";
            });

    assertThat(value).isEqualTo("goes on");
  }

  @OnEveryTwoSchedulers
  void run_inCanceledFiber(Scheduler outer, Scheduler inner) {
    // the cancelation of the calling fiber does not reach into the run, nor cut it short
    String value =
        outer.call(
            () -> {
              Computation<Object> canceled = new Computation<>();
              canceled.tryCancel(reason);
              return Fibers.startUnder(
                      canceled,
                      () ->
                          inner.call(
                              () -> {
                                Fiber.yield();
                                return Fibers.start(() -> "value").await();
                              }))
                  .await();
            });

    assertThat(value).isEqualTo("value");
  }

  @OnEveryTwoSchedulers
  void run_canceledMeanwhile(Scheduler outer, Scheduler inner) {
    // canceling the calling fiber does not end the run that it waits for
    Computation<Object> scope = new Computation<>();
    Computation<Object> begun = new Computation<>();
    Computation<String> release = new Computation<>();

    String value =
        outer.call(
            () -> {
              Computation<String> running =
                  Fibers.startUnder(
                      scope,
                      () ->
                          inner.call(
                              () -> {
                                begun.tryReturn(null);
                                return release.await();
                              }));
              begun.join();
              scope.tryCancel(reason);
              Fiber.yield();
              boolean ended = !running.isRunning();
              release.tryReturn("value");
              return ended + " " + running.await();
            });

    assertThat(value).isEqualTo("false value");
  }

  @OnEveryScheduler
  void run_deeplyNested(Scheduler scheduler) {
    // runs nest more than once
    int value =
        scheduler.call(() -> scheduler.call(() -> scheduler.call(() -> scheduler.call(() -> 42))));

    assertThat(value).isEqualTo(42);
  }

  @OnEveryScheduler
  void run_inEveryFiber(Scheduler scheduler) {
    // many fibers may each wait for a run of their own
    List<Computation<Integer>> inner = new ArrayList<>();

    int sum =
        scheduler.call(
            () -> {
              for (int i = 0; i < 20; i++) {
                inner.add(Fibers.start(() -> scheduler.call(() -> Fibers.start(() -> 1).await())));
              }
              return inner.stream().mapToInt(Computation::await).sum();
            });

    assertThat(sum).isEqualTo(20);
  }

  @OnEveryScheduler
  void run_insideSynchronized(Scheduler scheduler) {
    // A run may be called by the owner of a monitor, who owns it afterwards too
    Object monitor = new Object();

    synchronized (monitor) {
      scheduler.run(() -> Fibers.start(() -> log.add(Thread.holdsLock(monitor))).await());
      log.add(Thread.holdsLock(monitor));
    }
    log.add(Thread.holdsLock(monitor));

    assertThat(log).containsExactly(false, true, false);
  }

  @OnEveryScheduler
  void run_fromPlainThreads(Scheduler scheduler) throws Exception {
    // A run may be called from platform threads and from virtual threads
    for (Task.Kind kind : Task.Kind.values()) {
      Task<Integer> runner =
          Task.start(kind, () -> scheduler.call(() -> Fibers.start(() -> 42).await()));

      assertThat(runner.result()).isEqualTo(42);
    }
  }

  @OnEveryScheduler
  void run_leavesTheCallerItself(Scheduler scheduler) {
    // the caller is the same fiber before and after, and not the fiber of main
    Fiber before = Fiber.current();

    Fiber main = scheduler.call(Fiber::current);

    assertThat(before).isSameAs(Fiber.current()).isNotSameAs(main);
    assertThat(before.forbidsCancelation()).isFalse();
  }

  /** The random scheduler ends on an interrupt by default, as it is for tests. */
  private static Scheduler thatWaitsForTheEnd(Scheduler scheduler) {
    return scheduler instanceof RandosScheduler randos
        ? RandosScheduler.builder()
            .seed(randos.seed())
            .domains(randos.toString().contains("domains 2") ? 2 : 1)
            .endsOnInterrupt(false)
            .build()
        : scheduler;
  }

  @OnEveryScheduler
  void run_byInterruptedCaller(Scheduler each) throws Exception {
    // An interrupt of the caller does not end the run, and is kept
    Scheduler scheduler = thatWaitsForTheEnd(each);
    for (Task.Kind kind : Task.Kind.values()) {
      Trigger release = new Trigger();
      Task<Boolean> runner =
          Task.start(
              kind,
              () -> {
                scheduler.run(() -> assertThat(release.await()).isNull());
                return Thread.interrupted();
              });
      runner.untilParked();

      runner.thread().interrupt();
      runner.untilParked();
      release.signal();

      assertThat(runner.result()).isTrue();
    }
  }

  @OnEveryScheduler
  void run_publishes(Scheduler scheduler) {
    // what the caller wrote is seen by main and its fibers, and what they wrote by the caller
    int[] cells = new int[3];
    cells[0] = 1;

    scheduler.run(
        () -> {
          cells[1] = cells[0] + 1;
          Fibers.start(() -> cells[2] = cells[1] + 1);
        });

    assertThat(cells).containsExactly(1, 2, 3);
  }
}
