package dev.picos.tck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What a yield does for others, and what it tells about cancelation. */
interface YieldRules extends Rules {
  @Test
  @DisplayName("YIELD-01: fibers that do nothing but yield let each other run")
  default void yield01_letsOthersRun() {
    AtomicInteger turn = new AtomicInteger();

    scheduler()
        .run(
            () -> {
              Computation<Boolean> other = Fibers.start(() -> alternate(turn, 1));
              assertTrue(alternate(turn, 0));
              assertTrue(other.await());
            });

    assertEquals(20, turn.get());
  }

  private boolean alternate(AtomicInteger turn, int mine) {
    for (int i = mine; i < 20; i += 2) {
      int next = i;
      Patience.yieldUntil(this, "the turn of fiber " + mine, () -> turn.get() == next);
      turn.set(next + 1);
    }
    return true;
  }

  @Test
  @DisplayName("YIELD-02: in a canceled fiber yield throws the very reason")
  default void yield02_canceled() {
    RuntimeException reason = new RuntimeException("canceled");

    Fibers.run(
        scheduler(),
        new Fiber(Fibers.canceled(reason)),
        self -> assertSame(reason, assertThrows(Throwable.class, Fiber::yield)));
  }

  @Test
  @DisplayName("YIELD-03: a fiber that is canceled while it yields throws before it continues")
  default void yield03_canceledMeanwhile() {
    RuntimeException reason = new RuntimeException("canceled");
    boolean told = false;

    for (int i = 0; i < 100 && !told; i++) {
      Computation<Object> scope = new Computation<>();
      AtomicBoolean continued = new AtomicBoolean();
      scheduler()
          .run(
              () -> {
                Trigger yields = new Trigger();
                Fibers.start(() -> yields.await() == null && scope.tryCancel(reason));
                Computation<Throwable> victim =
                    Fibers.startUnder(
                        scope,
                        () -> {
                          yields.signal();
                          return yieldUntilCanceled(scope, continued);
                        });
                assertSame(reason, victim.await());
              });
      told = !continued.get(); // in parallel the cancelation may come after the yield, not always
    }

    assertTrue(told, "never told of a cancelation that came before it continued");
  }

  private Throwable yieldUntilCanceled(Computation<?> scope, AtomicBoolean continued) {
    return assertThrows(
        Throwable.class,
        () -> {
          Patience.yieldUntil(this, "the cancelation", scope::isCanceled);
          continued.set(true);
          Fiber.yield();
        });
  }

  @Test
  @DisplayName("YIELD-04: a fiber that another thread wakes runs while others do nothing but yield")
  default void yield04_foreignWakeups() {
    wakeAmongBusy(this, 1);
  }

  /** Another thread wakes a fiber while {@code busy} others do nothing but yield. */
  static void wakeAmongBusy(Rules rules, int busy) {
    Trigger trigger = new Trigger();
    Patience.onceAwaited(rules, trigger, trigger::signal);

    rules
        .scheduler()
        .run(
            () -> {
              Computation<Throwable> waiter = Fibers.start(trigger::await);
              for (int i = 1; i < busy; i++) {
                Fibers.start(() -> yieldUntilEnded(rules, waiter));
              }
              assertTrue(yieldUntilEnded(rules, waiter));
              assertNull(waiter.await());
            });
  }

  private static boolean yieldUntilEnded(Rules rules, Computation<?> waiter) {
    Patience.yieldUntil(rules, "the fiber to wake up", () -> !waiter.isRunning());
    return true;
  }

  @Test
  @DisplayName("YIELD-05: of 1,000 fibers that do nothing but yield all have their turns")
  default void yield05_many() {
    int fibers = rounds(1_000);
    AtomicInteger served = new AtomicInteger();
    List<Computation<Boolean>> all = new ArrayList<>();

    scheduler()
        .run(
            () -> {
              for (int i = 0; i < fibers; i++) {
                all.add(
                    Fibers.spawn(
                        () -> {
                          for (int turn = 0; turn < 3; turn++) {
                            Fiber.yield();
                          }
                          served.incrementAndGet();
                          Patience.yieldUntil(
                              this, "the turns of all fibers", () -> served.get() == fibers);
                        }));
              }
              all.forEach(Computation::await);
            });
  }

  @Test
  @DisplayName("YIELD-06: an unpark of a fiber that yields does not upset what the fiber does next")
  default void yield06_strayUnparks() {
    unparkAlways(
        this,
        () -> {
          for (int i = rounds(1_000); i > 0; i--) {
            Fibers.start(() -> 42);
            Fiber.yield();
            Trigger trigger = new Trigger();
            Fibers.spawn(trigger::signal);
            assertNull(trigger.await());
            assertTrue(trigger.isSignaled(), "went on before the signal");
          }
        });
  }

  /** Runs {@code main}, while another thread unparks its thread again and again. */
  static void unparkAlways(Rules rules, Block<RuntimeException> main) {
    AtomicReference<Thread> thread = new AtomicReference<>();
    Patience.meanwhile(
        rules,
        () -> LockSupport.unpark(thread.get()),
        () ->
            rules
                .scheduler()
                .run(
                    () -> {
                      thread.set(Thread.currentThread());
                      main.run();
                    }));
  }
}
