package dev.picos.tck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.FiberLocal;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What belongs to a fiber stays with it. */
interface LocalRules extends Rules {
  @Test
  @DisplayName("LOCAL-01: each fiber has its own values of a fiber local, and keeps them")
  default void local01_fiberLocals() {
    FiberLocal<Integer> local = new FiberLocal<>();

    scheduler()
        .run(
            () -> {
              local.set(Fiber.current(), -1);
              List<Computation<Integer>> values = new ArrayList<>();
              for (int i = 0; i < 100; i++) {
                int own = i;
                values.add(
                    Fibers.start(
                        () -> {
                          assertEquals(-2, local.getOrDefault(Fiber.current(), -2), "inherited");
                          local.set(Fiber.current(), own);
                          Fiber.yield();
                          return local.get(Fiber.current());
                        }));
              }
              for (int i = 0; i < 100; i++) {
                assertEquals(i, values.get(i).await());
              }
              assertEquals(-1, local.get(Fiber.current()));
            });
  }

  @Test
  @DisplayName("LOCAL-02: a fiber finds the fiber locals that its creator has set")
  default void local02_setByCreator() {
    FiberLocal<Integer> local = new FiberLocal<>();

    scheduler()
        .run(
            () -> {
              Computation<Integer> value = new Computation<>();
              Fiber fiber = new Fiber(new Computation<>());
              local.set(fiber, 42);
              Fiber.spawn(fiber, self -> value.tryCapture(() -> local.get(Fiber.current())));
              assertEquals(42, value.await());
            });
  }

  @Test
  @DisplayName("LOCAL-03: each fiber has its own values of a thread local, and keeps them")
  default void local03_threadLocals() {
    ThreadLocal<@Nullable Integer> local = new ThreadLocal<>();

    scheduler()
        .run(
            () -> {
              List<Computation<Boolean>> kept = new ArrayList<>();
              for (int i = 0; i < 100; i++) {
                Integer own = i;
                kept.add(
                    Fibers.start(
                        () -> {
                          local.set(own);
                          Fiber.yield();
                          Fibers.start(() -> 42).await();
                          return own.equals(local.get());
                        }));
              }
              kept.forEach(each -> assertTrue(each.await(), "a thread local changed"));
              assertNull(local.get());
            });
  }

  @Test
  @DisplayName("LOCAL-04: a fiber sees no thread locals that an earlier one has left behind")
  default void local04_threadLocalsLeft() {
    ThreadLocal<@Nullable Integer> local = new ThreadLocal<>();

    scheduler()
        .run(
            () -> {
              for (int i = 0; i < 100; i++) {
                Fibers.spawn(
                        () -> {
                          local.set(42);
                        })
                    .await();
                assertNull(Fibers.<@Nullable Integer>start(local::get).await());
              }
            });
  }

  @Test
  @DisplayName("LOCAL-05: a fiber finds nothing else that an earlier one has set in its thread")
  default void local05_threadSettings() {
    String name = "left behind";
    ClassLoader loader = new ClassLoader() {};
    Thread.UncaughtExceptionHandler handler = (thread, thrown) -> {};

    scheduler()
        .run(
            () -> {
              for (int i = 0; i < 100; i++) {
                Fibers.spawn(
                        () -> {
                          Thread thread = Thread.currentThread();
                          thread.setName(name);
                          thread.setContextClassLoader(loader);
                          thread.setUncaughtExceptionHandler(handler);
                        })
                    .await();
                Fibers.spawn(
                        () -> {
                          Thread thread = Thread.currentThread();
                          assertNotEquals(name, thread.getName());
                          assertNotSame(loader, thread.getContextClassLoader());
                          assertNotSame(handler, thread.getUncaughtExceptionHandler());
                        })
                    .await();
              }
            });
  }
}
