package dev.picos.tck;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.picos.core.Computation;
import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import dev.picos.core.Trigger;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Each signal resumes its fiber once, whoever sends it and whenever it comes. */
interface WakeRules extends Rules {
  @Test
  @DisplayName("WAKE-01: a plain thread wakes the only fiber of an idle scheduler")
  default void wake01_fromPlatformThread() {
    Trigger trigger = new Trigger();
    Patience.onceAwaited(this, trigger, trigger::signal);

    scheduler().run(() -> awaitSignal(trigger));
  }

  private static void awaitSignal(Trigger trigger) {
    assertNull(trigger.await());
    assertTrue(trigger.isSignaled(), "went on although nothing was signaled");
  }

  @Test
  @DisplayName("WAKE-02: a virtual thread of the JDK wakes the only fiber of an idle scheduler")
  default void wake02_fromVirtualThread() {
    Trigger trigger = new Trigger();
    Task.startVirtual(
        () -> {
          Patience.until(this, "a fiber to await", () -> Patience.isAwaited(trigger));
          trigger.signal();
          return true;
        });

    scheduler().run(() -> awaitSignal(trigger));
  }

  @Test
  @DisplayName("WAKE-03: a signal is not lost that races with the suspension")
  default void wake03_earlySignal() {
    AtomicReference<Early> next = new AtomicReference<>(new Early(new Trigger(), true));

    Patience.meanwhile(this, () -> next.get().send(), () -> scheduler().run(() -> awaitEach(next)));
  }

  /**
   * A signal that is sent at once, or when the fiber has said that it awaits and has not suspended
   * yet.
   */
  record Early(Trigger trigger, boolean atOnce) {
    private void send() {
      if (atOnce || Patience.isAwaited(trigger)) {
        trigger.signal();
      }
    }
  }

  private void awaitEach(AtomicReference<Early> next) {
    for (int i = rounds(100_000); i > 0; i--) {
      Trigger trigger = new Trigger();
      next.set(new Early(trigger, i % 2 == 0));
      awaitSignal(trigger);
    }
  }

  @Test
  @DisplayName("WAKE-04: no wake-up is lost between two fibers")
  default void wake04_betweenFibers() {
    int turns = rounds(2_000_000);
    Game game = new Game(turns);

    scheduler()
        .run(
            () -> {
              Computation<Boolean> other = Fibers.start(game::second);
              assertTrue(game.first());
              assertTrue(other.await());
            });
  }

  @Test
  @DisplayName("WAKE-05: no wake-up is lost between a fiber and a plain thread that parks")
  default void wake05_withPlainThread() throws Exception {
    Game game = new Game(rounds(100_000));

    Task<Boolean> other = Task.start(game::second);
    scheduler().run(() -> assertTrue(game.first()));

    assertTrue(other.result());
  }

  @Test
  @DisplayName("WAKE-06: no wake-up is lost between two schedulers in two threads")
  default void wake06_acrossSchedulers() throws Exception {
    Game game = new Game(rounds(100_000));
    Scheduler theirs = scheduler();

    Task<Boolean> other = Task.start(() -> theirs.call(game::second));
    scheduler().run(() -> assertTrue(game.first()));

    assertTrue(other.result());
  }

  @Test
  @DisplayName("WAKE-07: no wake-up is lost between this scheduler and the thread scheduler")
  default void wake07_withThreadScheduler() throws Exception {
    Game game = new Game(rounds(100_000));

    Task<Boolean> other = Task.start(() -> ThreadScheduler.create().call(game::second));
    scheduler().run(() -> assertTrue(game.first()));

    assertTrue(other.result());
  }

  @Test
  @DisplayName("WAKE-08: however often a trigger is signaled, its fiber is resumed once")
  default void wake08_resumedOnce() {
    for (int i = 0; i < 10; i++) {
      Trigger first = new Trigger();
      Trigger second = new Trigger();
      Trigger go = new Trigger();
      Patience.onceAwaited(
          this,
          first,
          () -> {
            first.signal();
            first.signal();
            go.signal();
          });

      scheduler()
          .run(
              () -> {
                Computation<Boolean> waiter =
                    Fibers.start(
                        () ->
                            first.await() == null && second.await() == null && second.isSignaled());
                assertNull(go.await());
                second.signal();
                assertTrue(waiter.await(), "went on before the second trigger was signaled");
              });
    }
  }

  @Test
  @DisplayName("WAKE-09: who unparks the thread of a fiber that awaits wakes it for nothing")
  default void wake09_strayUnparks() {
    Trigger trigger = new Trigger();
    AtomicReference<Thread> thread = new AtomicReference<>();
    AtomicBoolean signaled = new AtomicBoolean();
    Patience.onceAwaited(
        this,
        trigger,
        () -> {
          for (int i = 0; i < 100; i++) {
            LockSupport.unpark(thread.get());
            LockSupport.parkNanos(1_000); // or many of them would wake it once
          }
          signaled.set(true);
          trigger.signal();
        });

    scheduler()
        .run(
            () -> {
              thread.set(Thread.currentThread());
              LockSupport.unpark(Thread.currentThread());
              assertNull(trigger.await());
              assertTrue(signaled.get(), "went on before the signal");
            });
  }

  @Test
  @DisplayName("WAKE-10: an action that throws comes out of the signal, and others are signaled")
  default void wake10_throwingAction() {
    RuntimeException thrown = new RuntimeException("from an action");
    Computation<Integer> promise =
        Computation.withAction(
            Computation.Mode.FIFO,
            this,
            this,
            (trigger, x, y) -> {
              throw thrown;
            });
    Trigger waiting = new Trigger();
    assertTrue(promise.tryAttach(waiting));

    scheduler()
        .run(
            () -> {
              Computation<Throwable> fromSignal =
                  Fibers.start(() -> assertThrows(Throwable.class, () -> promise.tryReturn(42)));
              assertNull(waiting.await());
              assertFalse(promise.isRunning());
              assertSame(thrown, fromSignal.await());
            });
  }

  @Test
  @DisplayName(
      "WAKE-12: a signal returns although the fibers of the scheduler do nothing but compute")
  default void wake12_signalReturns() {
    Trigger trigger = new Trigger();
    Computation<Boolean> go = new Computation<>();
    AtomicBoolean computing = new AtomicBoolean();
    AtomicBoolean returned = new AtomicBoolean();
    Patience.onceAwaited(
        this,
        trigger,
        () -> {
          go.tryReturn(true);
          Patience.spinUntil(this, "a fiber to compute", computing::get);
          trigger.signal();
          returned.set(true);
        });

    scheduler()
        .run(
            () -> {
              Computation<?> waiter = Fibers.spawn(() -> assertNull(trigger.await()));
              go.join();
              computing.set(true);
              Patience.spinUntil(this, "the signal to return", returned::get);
              waiter.await();
            });
  }

  @Test
  @DisplayName("WAKE-13: fibers that wake each other do not keep others from running")
  default void wake13_pairs() {
    Busy busy = new Busy(this);

    scheduler()
        .run(
            () -> {
              busy.startPair();
              busy.stop();
            });
  }
}
