package dev.picos.tck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import java.io.IOException;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Runs that are started in fibers. */
interface NestRules extends Rules {
  @Test
  @DisplayName("NEST-01: a run in a fiber of the same scheduler returns, and the fiber is itself")
  default void nest01_same() {
    Scheduler scheduler = scheduler();

    assertEquals(42, nest(scheduler, scheduler));
  }

  @Test
  @DisplayName("NEST-02: a run in a fiber of the thread scheduler returns, and the fiber is itself")
  default void nest02_inThreadScheduler() {
    assertEquals(42, nest(ThreadScheduler.create(), scheduler()));
  }

  @Test
  @DisplayName("NEST-03: a fiber may run the thread scheduler, and is itself afterwards")
  default void nest03_ofThreadScheduler() {
    assertEquals(42, nest(scheduler(), ThreadScheduler.create()));
  }

  private static int nest(Scheduler outer, Scheduler inner) {
    return outer.<Integer, RuntimeException>call(
        () -> {
          Fiber self = Fiber.current();
          int result =
              inner.<Integer, RuntimeException>call(
                  () -> {
                    assertNotSame(self, Fiber.current());
                    return Fibers.start(() -> 42).await();
                  });
          assertSame(self, Fiber.current());
          return Fibers.start(() -> result).await();
        });
  }

  @Test
  @DisplayName("NEST-04: a fiber that waits for a run of its own lets other fibers run")
  default void nest04_othersGoOn() {
    Scheduler scheduler = scheduler();
    Computation<Integer> fromOuter = new Computation<>();

    int value =
        scheduler.<Integer, RuntimeException>call(
            () -> {
              Computation<Integer> inner = Fibers.start(() -> scheduler.call(fromOuter::await));
              Fibers.start(() -> fromOuter.tryReturn(42));
              return inner.await();
            });

    assertEquals(42, value);
  }

  @Test
  @DisplayName("NEST-05: cancelation of the fiber that waits for a run neither ends nor enters it")
  default void nest05_cancelation() {
    Scheduler scheduler = scheduler();
    Computation<Object> begun = new Computation<>();
    Computation<Integer> release = new Computation<>();

    int value =
        scheduler.<Integer, RuntimeException>call(
            () -> {
              Computation<Object> scope = new Computation<>();
              Computation<Integer> inner =
                  Fibers.startUnder(
                      scope,
                      () ->
                          scheduler.call(
                              () -> {
                                begun.tryReturn(true);
                                return release.await();
                              }));
              begun.join();
              scope.tryCancel(new RuntimeException("canceled"));
              release.tryReturn(42);
              return inner.await();
            });

    assertEquals(42, value);
  }

  @Test
  @DisplayName("NEST-06: what the main of a nested run throws comes out in the fiber")
  default void nest06_throws() {
    Scheduler scheduler = scheduler();
    IOException thrown = new IOException();

    scheduler.run(
        () -> {
          Fiber self = Fiber.current();
          assertSame(
              thrown,
              assertThrows(Throwable.class, () -> scheduler.run(() -> Fibers.sneak(thrown))));
          assertSame(self, Fiber.current());
        });
  }

  @Test
  @DisplayName("NEST-07: a canceled fiber of the same scheduler starts a run like any other fiber")
  default void nest07_canceledCaller() {
    Scheduler scheduler = scheduler();

    Fibers.run(
        scheduler,
        new Fiber(new Computation<>()),
        self -> {
          self.setComputation(Fibers.canceled(new RuntimeException("canceled")));
          int value =
              scheduler.<Integer, RuntimeException>call(() -> Fibers.start(() -> 42).await());
          assertEquals(42, value);
        });
  }

  @Test
  @DisplayName("NEST-08: runs may be nested 100 deep")
  default void nest08_deep() {
    assertEquals(42, nestDeep(scheduler(), rounds(100)));
  }

  private static int nestDeep(Scheduler scheduler, int depth) {
    return depth == 0
        ? 42
        : scheduler.<Integer, RuntimeException>call(() -> nestDeep(scheduler, depth - 1));
  }
}
