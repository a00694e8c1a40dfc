package dev.picos.tck;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Transaction;
import dev.picos.core.Trigger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Cancelation finds every fiber that waits. */
interface CancelRules extends Rules {
  @Test
  @DisplayName("CANCEL-01: a computation that many fibers share cancels all of them")
  default void cancel01_shared() {
    RuntimeException reason = new RuntimeException("canceled");

    scheduler()
        .run(
            () -> {
              Computation<Object> scope = new Computation<>();
              List<Computation<@Nullable Throwable>> waiters = new ArrayList<>();
              for (int i = 0; i < 100; i++) {
                waiters.add(Fibers.startUnder(scope, () -> new Trigger().await()));
              }
              Fibers.start(() -> scope.tryCancel(reason));
              waiters.forEach(waiter -> assertSame(reason, waiter.await()));
            });
  }

  @Test
  @DisplayName("CANCEL-02: cancelation passes through 100,000 nested computations on a usual stack")
  default void cancel02_deep() {
    RuntimeException reason = new RuntimeException("canceled");
    Computation<Object> outermost = new Computation<>();
    Computation<?> innermost = outermost;
    for (int i = rounds(100_000); i > 0; i--) {
      Computation<Object> nested = new Computation<>();
      Computation.attachCanceler(innermost, nested);
      innermost = nested;
    }
    Fiber victim = new Fiber(innermost);

    scheduler()
        .run(
            () -> {
              Computation<@Nullable Throwable> result = new Computation<>();
              Fiber.spawn(victim, self -> result.tryCapture(() -> new Trigger().await()));
              Fibers.start(() -> outermost.tryCancel(reason));
              assertSame(reason, result.await());
            });
  }

  @Test
  @DisplayName("CANCEL-03: a fiber that is signaled and canceled at the same time is resumed once")
  default void cancel03_raceWithSignal() {
    RuntimeException reason = new RuntimeException("canceled");
    AtomicReference<Race> race = new AtomicReference<>(new Race());

    Patience.meanwhile(
        this,
        () -> race.get().trigger.signal(),
        () ->
            Patience.meanwhile(
                this,
                () -> race.get().scope.tryCancel(reason),
                () -> scheduler().run(() -> awaitEach(race, reason))));
  }

  /** What a fiber waits for: to be signaled or to be canceled. */
  final class Race {
    private final Trigger trigger = new Trigger();
    private final Computation<Object> scope = new Computation<>();
  }

  private void awaitEach(AtomicReference<Race> race, Throwable reason) {
    Fiber self = Fiber.current();
    Computation<?> outer = self.computation();
    for (int i = rounds(100_000); i > 0; i--) {
      Race next = new Race();
      self.setComputation(next.scope);
      race.set(next);
      Throwable result = next.trigger.await();
      assertTrue(result == null || result == reason);
      assertTrue(next.trigger.isSignaled(), "went on although nothing was signaled");
    }
    self.setComputation(outer);
  }

  @Test
  @DisplayName("CANCEL-04: a fiber that suspends while a transaction cancels it is resumed")
  default void cancel04_transaction() {
    RuntimeException reason = new RuntimeException("canceled");

    scheduler()
        .run(
            () -> {
              for (int i = rounds(100); i > 0; i--) {
                Computation<Object> scope = new Computation<>();
                Computation<@Nullable Throwable> waiter =
                    Fibers.startUnder(scope, () -> new Trigger().await());
                Fibers.spawn(
                    () -> {
                      while (scope.isRunning()) {
                        Transaction transaction = new Transaction();
                        if (transaction.tryCancel(scope, reason)) {
                          transaction.tryCommit();
                        }
                      }
                    });
                assertSame(reason, waiter.await());
              }
            });
  }

  @Test
  @DisplayName("CANCEL-05: canceled and signaled before it continues, a fiber is resumed once")
  default void cancel05_canceledAndSignaled() {
    RuntimeException reason = new RuntimeException("canceled");

    for (int i = 0; i < 6; i++) {
      Computation<Object> scope = new Computation<>();
      Trigger first = new Trigger();
      Trigger second = new Trigger();
      List<Runnable> both = new ArrayList<>(List.of(first::signal, () -> scope.tryCancel(reason)));
      if (i % 2 == 0) {
        Collections.reverse(both);
      }
      scheduler()
          .run(
              () -> {
                Computation<Boolean> waited = new Computation<>();
                Fiber.spawn(
                    new Fiber(scope),
                    self -> waited.tryCapture(() -> awaitBoth(self, first, second)));
                Patience.joinOnceAwaited(this, first);
                both.forEach(Runnable::run); // in parallel the fiber may be faster, but not always
                Patience.joinOnceAwaited(this, second);
                second.signal();
                assertTrue(waited.await(), "went on before the second trigger was signaled");
              });
    }
  }

  private static boolean awaitBoth(Fiber self, Trigger first, Trigger second) {
    Throwable unused = first.await();
    self.setComputation(new Computation<>()); // which is not canceled
    return second.await() == null && second.isSignaled();
  }

  @Test
  @DisplayName(
      "CANCEL-06: what counts is the computation that a fiber has, not the one it started with")
  default void cancel06_presentComputation() {
    RuntimeException reason = new RuntimeException("canceled");
    Computation<Object> started = new Computation<>();

    Fibers.run(
        scheduler(),
        new Fiber(started),
        self -> {
          self.setComputation(Fibers.canceled(reason));
          Fibers.OPERATIONS.forEach(
              (name, operation) ->
                  assertSame(reason, assertThrows(Throwable.class, operation::run, name), name));
          self.setComputation(new Computation<>());
          started.tryCancel(reason);
          Fibers.OPERATIONS.forEach((name, operation) -> assertDoesNotThrow(operation::run, name));
          assertEquals(42, Fibers.start(() -> 42).await());
        });
  }
}
