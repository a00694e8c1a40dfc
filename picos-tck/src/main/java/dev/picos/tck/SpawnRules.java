package dev.picos.tck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Handler;
import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
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
                Fiber fiber = new Fiber(new Computation<>());
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
                                            new Fiber(new Computation<>()),
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
        self -> Fiber.spawn(new Fiber(new Computation<>()), child -> ran.set(true)));

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
              Fiber.spawn(new Fiber(Fibers.canceled(reason)), child -> ran.incrementAndGet());
              Fiber.spawn(new Fiber(later), child -> ran.incrementAndGet());
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
                new Fiber(scope),
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
      Fiber.spawn(new Fiber(new Computation<>()), child -> ran.incrementAndGet());
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
              new Fiber(own),
              child ->
                  result.tryReturn(
                      !child.forbidsCancelation()
                          && !child.isCanceled()
                          && child.computation() == own));
          scope.tryCancel(new RuntimeException("canceled"));
        });

    assertTrue(result.await());
  }

  @Test
  @DisplayName("SPAWN-08: a fiber that is handed over from outside runs in the run that it is for")
  default void spawn08_fromOutside() {
    Scheduler scheduler = scheduler();
    Scheduler another = scheduler();
    List<Consumer<Callable<Boolean>>> outsides =
        List.of(
            Task::start,
            Task::startVirtual,
            body -> Task.start(() -> scheduler.<Boolean, Exception>call(body::call)),
            body -> Task.start(() -> another.<Boolean, Exception>call(body::call)),
            body ->
                Task.start(() -> ThreadScheduler.create().<Boolean, Exception>call(body::call)));

    for (Consumer<Callable<Boolean>> outside : outsides) {
      scheduler.run(
          () -> {
            Handler home = Handler.ofCurrentThread();
            Computation<Boolean> result = new Computation<>();
            outside.accept(() -> handOver(home, result));
            assertTrue(result.await());
          });
    }
  }

  /** Starts a fiber in the run of {@code home} that checks where it is. */
  private static boolean handOver(Handler home, Computation<Boolean> result) {
    Fiber fiber = new Fiber(new Computation<>());
    try {
      assertFalse(Handler.ofCurrentThread().isOfSameRun(home), "the caller is not outside");
      Fiber.spawnIn(home, fiber, self -> result.tryCapture(() -> isAtHome(home, fiber, self)));
    } catch (Throwable thrown) {
      result.tryCancel(thrown);
    }
    return true;
  }

  private static boolean isAtHome(Handler home, Fiber fiber, Fiber self) {
    assertSame(fiber, self);
    assertSame(fiber, Fiber.current());
    return Handler.ofCurrentThread().isOfSameRun(home)
        && home.isOfSameRun(Handler.ofCurrentThread());
  }

  @Test
  @DisplayName("SPAWN-09: a run waits for a fiber that was handed over to it from outside")
  default void spawn09_isWaitedFor() {
    AtomicInteger ran = new AtomicInteger();

    scheduler()
        .run(
            () -> {
              Computation<Boolean> handedOver = new Computation<>();
              Computation<Boolean> release = new Computation<>();
              Handler home = Handler.ofCurrentThread();
              Task.start(
                  () ->
                      handedOver.tryCapture(
                          () -> {
                            for (int i = 0; i < 10; i++) {
                              Fiber.spawnIn(
                                  home,
                                  new Fiber(new Computation<>()),
                                  child -> {
                                    release.join();
                                    ran.incrementAndGet();
                                  });
                            }
                            return true;
                          }));
              assertTrue(handedOver.await());
              release.tryReturn(true);
            });

    assertEquals(10, ran.get());
  }

  @Test
  @DisplayName(
      "SPAWN-10: a fiber is handed over even if the fiber of the given handler is canceled")
  default void spawn10_canceledHome() {
    AtomicBoolean ran = new AtomicBoolean();
    Computation<Object> scope = new Computation<>();

    Fibers.run(
        scheduler(),
        new Fiber(scope),
        self -> {
          Handler home = Handler.ofCurrentThread();
          Computation<Boolean> handedOver = new Computation<>();
          scope.tryCancel(new RuntimeException("canceled"));
          Task.start(
              () ->
                  handedOver.tryCapture(
                      () -> {
                        Fiber.spawnIn(home, new Fiber(new Computation<>()), child -> ran.set(true));
                        return true;
                      }));
          Patience.spinUntil(this, "the other thread", () -> !handedOver.isRunning());
          handedOver.check();
        });

    assertTrue(ran.get(), "the fiber that was handed over did not run");
  }

  @Test
  @DisplayName(
      "SPAWN-11: a chain of fibers, each spawning the next, does not keep others from running")
  default void spawn11_generations() {
    Busy busy = new Busy(this);

    scheduler()
        .run(
            () -> {
              busy.startGenerations();
              busy.stop();
            });
  }
}
