package dev.picos.tck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.FatalFiberError;
import dev.picos.core.Fiber;
import dev.picos.core.Handler;
import dev.picos.core.Scheduler;
import dev.picos.core.Trigger;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** An exception that leaves the main of a fiber stops its scheduler. */
interface FatalRules extends Rules {
  private static @Nullable Throwable cause(Scheduler scheduler, Block<RuntimeException> main) {
    return assertThrows(FatalFiberError.class, () -> scheduler.run(main)).getCause();
  }

  @Test
  @DisplayName("FATAL-01: what leaves a fiber's main makes run throw a FatalFiberError with it")
  default void fatal01_stopsTheRun() {
    for (Throwable thrown : List.of(new RuntimeException(), new IOException(), new Error())) {
      assertSame(thrown, cause(scheduler(), () -> Fibers.startThrowing(thrown)), "at once");
      assertSame(thrown, cause(scheduler(), () -> startThrowingLater(thrown)), "after an await");
    }
  }

  private static void startThrowingLater(Throwable thrown) {
    Fiber.spawn(
        new Fiber(new Computation<>()),
        fiber -> {
          Fibers.start(() -> 42).join();
          Fibers.<RuntimeException>sneak(thrown);
        });
  }

  @Test
  @DisplayName("FATAL-02: what leaves the main that run was given with a fiber is fatal as well")
  default void fatal02_givenFiber() {
    RuntimeException thrown = new RuntimeException("left a main");

    FatalFiberError error =
        assertThrows(
            FatalFiberError.class,
            () -> scheduler().run(new Fiber(new Computation<>()), self -> Fibers.sneak(thrown)));

    assertSame(thrown, error.getCause());
  }

  @Test
  @DisplayName("FATAL-03: a cancelation that leaves the main of a fiber is fatal as well")
  default void fatal03_cancelation() {
    RuntimeException reason = new RuntimeException("canceled");

    assertSame(
        reason,
        cause(scheduler(), () -> Fiber.spawn(new Fiber(Fibers.canceled(reason)), Fiber::check)));
  }

  @Test
  @DisplayName("FATAL-04: the run stops although other fibers are suspended")
  default void fatal04_suspendedFibers() {
    RuntimeException thrown = new RuntimeException("left a main");
    Computation<Object> never = new Computation<>();

    assertSame(
        thrown,
        cause(
            scheduler(),
            () -> {
              Fibers.start(never::await);
              Fibers.startThrowing(thrown);
              never.join();
            }));
  }

  @Test
  @DisplayName("FATAL-05: the run stops although other fibers do nothing but yield")
  default void fatal05_busyFibers() {
    RuntimeException thrown = new RuntimeException("left a main");
    Scheduler scheduler = scheduler();
    AtomicBoolean over = new AtomicBoolean();
    List<Computation<?>> busy = new ArrayList<>();

    Throwable cause =
        cause(
            scheduler,
            () -> {
              for (int i = 0; i < 10; i++) {
                busy.add(
                    Fibers.spawn(
                        () -> Patience.yieldUntil(this, "the scheduler to stop", over::get)));
              }
              Fibers.startThrowing(thrown);
            });

    boolean stopped = busy.stream().allMatch(Computation::isRunning);
    over.set(true); // in case any is still running
    assertSame(thrown, cause);
    assertTrue(stopped, "the others went on until they gave up");
  }

  @Test
  @DisplayName("FATAL-06: fibers left behind go no further, and waking them is not refused")
  default void fatal06_leftBehind() {
    RuntimeException thrown = new RuntimeException("left a main");
    Trigger trigger = new Trigger();
    Trigger go = new Trigger();
    AtomicBoolean wentOn = new AtomicBoolean();
    Scheduler scheduler = scheduler();
    Patience.onceAwaited(this, trigger, go::signal);

    Throwable cause =
        cause(
            scheduler,
            () -> {
              Fibers.start(
                  () -> {
                    try {
                      return trigger.await();
                    } finally {
                      wentOn.set(true);
                    }
                  });
              assertNull(go.await());
              Fibers.startThrowing(thrown);
              new Computation<>().join();
            });
    trigger.signal();
    scheduler.run(() -> assertEquals(42, Fibers.start(() -> 42).await()));

    assertSame(thrown, cause);
    assertFalse(wentOn.get());
  }

  @Test
  @DisplayName("FATAL-07: after a fatal error the scheduler can be used again")
  default void fatal07_usedAgain() {
    RuntimeException thrown = new RuntimeException("left a main");
    Scheduler scheduler = scheduler();

    for (int i = 0; i < 20; i++) {
      assertSame(thrown, cause(scheduler, () -> Fibers.startThrowing(thrown)));
      assertEquals(
          42, scheduler.<Integer, RuntimeException>call(() -> Fibers.start(() -> 42).await()));
    }
  }

  @Test
  @DisplayName("FATAL-08: a fatal error of a nested run leaves the run around it alone")
  default void fatal08_nested() {
    RuntimeException thrown = new RuntimeException("left a main");
    Scheduler scheduler = scheduler();

    scheduler.run(
        () -> {
          Computation<Integer> sibling = Fibers.start(() -> 42);
          assertSame(thrown, cause(scheduler, () -> Fibers.startThrowing(thrown)));
          assertEquals(42, sibling.await());
        });
  }

  @Test
  @DisplayName("FATAL-10: a fiber that is handed over to a run that has failed is left behind, too")
  default void fatal10_handedOver() {
    RuntimeException thrown = new RuntimeException("left a main");
    AtomicReference<Handler> home = new AtomicReference<>();
    Trigger never = new Trigger();
    Trigger go = new Trigger();
    AtomicBoolean ran = new AtomicBoolean();
    Patience.onceAwaited(this, never, go::signal);

    Throwable cause =
        cause(
            scheduler(),
            () -> {
              Fibers.start(
                  () -> {
                    home.set(Handler.ofCurrentThread());
                    return never.await();
                  });
              assertNull(go.await());
              Fibers.startThrowing(thrown);
              new Computation<>().join();
            });
    Fiber.spawnIn(home.get(), new Fiber(new Computation<>()), self -> ran.set(true));
    scheduler().run(() -> assertEquals(42, Fibers.start(() -> 42).await()));

    assertSame(thrown, cause);
    assertFalse(ran.get(), "a fiber ran that was handed over to a run that had failed");
  }

  @Test
  @DisplayName("FATAL-11: what leaves the main of a fiber that was handed over is fatal as well")
  default void fatal11_handedOver() {
    RuntimeException thrown = new RuntimeException("left a main");

    Throwable cause =
        cause(
            scheduler(),
            () -> {
              Handler home = Handler.ofCurrentThread();
              AtomicBoolean handedOver = new AtomicBoolean();
              Task.start(
                  () -> {
                    Fiber.spawnIn(
                        home, new Fiber(new Computation<>()), self -> Fibers.sneak(thrown));
                    handedOver.set(true);
                    return true;
                  });
              Patience.spinUntil(this, "another thread to hand a fiber over", handedOver::get);
            });

    assertSame(thrown, cause);
  }
}
