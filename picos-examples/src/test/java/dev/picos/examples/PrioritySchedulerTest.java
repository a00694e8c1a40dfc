package dev.picos.examples;

import static dev.picos.examples.PriorityScheduler.PRIORITY;
import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import dev.picos.examples.PriorityScheduler.Priority;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PrioritySchedulerTest {
  /** Of eight turns in a row seven at least are the most urgent fiber's. */
  private static final int EIGHT = 8;

  private final PriorityScheduler scheduler = new PriorityScheduler();
  private final List<String> order = new ArrayList<>();

  private static void spawn(Priority priority, Runnable main) {
    spawn(priority, new Computation<>(), main);
  }

  private static void spawn(Priority priority, Computation<?> computation, Runnable main) {
    Fiber fiber = new Fiber(computation);
    PRIORITY.set(fiber, priority);
    Fiber.spawn(fiber, self -> main.run());
  }

  /** Spawns a fiber that waits for a trigger, and then notes that it has come. */
  private Trigger spawnWaiter(Priority priority, Computation<?> computation, String name) {
    Trigger trigger = new Trigger();
    spawn(
        priority,
        computation,
        () -> {
          Throwable unused = trigger.await();
          order.add(name);
        });
    return trigger;
  }

  // Order

  @Test
  void newFibers_startInTheOrderOfTheirPriorities() {
    scheduler.run(
        () -> {
          spawn(Priority.LOW, () -> order.add("low"));
          Fiber.spawn(new Fiber(new Computation<>()), self -> order.add("normal"));
          spawn(Priority.HIGH, () -> order.add("high"));
          spawn(Priority.HIGH, () -> order.add("high, too"));
          order.add("main");
        });

    assertThat(order).containsExactly("main", "high", "high, too", "normal", "low");
  }

  @Test
  void wokenFibers_continueInTheOrderOfTheirPriorities() {
    scheduler.run(
        () -> {
          Trigger low = spawnWaiter(Priority.LOW, new Computation<>(), "low");
          Trigger high = spawnWaiter(Priority.HIGH, new Computation<>(), "high");
          PRIORITY.set(Fiber.current(), Priority.LOW);
          Fiber.yield(); // both await now
          low.signal();
          high.signal();
        });

    assertThat(order).containsExactly("high", "low");
  }

  @Test
  void fiberThatSetsItsPriority_hasItFromItsNextTurnOn() {
    scheduler.run(
        () -> {
          spawn(Priority.NORMAL, () -> order.add("normal"));
          PRIORITY.set(Fiber.current(), Priority.HIGH);
          Fiber.yield();
          order.add("high");
          PRIORITY.set(Fiber.current(), Priority.LOW);
          Fiber.yield();
          order.add("low");
        });

    assertThat(order).containsExactly("high", "normal", "low");
  }

  @Test
  void canceledFiber_continuesFirstWhateverItsPriority() {
    Computation<Object> canceled = new Computation<>();

    scheduler.run(
        () -> {
          Trigger never = spawnWaiter(Priority.LOW, canceled, "canceled");
          PRIORITY.set(Fiber.current(), Priority.LOW);
          Fiber.yield(); // it awaits now
          spawn(Priority.HIGH, () -> order.add("high"));
          canceled.tryCancel(new IllegalStateException("canceled"));
          assertThat(never.isSignaled()).isTrue();
        });

    assertThat(order).containsExactly("canceled", "high");
  }

  // Starvation

  @ParameterizedTest
  @EnumSource
  void everyPriority_hasATurnWhileUrgentFibersAreReady(Priority priority) {
    // However busy the urgent ones are, a round of eight turns for each priority reaches all.
    AtomicBoolean ran = new AtomicBoolean();
    AtomicInteger turns = new AtomicInteger();

    scheduler.run(
        () -> {
          spawn(priority, () -> ran.set(true));
          for (int i = 0; i < 10; i++) {
            spawn(
                Priority.HIGH,
                () -> {
                  while (!ran.get() && turns.incrementAndGet() < 10_000) {
                    Fiber.yield();
                  }
                });
          }
        });

    assertThat(turns).hasValueLessThanOrEqualTo(EIGHT * Priority.values().length);
  }

  @Test
  void urgentFiber_hasSevenTurnsOfEight() {
    // The answer to starvation does not turn the order of priorities upside down.
    AtomicInteger high = new AtomicInteger();
    AtomicInteger others = new AtomicInteger();

    scheduler.run(
        () -> {
          for (Priority less : List.of(Priority.NORMAL, Priority.LOW)) {
            spawn(
                less,
                () -> {
                  while (high.get() < 700) {
                    others.incrementAndGet();
                    Fiber.yield();
                  }
                });
          }
          spawn(
              Priority.HIGH,
              () -> {
                while (high.incrementAndGet() < 700) {
                  Fiber.yield();
                }
              });
        });

    assertThat(others).hasValueBetween(1, 100);
  }

  @Test
  void urgentFiberThatOnlySpawns_letsOthersRun() {
    AtomicBoolean ran = new AtomicBoolean();
    AtomicInteger spawned = new AtomicInteger();

    scheduler.run(
        () -> {
          PRIORITY.set(Fiber.current(), Priority.HIGH);
          spawn(Priority.LOW, () -> ran.set(true));
          while (!ran.get() && spawned.incrementAndGet() < 100_000) {
            spawn(Priority.HIGH, () -> {});
          }
        });

    assertThat(spawned).hasValueLessThan(100_000);
  }
}
