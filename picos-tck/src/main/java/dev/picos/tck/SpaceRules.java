package dev.picos.tck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.picos.core.Computation;
import dev.picos.core.FatalFiberError;
import dev.picos.core.Fiber;
import dev.picos.core.FiberLocal;
import dev.picos.core.Scheduler;
import dev.picos.core.Trigger;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What has come to an end takes no room. */
interface SpaceRules extends Rules {
  @Test
  @DisplayName("SPACE-01: a fiber's computation does not keep the triggers that it has awaited")
  default void space01_triggers() {
    scheduler()
        .run(
            () -> {
              List<WeakReference<Trigger>> triggers = new ArrayList<>();
              for (int i = 0; i < 200; i++) {
                triggers.add(awaitOne());
              }
              Patience.untilCollected(this, triggers, 20);
            });
  }

  private static WeakReference<Trigger> awaitOne() {
    Trigger trigger = new Trigger();
    Fibers.spawn(
        () -> {
          trigger.signal();
        });
    assertNull(trigger.await());
    return new WeakReference<>(trigger);
  }

  @Test
  @DisplayName("SPACE-02: a run does not keep the fibers that have ended")
  default void space02_endedFibers() {
    scheduler()
        .run(
            () -> {
              List<WeakReference<Object>> bodies = new ArrayList<>();
              for (int i = 0; i < 200; i++) {
                bodies.add(runOne());
              }
              Patience.untilCollected(this, bodies, 20);
            });
  }

  private static WeakReference<Object> runOne() {
    Object held = new Object();
    Computation<Integer> result = Fibers.start(held::hashCode);
    result.join();
    return new WeakReference<>(held);
  }

  @Test
  @DisplayName("SPACE-03: the number of threads of a scheduler does not grow with its runs")
  default void space03_threads() {
    int runs = 1_500;
    Scheduler scheduler = scheduler();
    List<WeakReference<Thread>> ofFibers = new ArrayList<>();

    noteThread(scheduler, ofFibers); // what is made once, such as a pool, may stay
    int before = Threads.countPlatform();
    for (int i = 0; i < runs; i++) {
      noteThread(scheduler, ofFibers);
    }

    // The JVM may have started some threads meanwhile, and a scheduler may keep some to use again.
    int some = runs / 2;
    Patience.until(
        this,
        "the threads of " + runs + " runs to end",
        () -> Threads.countPlatform() <= before + some);
    Patience.untilCollected(this, ofFibers, some);
  }

  /** Notes the thread of a main, unless it was noted before. */
  private static void noteThread(Scheduler scheduler, List<WeakReference<Thread>> threads) {
    scheduler.run(
        () -> {
          Thread thread = Thread.currentThread();
          if (threads.stream().noneMatch(noted -> noted.refersTo(thread))) {
            threads.add(new WeakReference<>(thread));
          }
          assertEquals(42, Fibers.start(() -> 42).await());
        });
  }

  @Test
  @DisplayName("SPACE-04: a scheduler keeps nothing of runs that have ended, or have failed")
  default void space04_runs() {
    Scheduler scheduler = scheduler();
    List<WeakReference<Object>> held = new ArrayList<>();

    for (int i = 0; i < 100; i++) {
      held.add(runHolding(scheduler, i % 2 == 0));
    }

    Patience.untilCollected(this, held, 20);
  }

  /** Runs a main that refers to an object, which is returned. */
  private static WeakReference<Object> runHolding(Scheduler scheduler, boolean fails) {
    Object held = new Object();
    try {
      scheduler.run(
          new Fiber(new Computation<>()),
          self -> {
            if (fails) {
              throw new IllegalStateException("left the main that refers to " + held);
            }
          });
    } catch (FatalFiberError expected) {
      // whether it comes is the subject of other rules
    }
    return new WeakReference<>(held);
  }

  @Test
  @DisplayName("SPACE-05: a run keeps neither the fibers that have ended nor their locals")
  @SuppressWarnings("ThreadLocalUsage") // this one is to be forgotten with the rule
  default void space05_locals() {
    FiberLocal<Object> fiberLocal = new FiberLocal<>();
    ThreadLocal<Object> threadLocal = new ThreadLocal<>();

    scheduler()
        .run(
            () -> {
              List<WeakReference<?>> kept = new ArrayList<>();
              List<Computation<Boolean>> ended = new ArrayList<>();
              Computation<Boolean> gate = new Computation<>();
              for (int i = 0; i < 100; i++) { // at a time, so that each has a thread of its own
                Fiber fiber = new Fiber(new Computation<>());
                Object held = new Object();
                kept.add(new WeakReference<>(fiber));
                kept.add(new WeakReference<>(held));
                fiberLocal.set(fiber, held);
                ended.add(spawnHolding(fiber, threadLocal, held, gate));
              }
              gate.tryReturn(true);
              ended.forEach(Computation::await);
              ended.clear();
              Patience.untilCollected(this, kept, 40);
            });
  }

  /** Spawns a fiber that holds an object in a thread local until the gate opens. */
  private static Computation<Boolean> spawnHolding(
      Fiber fiber, ThreadLocal<Object> threadLocal, Object held, Computation<Boolean> gate) {
    Computation<Boolean> ended = new Computation<>();
    Fiber.spawn(
        fiber,
        self ->
            ended.tryCapture(
                () -> {
                  threadLocal.set(held);
                  return gate.await();
                }));
    return ended;
  }
}
