package dev.picos.tck;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What a fiber that forbids cancelation does not notice of it. */
interface ForbidRules extends Rules {
  @Test
  @DisplayName("FORBID-01: cancelation does not end an await of a fiber that forbids it")
  default void forbid01_awaitGoesOn() {
    Computation<Object> scope = new Computation<>();
    Trigger trigger = new Trigger();
    boolean[] signaled = {false};
    Patience.onceAwaited(
        this,
        trigger,
        () -> {
          scope.tryCancel(new RuntimeException("canceled"));
          signaled[0] = true;
          trigger.signal();
        });

    Fibers.run(
        scheduler(),
        new Fiber(scope, true),
        self -> {
          assertNull(trigger.await(), "was told of a cancelation that it forbids");
          assertSame(true, signaled[0], "went on before the signal");
        });
  }

  @Test
  @DisplayName("FORBID-02: no operation of a fiber that forbids cancelation throws it")
  default void forbid02_nothingThrows() {
    Fibers.run(
        scheduler(),
        new Fiber(Fibers.canceled(new RuntimeException("canceled")), true),
        self -> {
          Fiber.current().check();
          Fiber.yield();
          Fiber.sleep(Duration.ZERO);
          Fibers.start(() -> 42).await();
          new Computation<>().cancelAfter(Duration.ZERO, new RuntimeException());
        });
  }

  @Test
  @DisplayName("FORBID-03: cancelation reaches the fiber as soon as it permits it, and only then")
  default void forbid03_nests() {
    RuntimeException reason = new RuntimeException("canceled");

    Fibers.run(
        scheduler(),
        new Fiber(Fibers.canceled(reason)),
        self -> {
          self.runForbiddingCancelation(
              () -> {
                Fiber.yield();
                self.runPermittingCancelation(
                    () -> assertSame(reason, assertThrows(Throwable.class, Fiber::yield)));
                Fiber.yield();
              });
          assertSame(reason, assertThrows(Throwable.class, Fiber::yield));
          assertSame(reason, new Trigger().await());
        });
  }

  @Test
  @DisplayName("FORBID-04: what counts is the flag that a fiber has, not the one it started with")
  default void forbid04_presentFlag() {
    RuntimeException reason = new RuntimeException("canceled");

    for (boolean forbade : List.of(true, false)) {
      Computation<Object> scope = new Computation<>();
      Fibers.run(
          scheduler(),
          new Fiber(scope, forbade),
          self -> {
            scope.tryCancel(reason);
            self.setForbidCancelation(false);
            Fibers.OPERATIONS.forEach(
                (name, operation) ->
                    assertSame(reason, assertThrows(Throwable.class, operation::run, name), name));
            self.setForbidCancelation(true);
            Fibers.OPERATIONS.forEach(
                (name, operation) -> assertDoesNotThrow(operation::run, name));
          });
    }
  }
}
