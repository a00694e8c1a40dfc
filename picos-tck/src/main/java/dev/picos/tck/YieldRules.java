package dev.picos.tck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What a yield does for others, and what it tells of cancelation. */
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
        new Fiber(Fibers.canceled(reason), false),
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
}
