package dev.picos.tck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Which fiber an operation takes for its caller. */
interface CurrentRules extends Rules {
  @Test
  @DisplayName("CURRENT-01: current is always the same in a fiber, whatever it does in between")
  default void current01_stays() {
    scheduler()
        .run(
            () -> {
              List<Computation<Boolean>> results = new ArrayList<>();
              for (int i = 0; i < 10; i++) {
                Fiber fiber = new Fiber(new Computation<>());
                Computation<Boolean> same = new Computation<>();
                Fiber.spawn(fiber, self -> same.tryCapture(() -> stays(fiber)));
                results.add(same);
              }
              results.forEach(result -> assertEquals(true, result.await()));
            });
  }

  private static boolean stays(Fiber self) {
    boolean same = Fiber.current() == self;
    for (int i = 0; i < 10; i++) {
      Fiber.yield();
      same &= Fiber.current() == self;
      same &= Fibers.start(Fiber::current).await() != self;
      same &= Fiber.current() == self;
    }
    return same;
  }

  @Test
  @DisplayName("CURRENT-02: current differs between fibers")
  default void current02_differs() {
    Set<Fiber> fibers = new HashSet<>();

    scheduler()
        .run(
            () -> {
              fibers.add(Fiber.current());
              List<Computation<Fiber>> children = new ArrayList<>();
              for (int i = 0; i < 99; i++) {
                children.add(Fibers.start(Fiber::current));
              }
              children.forEach(child -> fibers.add(child.await()));
            });

    assertEquals(100, fibers.size());
  }

  @Test
  @DisplayName("CURRENT-03: current never throws, canceled or not, forbidding or not")
  default void current03_neverThrows() {
    Fiber canceled = new Fiber(Fibers.canceled(new RuntimeException("canceled")));

    Fibers.run(
        scheduler(),
        canceled,
        self -> {
          assertSame(self, Fiber.current());
          self.runForbiddingCancelation(() -> assertSame(self, Fiber.current()));
          assertSame(self, Fiber.current());
        });
  }

  @Test
  @DisplayName("CURRENT-04: a thread that a fiber starts is not that fiber")
  default void current04_childThread() {
    scheduler()
        .run(
            () -> {
              Computation<Fiber> platform = new Computation<>();
              Computation<Fiber> virtual = new Computation<>();
              Thread.ofPlatform().start(() -> platform.tryReturn(Fiber.current()));
              Thread.ofVirtual().start(() -> virtual.tryReturn(Fiber.current()));
              assertNotSame(Fiber.current(), platform.await());
              assertNotSame(Fiber.current(), virtual.await());
            });
  }
}
