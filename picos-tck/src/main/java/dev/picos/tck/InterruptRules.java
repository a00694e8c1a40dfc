package dev.picos.tck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.core.Trigger;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Interrupts are not cancelation. */
interface InterruptRules extends Rules {
  @Test
  @DisplayName("INTERRUPT-01: no operation minds the interrupt status, and none loses it")
  default void interrupt01_kept() {
    Trigger trigger = new Trigger();
    AtomicReference<Thread> thread = new AtomicReference<>();
    Patience.onceAwaited(this, trigger, () -> signalOnceSuspended(thread.get(), trigger));

    scheduler()
        .run(
            () -> {
              thread.set(Thread.currentThread());
              Thread.currentThread().interrupt();
              assertNull(trigger.await());
              assertTrue(trigger.isSignaled(), "went on before the signal");
              Fiber.yield();
              Fibers.start(() -> 42);
              new Computation<>().cancelAfter(Duration.ZERO, new RuntimeException("timeout"));
              assertFalse(Fiber.current().isCanceled());
              assertTrue(Thread.interrupted(), "the interrupt status was lost");
            });
  }

  @Test
  @DisplayName("INTERRUPT-02: an interrupt does not end an await, and is seen afterwards")
  default void interrupt02_meanwhile() {
    Trigger trigger = new Trigger();
    AtomicReference<Thread> thread = new AtomicReference<>();
    Patience.onceAwaited(
        this,
        trigger,
        () -> {
          thread.get().interrupt();
          signalOnceSuspended(thread.get(), trigger);
        });

    scheduler()
        .run(
            () -> {
              thread.set(Thread.currentThread());
              assertNull(trigger.await());
              assertTrue(trigger.isSignaled(), "went on before the signal");
              assertTrue(Thread.interrupted(), "the interrupt was lost");
            });
  }

  private void signalOnceSuspended(Thread thread, Trigger trigger) {
    Patience.until(this, "the fiber to wait", () -> Patience.isSuspended(thread));
    trigger.signal();
  }

  @Test
  @DisplayName("INTERRUPT-03: the interrupt status that a fiber ends with is not seen by others")
  default void interrupt03_doesNotLeak() {
    scheduler()
        .run(
            () -> {
              for (int i = 0; i < 100; i++) {
                Fibers.spawn(
                        () -> {
                          Thread.currentThread().interrupt();
                        })
                    .await();
                assertFalse(Fibers.start(() -> Thread.currentThread().isInterrupted()).await());
              }
              assertFalse(Thread.currentThread().isInterrupted());
            });
  }

  @Test
  @DisplayName("INTERRUPT-04: an interrupt of the caller of run does not end the run, and is kept")
  default void interrupt04_caller() throws Exception {
    Scheduler scheduler = scheduler();
    Trigger trigger = new Trigger();
    Task<Boolean> caller =
        Task.start(
            () -> {
              Thread.currentThread().interrupt();
              int value = scheduler.call(() -> trigger.await() == null ? 42 : 0);
              return value == 42 && Thread.interrupted();
            });
    Patience.until(this, "main to await", () -> Patience.isAwaited(trigger));
    caller.thread().interrupt();

    trigger.signal();

    assertTrue(caller.result());
    assertEquals(42, scheduler.<Integer, RuntimeException>call(() -> 42));
  }
}
