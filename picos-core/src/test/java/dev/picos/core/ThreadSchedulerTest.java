package dev.picos.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class ThreadSchedulerTest {
  private final ThreadScheduler scheduler = ThreadScheduler.create();
  private final RuntimeException reason = new RuntimeException("reason");
  private final List<Object> log = Collections.synchronizedList(new ArrayList<>());

  /** Spawns a fiber under a computation of its own. */
  private static void spawn(Block<? extends Exception> body) {
    Computation<Object> computation = new Computation<>();
    Fiber.spawn(
        new Fiber(computation, false),
        fiber ->
            computation.tryCapture(
                () -> {
                  body.run();
                  return null;
                }));
  }

  private static void spawnThrowing(Throwable thrown) {
    Fiber.spawn(
        new Fiber(new Computation<>(), false),
        fiber -> ThreadSchedulerTest.<RuntimeException>sneak(thrown));
  }

  @SuppressWarnings("unchecked")
  private static <E extends Throwable> void sneak(Throwable thrown) throws E {
    throw (E) thrown;
  }

  @Test
  void call_returnsTheValue() {
    // SC-01: a run returns what main returns
    int value = scheduler.call(() -> 42);

    assertThat(value).isEqualTo(42);
  }

  @Test
  void call_returnsNull() {
    // main may return null
    String value = scheduler.call(() -> null);

    assertThat(value).isNull();
  }

  @Test
  void run_runsTheBlock() {
    // a block is run as a fiber, in a virtual thread
    scheduler.run(() -> log.add(Thread.currentThread().isVirtual()));

    assertThat(log).containsExactly(true);
  }

  static Stream<Throwable> throwables() {
    return Stream.of(
        new IllegalStateException(),
        new IOException(),
        new InterruptedException(),
        new AssertionError(),
        new Throwable());
  }

  @ParameterizedTest
  @MethodSource("throwables")
  void call_throwsWhatMainThrew(Throwable thrown) {
    // what main throws comes out, that very object, checked or not
    Body<String, RuntimeException> main =
        () -> {
          sneak(thrown);
          return "not reached";
        };

    assertThatThrownBy(() -> scheduler.call(main)).isSameAs(thrown);
  }

  @Test
  void call_declaresWhatMainThrows() {
    // the checked exception of the body is the one that the call declares
    Block<IOException> main =
        () -> {
          throw new IOException("checked");
        };

    try {
      scheduler.run(main);
    } catch (IOException e) {
      log.add(e.getMessage());
    }

    assertThat(log).containsExactly("checked");
  }

  @Test
  void call_ofCanceledMain() {
    // main returns although its computation was canceled: the reason is thrown
    IOException checked = new IOException();

    assertThatThrownBy(() -> scheduler.call(() -> Fiber.current().computation().tryCancel(reason)))
        .isSameAs(reason);
    assertThatThrownBy(() -> scheduler.call(() -> Fiber.current().computation().tryCancel(checked)))
        .isInstanceOf(ComputationException.class)
        .cause()
        .isSameAs(checked);
  }

  @Test
  void call_ofCanceledMainThatThrows() {
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

  @Test
  void call_cancelsMainFromAnotherFiber() {
    // main is canceled by whoever cancels its computation
    assertThatThrownBy(
            () ->
                scheduler.run(
                    () -> {
                      Computation<?> main = Fiber.current().computation();
                      spawn(() -> main.tryCancel(reason));
                      new Computation<>().join();
                    }))
        .isSameAs(reason);
  }

  @Test
  void run_waitsForSpawnedFibers() throws Exception {
    // SC-03, U-13: a run whose main has ended waits for what main spawned
    Trigger release = new Trigger();
    Computation<Object> mainEnded = new Computation<>();
    Task<Object> runner =
        Task.start(
            () ->
                scheduler.call(
                    () -> {
                      spawn(
                          () -> {
                            assertThat(release.await()).isNull();
                            log.add("child");
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

  @Test
  void run_waitsAlsoWhenMainThrew() throws Exception {
    // SC-03, U-13: so does a run whose main threw early
    Trigger release = new Trigger();
    Task<Object> runner =
        Task.start(
            () ->
                scheduler.call(
                    () -> {
                      spawn(
                          () -> {
                            assertThat(release.await()).isNull();
                            log.add("child");
                          });
                      throw reason;
                    }));
    runner.untilParked();

    release.signal();

    assertThatThrownBy(runner::result).isSameAs(reason);
    assertThat(log).containsExactly("child");
  }

  @Test
  void run_waitsForGrandchildren() {
    // SC-03: a run waits for what spawned fibers spawned
    AtomicInteger ended = new AtomicInteger();

    scheduler.run(
        () ->
            spawn(
                () -> {
                  spawn(
                      () -> {
                        spawn(ended::incrementAndGet);
                        ended.incrementAndGet();
                      });
                  ended.incrementAndGet();
                }));

    assertThat(ended).hasValue(3);
  }

  @Test
  void run_ofManyFibers() {
    // a run may have 10,000 fibers at a time
    AtomicInteger ended = new AtomicInteger();
    Computation<Object> gate = new Computation<>();

    scheduler.run(
        () -> {
          for (int i = 0; i < 10_000; i++) {
            spawn(
                () -> {
                  gate.join();
                  ended.incrementAndGet();
                });
          }
          gate.tryReturn(null);
        });

    assertThat(ended).hasValue(10_000);
  }

  @Test
  void run_asGivenFiber() {
    // SC-05: main runs as the fiber that is given, with its flag and its locals
    FiberLocal<String> local = new FiberLocal<>();
    Fiber fiber = new Fiber(new Computation<>(), true);
    local.set(fiber, "value");

    scheduler.run(
        fiber,
        self ->
            log.addAll(
                List.of(self, Fiber.current(), Fiber.current().hasForbidden(), local.get(self))));

    assertThat(log).containsExactly(fiber, fiber, true, "value");
  }

  @Test
  void run_ofNothing() {
    // null is not a main, and not a fiber
    Fiber fiber = new Fiber(new Computation<>(), false);

    assertThatNullPointerException()
        .isThrownBy(() -> scheduler.call((Body<Object, RuntimeException>) null));
    assertThatNullPointerException()
        .isThrownBy(() -> scheduler.run((Block<RuntimeException>) null));
    assertThatNullPointerException().isThrownBy(() -> scheduler.run(fiber, null));
    assertThatNullPointerException().isThrownBy(() -> scheduler.run(null, self -> {}));
  }

  @Test
  void run_nests() {
    // SC-18: a run within a fiber returns its result, and the fiber goes on as itself
    List<Fiber> fibers = new ArrayList<>();

    int value =
        scheduler.call(
            () -> {
              fibers.add(Fiber.current());
              int inner =
                  scheduler.call(
                      () -> {
                        fibers.add(Fiber.current());
                        return 42;
                      });
              fibers.add(Fiber.current());
              return inner;
            });

    assertThat(value).isEqualTo(42);
    assertThat(fibers.get(0)).isSameAs(fibers.get(2)).isNotSameAs(fibers.get(1));
  }

  @Test
  void run_insideSynchronized() {
    // design decision 10: a run may be called while the caller owns a monitor, and it still does
    // after
    Object monitor = new Object();

    synchronized (monitor) {
      scheduler.run(() -> spawn(() -> log.add("child")));
      log.add(Thread.holdsLock(monitor));
    }

    assertThat(log).containsExactly("child", true);
  }

  @ParameterizedTest
  @EnumSource
  void run_fromAnyThread(Task.Kind kind) throws Exception {
    // design decision 10: a run may be called from platform threads and virtual threads
    Task<Integer> runner = Task.start(kind, () -> scheduler.call(() -> 42));

    assertThat(runner.result()).isEqualTo(42);
  }

  @Test
  void run_byCanceledCaller() {
    // the cancelation of the caller does not reach into the run
    Canceled.with(reason, () -> scheduler.run(() -> spawn(() -> log.add("child"))));

    assertThat(log).containsExactly("child");
  }

  @ParameterizedTest
  @EnumSource
  void run_byInterruptedCaller(Task.Kind kind) throws Exception {
    // design decision 5: an interrupt of the caller does not end the run, and is kept
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

  @Test
  void interrupt_doesNotEndAnAwait() throws Exception {
    // design decision 5: a fiber awaits with its interrupt status set, parked, and keeps it
    AtomicReference<Thread> thread = new AtomicReference<>();
    Trigger trigger = new Trigger();
    Task<Boolean> runner =
        Task.start(
            () ->
                scheduler.call(
                    () -> {
                      Thread.currentThread().interrupt();
                      thread.set(Thread.currentThread());
                      assertThat(trigger.await()).isNull();
                      return Thread.interrupted();
                    }));
    Wait.until(() -> thread.get() != null);
    Wait.until(() -> thread.get().getState() == Thread.State.WAITING);

    trigger.signal();

    assertThat(runner.result()).isTrue();
  }

  @Test
  void interrupt_ofFiberStaysWithIt() {
    // an interrupt of one fiber is not seen by another
    scheduler.run(
        () -> {
          spawn(() -> Thread.currentThread().interrupt());
          spawn(() -> log.add(Thread.currentThread().isInterrupted()));
        });

    assertThat(log).containsExactly(false);
  }

  @Nested
  class FatalErrors {
    @ParameterizedTest
    @MethodSource("dev.picos.core.ThreadSchedulerTest#throwables")
    void run_throwsFatalFiberError(Throwable thrown) {
      // SC-20 differs here: by design decision 8 run throws an error, whose cause is what escaped
      FatalFiberError error =
          catchThrowableOfType(
              FatalFiberError.class, () -> scheduler.run(() -> spawnThrowing(thrown)));

      assertThat(error).cause().isSameAs(thrown);
      assertThat(error).hasNoSuppressedExceptions();
    }

    @Test
    void run_countsFibersLeft() {
      // the error says how many fibers had not ended: here main and the three that it spawned
      Computation<Object> never = new Computation<>();

      FatalFiberError error =
          catchThrowableOfType(
              FatalFiberError.class,
              () ->
                  scheduler.run(
                      () -> {
                        spawn(never::join);
                        spawn(never::join);
                        spawn(never::join);
                        spawnThrowing(reason);
                        never.join();
                      }));

      assertThat(error).hasMessageEndingWith("fibers left behind: 4");
    }

    @Test
    void run_ofThrowingMain() {
      // an exception that leaves the main of a given fiber is fatal like any other
      Fiber fiber = new Fiber(new Computation<>(), false);

      FatalFiberError error =
          catchThrowableOfType(
              FatalFiberError.class, () -> scheduler.run(fiber, self -> sneak(reason)));

      assertThat(error).cause().isSameAs(reason);
      assertThat(error).hasMessageEndingWith("fibers left behind: 0");
    }

    @Test
    void run_ofTwoThrowingFibers() throws Exception {
      // nothing is swallowed: what escapes after the first exception is suppressed in the error
      RuntimeException second = new RuntimeException("second");
      AtomicReference<Thread> first = new AtomicReference<>();

      FatalFiberError error =
          catchThrowableOfType(
              FatalFiberError.class,
              () ->
                  scheduler.run(
                      () -> {
                        Fiber.spawn(
                            new Fiber(new Computation<>(), false),
                            fiber -> {
                              Wait.until(() -> first.get() != null && !first.get().isAlive());
                              throw second;
                            });
                        Fiber.spawn(
                            new Fiber(new Computation<>(), false),
                            fiber -> {
                              first.set(Thread.currentThread());
                              throw reason;
                            });
                      }));

      assertThat(error).cause().isSameAs(reason);
      Wait.until(() -> List.of(error.getSuppressed()).contains(second));
    }

    @Test
    void fibersLeft_areNotUnwound() {
      // a fiber left behind accepts wake-ups and goes no further
      Trigger trigger = new Trigger();
      AtomicReference<Thread> left = new AtomicReference<>();
      assertThatThrownBy(
              () ->
                  scheduler.run(
                      () -> {
                        spawn(
                            () -> {
                              left.set(Thread.currentThread());
                              try {
                                assertThat(trigger.await()).isNull();
                              } finally {
                                log.add("went on");
                              }
                            });
                        Wait.until(() -> left.get() != null);
                        Wait.until(() -> left.get().getState() == Thread.State.WAITING);
                        spawnThrowing(reason);
                      }))
          .isInstanceOf(FatalFiberError.class);

      trigger.signal();
      Wait.until(() -> LockSupport.getBlocker(left.get()) instanceof ThreadRun);
      left.get().interrupt();
      Wait.until(() -> left.get().getState() == Thread.State.WAITING);

      assertThat(log).isEmpty();
    }

    @Test
    void fibersLeft_stopAtTheirNextYield() {
      // a fiber that only yields goes on up to its next yield, and no further
      AtomicReference<Thread> left = new AtomicReference<>();

      assertThatThrownBy(
              () ->
                  scheduler.run(
                      () -> {
                        spawn(
                            () -> {
                              left.set(Thread.currentThread());
                              while (true) {
                                Fiber.yield();
                              }
                            });
                        Wait.until(() -> left.get() != null);
                        spawnThrowing(reason);
                      }))
          .isInstanceOf(FatalFiberError.class);

      Wait.until(() -> LockSupport.getBlocker(left.get()) instanceof ThreadRun);
      assertThat(left.get().isAlive()).isTrue();
    }

    @Test
    void run_afterFatalError() {
      // a fatal error ends its own run: others, at the same time or later, are not concerned
      int value =
          scheduler.call(
              () -> {
                assertThatThrownBy(() -> scheduler.run(() -> spawnThrowing(reason)))
                    .isInstanceOf(FatalFiberError.class);
                Fiber.yield();
                return 42;
              });

      assertThat(value).isEqualTo(42);
      assertThatCode(() -> scheduler.run(Fiber::yield)).doesNotThrowAnyException();
    }
  }
}
