package dev.picos.tck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.FatalFiberError;
import dev.picos.core.Fiber;
import dev.picos.core.FiberLocal;
import dev.picos.core.Outcome;
import dev.picos.core.Scheduler;
import dev.picos.core.Trigger;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What a run returns and throws, what it waits for, and from where it may be started. */
interface RunRules extends Rules {
  @Test
  @DisplayName("RUN-01: call returns what main returned, null included")
  default void run01_returnsTheValue() {
    Scheduler scheduler = scheduler();

    assertEquals(42, scheduler.<Integer, RuntimeException>call(() -> 42));
    assertNull(scheduler.<@Nullable String, RuntimeException>call(() -> null));
  }

  @Test
  @DisplayName("RUN-02: call throws what main threw, that very object, checked or not")
  default void run02_throwsUnchanged() {
    Scheduler scheduler = scheduler();

    for (Throwable thrown :
        List.of(new RuntimeException(), new IOException(), new Error(), new Throwable())) {
      assertSame(
          thrown, assertThrows(Throwable.class, () -> scheduler.run(() -> Fibers.sneak(thrown))));
    }
  }

  @Test
  @DisplayName("RUN-03: a main that returned although it was canceled makes call throw the reason")
  default void run03_canceledMain() {
    RuntimeException reason = new RuntimeException("canceled");

    Throwable thrown =
        assertThrows(
            Throwable.class,
            () -> scheduler().call(() -> Fiber.current().computation().tryCancel(reason)));

    assertSame(reason, thrown);
  }

  @Test
  @DisplayName("RUN-04: a run ends after every fiber that was spawned in it, directly or not")
  default void run04_waitsForFibers() {
    Trigger release = new Trigger();
    AtomicBoolean ended = new AtomicBoolean();
    Patience.onceAwaited(this, release, release::signal);

    scheduler()
        .run(
            () -> {
              Fibers.start(() -> Fibers.start(() -> endAfter(release, ended)));
            });

    assertTrue(ended.get(), "run returned while a fiber was alive");
  }

  @Test
  @DisplayName("RUN-05: a run whose main throws ends after every fiber that was spawned in it, too")
  default void run05_waitsWhenMainThrew() {
    Trigger release = new Trigger();
    AtomicBoolean ended = new AtomicBoolean();
    Patience.onceAwaited(this, release, release::signal);

    assertThrows(
        IOException.class,
        () ->
            scheduler()
                .run(
                    () -> {
                      Fibers.start(() -> endAfter(release, ended));
                      throw new IOException();
                    }));

    assertTrue(ended.get(), "run threw while a fiber was alive");
  }

  private static @Nullable Throwable endAfter(Trigger release, AtomicBoolean ended) {
    Throwable reason = release.await();
    ended.set(true);
    return reason;
  }

  @Test
  @DisplayName("RUN-06: main has a computation of its own, running until main ends, then completed")
  default void run06_completesMain() {
    Scheduler scheduler = scheduler();
    Body<Computation<?>, RuntimeException> main =
        () -> {
          assertTrue(Fiber.current().computation().isRunning());
          return Fiber.current().computation();
        };

    Computation<?> first = scheduler.call(main);
    Computation<?> second = scheduler.call(main);

    AtomicReference<Computation<?>> third = new AtomicReference<>();
    RuntimeException thrown = new RuntimeException("from main");
    assertThrows(
        RuntimeException.class,
        () ->
            scheduler.run(
                () -> {
                  third.set(Fiber.current().computation());
                  throw thrown;
                }));

    assertNotSame(first, second);
    assertEquals(new Outcome.Returned<>(first), first.peek());
    assertEquals(new Outcome.Returned<>(second), second.peek());
    assertSame(thrown, third.get().cancelReason());
  }

  @Test
  @DisplayName("RUN-07: run with a fiber runs main as that fiber, with its flag, locals and all")
  default void run07_asGivenFiber() {
    FiberLocal<String> local = new FiberLocal<>();
    Computation<Object> computation = new Computation<>();
    Fiber fiber = new Fiber(computation, true);
    local.set(fiber, "value");
    AtomicReference<Fiber> passed = new AtomicReference<>();

    Fibers.run(
        scheduler(),
        fiber,
        self -> {
          assertSame(fiber, Fiber.current());
          assertTrue(self.forbidsCancelation());
          assertEquals("value", local.get(self));
          passed.set(self);
        });

    assertSame(fiber, passed.get());
    assertTrue(computation.isRunning(), "completing it is the affair of who made the fiber");
  }

  @Test
  @DisplayName("RUN-08: run with a fiber that is canceled runs main all the same")
  default void run08_canceledFiber() {
    AtomicBoolean ran = new AtomicBoolean();
    Fiber fiber = new Fiber(Fibers.canceled(new RuntimeException("canceled")));

    Fibers.run(scheduler(), fiber, self -> ran.set(true));

    assertTrue(ran.get());
  }

  @Test
  @DisplayName("RUN-09: a scheduler serves one run after another")
  default void run09_runAfterRun() {
    Scheduler scheduler = scheduler();
    int runs = rounds(200);
    int sum = 0;

    for (int i = 0; i < runs; i++) {
      sum += scheduler.<Integer, RuntimeException>call(() -> Fibers.start(() -> 1).await());
    }

    assertEquals(runs, sum);
  }

  @Test
  @DisplayName("RUN-10: a scheduler serves several runs at once, which may wait for each other")
  default void run10_concurrentRuns() throws Exception {
    Scheduler scheduler = scheduler();
    Computation<Fiber> mine = new Computation<>();
    Computation<Fiber> others = new Computation<>();

    Task<Boolean> other = Task.start(() -> scheduler.call(() -> meet(others, mine)));
    boolean apart = scheduler.<Boolean, RuntimeException>call(() -> meet(mine, others));

    assertTrue(apart);
    assertTrue(other.result());
  }

  private static boolean meet(Computation<Fiber> mine, Computation<Fiber> others) {
    mine.tryReturn(Fiber.current());
    return others.await() != Fiber.current();
  }

  @Test
  @DisplayName("RUN-11: a run may be started from a virtual thread of the JDK")
  default void run11_fromVirtualThread() throws Exception {
    Scheduler scheduler = scheduler();

    Task<Integer> caller =
        Task.startVirtual(() -> scheduler.call(() -> Fibers.start(() -> 42).await()));

    assertEquals(42, caller.result());
  }

  @Test
  @DisplayName("RUN-12: a run may be started inside synchronized, and the caller keeps its monitor")
  default void run12_insideSynchronized() {
    Object monitor = new Object();

    synchronized (monitor) {
      int value = scheduler().<Integer, RuntimeException>call(() -> Fibers.start(() -> 42).await());

      assertEquals(42, value);
      assertTrue(Thread.holdsLock(monitor));
    }
  }

  @Test
  @DisplayName("RUN-13: null is neither a main nor a fiber")
  @SuppressWarnings("NullAway") // on purpose
  default void run13_nulls() {
    Scheduler scheduler = scheduler();
    Fiber fiber = new Fiber(new Computation<>());

    assertThrows(
        NullPointerException.class, () -> scheduler.call((Body<Object, RuntimeException>) null));
    assertThrows(NullPointerException.class, () -> scheduler.run((Block<RuntimeException>) null));
    assertThrows(NullPointerException.class, () -> scheduler.run(fiber, null));
    assertThrows(NullPointerException.class, () -> scheduler.run(null, self -> {}));
  }

  @Test
  @DisplayName("RUN-15: a canceled fiber starts a run like any other fiber")
  default void run15_canceledCaller() {
    Fiber caller = Fiber.current();
    caller.setComputation(Fibers.canceled(new RuntimeException("canceled")));

    int value = scheduler().<Integer, RuntimeException>call(() -> Fibers.start(() -> 42).await());

    assertEquals(42, value);
  }

  @Test
  @DisplayName("RUN-16: a run, failed or not, leaves its caller's forbid flag as it was")
  default void run16_leavesFlag() {
    Fiber caller = Fiber.current();

    for (boolean forbids : List.of(true, false)) {
      caller.setForbidCancelation(forbids);
      scheduler().run(() -> {});
      assertEquals(forbids, caller.forbidsCancelation(), "after a run that returned");
      fail(scheduler());
      assertEquals(forbids, caller.forbidsCancelation(), "after a run that failed");
    }
  }

  private static void fail(Scheduler scheduler) {
    try {
      scheduler.run(() -> Fibers.startThrowing(new RuntimeException("left a main")));
    } catch (FatalFiberError expected) {
      // whether it comes is the subject of other rules
    }
  }

  @Test
  @DisplayName(
      "RUN-17: what waits for main's computation goes on when main ends, before the run does")
  default void run17_completesMainFirst() {
    scheduler()
        .run(
            () -> {
              Computation<?> main = Fiber.current().computation();
              Fibers.spawn(main::join); // and the run waits for this fiber
            });
  }

  @Test
  @DisplayName("RUN-18: fibers spawn others after main has ended, whether it returned or threw")
  default void run18_spawnsAfterMain() {
    RuntimeException thrown = new RuntimeException("from main");
    AtomicInteger afterReturn = new AtomicInteger();
    AtomicInteger afterThrow = new AtomicInteger();

    scheduler().run(() -> spawnGenerations(afterReturn));
    assertThrows(
        RuntimeException.class,
        () ->
            scheduler()
                .run(
                    () -> {
                      spawnGenerations(afterThrow);
                      throw thrown;
                    }));

    assertEquals(100, afterReturn.get(), "of 100 fibers, after main had returned");
    assertEquals(100, afterThrow.get(), "of 100 fibers, after main had thrown");
  }

  /** Starts fibers, each spawned by the one before, so that the last come after the end of main. */
  private static int spawnGenerations(AtomicInteger ran) {
    if (ran.get() < 100) {
      Fibers.start(
          () -> {
            ran.incrementAndGet();
            return spawnGenerations(ran);
          });
    }
    return ran.get();
  }

  @Test
  @DisplayName("RUN-19: 100 runs at once may wait for each other")
  default void run19_many() throws Exception {
    int runs = rounds(100);
    Scheduler scheduler = scheduler();
    AtomicInteger waiting = new AtomicInteger();
    Computation<Integer> gate = new Computation<>();
    List<Task<Integer>> callers = new ArrayList<>();

    for (int i = 0; i < runs; i++) {
      callers.add(
          Task.start(
              () ->
                  scheduler.call(
                      () -> {
                        if (waiting.incrementAndGet() == runs) {
                          gate.tryReturn(42);
                        }
                        return gate.await();
                      })));
    }

    for (Task<Integer> caller : callers) {
      assertEquals(42, caller.result());
    }
  }
}
