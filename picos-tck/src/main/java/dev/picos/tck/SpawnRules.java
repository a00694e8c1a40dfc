package dev.picos.tck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What spawning promises to parent and child. */
interface SpawnRules extends Rules {
  @Test
  @DisplayName("SPAWN-01: main is called once, with the fiber that was spawned")
  default void spawn01_runsOnce() {
    Set<Fiber> spawned = ConcurrentHashMap.newKeySet();
    AtomicInteger calls = new AtomicInteger();

    scheduler()
        .run(
            () -> {
              for (int i = 0; i < 100; i++) {
                Fiber fiber = new Fiber(new Computation<>(), false);
                Fiber.spawn(
                    fiber,
                    self -> {
                      calls.incrementAndGet();
                      if (self == fiber) {
                        spawned.add(self);
                      }
                    });
              }
            });

    assertEquals(100, calls.get());
    assertEquals(100, spawned.size());
  }

  @Test
  @DisplayName("SPAWN-02: spawn in a canceled fiber throws the very reason, and nothing is started")
  default void spawn02_allOrNothing() {
    RuntimeException reason = new RuntimeException("canceled");
    AtomicBoolean ran = new AtomicBoolean();
    Throwable thrown =
        scheduler()
            .call(
                () ->
                    Fibers.startUnder(
                            Fibers.canceled(reason),
                            () ->
                                assertThrows(
                                    Throwable.class,
                                    () ->
                                        Fiber.spawn(
                                            new Fiber(new Computation<>(), false),
                                            child -> ran.set(true))))
                        .await());

    assertSame(reason, thrown);
    assertTrue(!ran.get(), "spawn threw, but the child ran");
  }

  @Test
  @DisplayName("SPAWN-03: a fiber that forbids cancelation spawns although it is canceled")
  default void spawn03_forbidding() {
    AtomicBoolean ran = new AtomicBoolean();
    Fiber forbidding = new Fiber(Fibers.canceled(new RuntimeException("canceled")), true);

    Fibers.run(
        scheduler(),
        forbidding,
        self -> Fiber.spawn(new Fiber(new Computation<>(), false), child -> ran.set(true)));

    assertTrue(ran.get());
  }

  @Test
  @DisplayName("SPAWN-04: the main of a child that is canceled before it starts is called")
  default void spawn04_canceledChild() {
    AtomicInteger ran = new AtomicInteger();
    RuntimeException reason = new RuntimeException("canceled");

    scheduler()
        .run(
            () -> {
              Computation<Object> later = new Computation<>();
              Fiber.spawn(
                  new Fiber(Fibers.canceled(reason), false), child -> ran.incrementAndGet());
              Fiber.spawn(new Fiber(later, false), child -> ran.incrementAndGet());
              later.tryCancel(reason);
            });

    assertEquals(2, ran.get());
  }

  @Test
  @DisplayName("SPAWN-05: spawn returns exactly if the child runs, whenever the parent is canceled")
  default void spawn05_race() {
    RuntimeException reason = new RuntimeException("canceled");
    Scheduler scheduler = scheduler();
    AtomicInteger ran = new AtomicInteger();
    AtomicInteger returned = new AtomicInteger();
    AtomicReference<Computation<Object>> victim = new AtomicReference<>(new Computation<>());

    Patience.meanwhile(
        this,
        () -> victim.get().tryCancel(reason),
        () -> {
          for (int i = rounds(1_000); i > 0; i--) {
            Computation<Object> scope = new Computation<>();
            Fibers.run(
                scheduler,
                new Fiber(scope, false),
                parent -> {
                  victim.set(scope);
                  for (int j = 0; j < 100 && !scope.isCanceled(); j++) {
                    trySpawn(ran, returned, reason);
                  }
                });
          }
        });

    assertEquals(returned.get(), ran.get());
  }

  private static void trySpawn(AtomicInteger ran, AtomicInteger returned, Throwable reason) {
    try {
      Fiber.spawn(new Fiber(new Computation<>(), false), child -> ran.incrementAndGet());
      returned.incrementAndGet();
    } catch (RuntimeException thrown) {
      assertSame(reason, thrown);
    }
  }

  @Test
  @DisplayName("SPAWN-06: a child inherits neither cancelation nor the flag that forbids it")
  default void spawn06_nothingInherited() {
    Computation<Object> scope = new Computation<>();
    Computation<Boolean> result = new Computation<>();
    Fiber parent = new Fiber(scope, true);

    Fibers.run(
        scheduler(),
        parent,
        self -> {
          Computation<Object> own = new Computation<>();
          Fiber.spawn(
              new Fiber(own, false),
              child ->
                  result.tryReturn(
                      !child.hasForbidden() && !child.isCanceled() && child.computation() == own));
          scope.tryCancel(new RuntimeException("canceled"));
        });

    assertTrue(result.await());
  }
}
