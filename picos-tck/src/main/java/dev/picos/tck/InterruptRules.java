package dev.picos.tck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.core.Trigger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
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

  @Test
  @DisplayName("INTERRUPT-05: an interrupt of a suspended fiber cancels what the fiber has chosen")
  default void interrupt05_cancelsWhatWasChosen() {
    Trigger trigger = new Trigger();
    AtomicReference<Thread> thread = new AtomicReference<>();
    Patience.onceAwaited(
        this,
        trigger,
        () -> {
          Patience.until(this, "the fiber to wait", () -> Patience.isSuspended(thread.get()));
          thread.get().interrupt();
        });

    scheduler()
        .run(
            () -> {
              thread.set(Thread.currentThread());
              Fiber fiber = Fiber.current();
              Computation<?> computation = fiber.computation();
              Computation<Object> chosen = new Computation<>();
              fiber.setComputation(chosen);
              fiber.exchangeCanceledByInterrupt(chosen);
              Throwable reason = trigger.await();
              assertInstanceOf(InterruptedException.class, reason, "not canceled");
              assertFalse(Thread.interrupted(), "the interrupt was kept as well");
              fiber.exchangeCanceledByInterrupt(null);
              fiber.setComputation(computation);
            });
  }

  @Test
  @DisplayName("INTERRUPT-06: a yield that lets other fibers run keeps the interrupt status")
  default void interrupt06_yield() {
    scheduler()
        .run(
            () -> {
              Fibers.spawn(
                  () -> {
                    for (int i = 0; i < 100; i++) {
                      Fiber.yield();
                    }
                  });
              for (int i = 0; i < 10; i++) {
                Thread.currentThread().interrupt();
                Fiber.yield();
                assertTrue(Thread.interrupted(), "the interrupt status was lost");
              }
            });
  }

  @Test
  @DisplayName("INTERRUPT-07: what an interrupted fiber spawns runs, and the timeouts it sets pass")
  default void interrupt07_spawnsAndSetsTimeouts() {
    RuntimeException reason = new RuntimeException("timeout");
    Computation<Object> computation = new Computation<>();

    scheduler()
        .run(
            () -> {
              Thread.currentThread().interrupt();
              Computation<Integer> child = Fibers.start(() -> 42);
              computation.cancelAfter(Duration.ofMillis(1), reason);
              assertTrue(Thread.interrupted(), "the interrupt status was lost");
              assertEquals(42, child.await());
              computation.join();
            });

    assertTrue(computation.isCanceled());
  }

  @Test
  @DisplayName(
      "INTERRUPT-08: a signal of an interrupted thread or fiber wakes, and keeps the status")
  default void interrupt08_signals() {
    Trigger byThread = new Trigger();
    Trigger byFiber = new Trigger();
    AtomicBoolean keptByThread = new AtomicBoolean();
    Patience.onceAwaited(this, byThread, () -> keptByThread.set(keepsStatusWhen(byThread::signal)));

    scheduler()
        .run(
            () -> {
              assertNull(byThread.await());
              Computation<?> waiter = Fibers.spawn(() -> assertNull(byFiber.await()));
              Patience.joinOnceAwaited(this, byFiber);
              boolean kept = keepsStatusWhen(byFiber::signal);
              waiter.await();
              assertTrue(kept, "a fiber that signaled lost its interrupt status");
            });

    Patience.until(
        this, "the thread that signaled to find its interrupt status kept", keptByThread::get);
  }

  private static boolean keepsStatusWhen(Runnable signal) {
    Thread.currentThread().interrupt();
    signal.run();
    return Thread.interrupted();
  }

  @Test
  @DisplayName(
      "INTERRUPT-09: a fiber's interrupt status is seen neither by its children nor by those that run meanwhile")
  default void interrupt09_seenByNobody() {
    scheduler()
        .run(
            () -> {
              Thread.currentThread().interrupt();
              List<Computation<Boolean>> others = new ArrayList<>();
              for (int i = 0; i < 10; i++) {
                others.add(Fibers.start(InterruptRules::isEverInterrupted));
              }
              for (int i = 0; i < 10; i++) {
                Fiber.yield();
              }
              others.forEach(other -> assertFalse(other.await(), "another fiber was interrupted"));
              boolean unused = Thread.interrupted();
            });
  }

  private static boolean isEverInterrupted() {
    boolean interrupted = false;
    for (int i = 0; i < 10; i++) {
      interrupted |= Thread.currentThread().isInterrupted();
      Fiber.yield();
    }
    return interrupted;
  }

  @Test
  @DisplayName("INTERRUPT-10: an interrupt of a fiber that yields is seen afterwards")
  default void interrupt10_whileYielding() {
    scheduler()
        .run(
            () -> {
              Thread thread = Thread.currentThread();
              Fibers.spawn(thread::interrupt);
              Patience.yieldUntil(
                  this, "an interrupt that came while it yielded", thread::isInterrupted);
              boolean unused = Thread.interrupted();
            });
  }
}
