package dev.picos.tck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What only some schedulers promise. */
interface CapabilityRules extends Rules {
  @Test
  @Needs(Capability.PARALLEL)
  @DisplayName("PARALLEL-01: two fibers that wait for each other without any operation both end")
  default void parallel01_spinning() {
    AtomicBoolean ping = new AtomicBoolean();
    AtomicBoolean pong = new AtomicBoolean();

    scheduler()
        .run(
            () -> {
              Computation<Boolean> other =
                  Fibers.spawn(
                      () -> {
                        Patience.spinUntil(this, "the first fiber", ping::get);
                        pong.set(true);
                      });
              ping.set(true);
              Patience.spinUntil(this, "the second fiber", pong::get);
              assertTrue(other.await());
            });
  }

  @Test
  @Needs(Capability.FIFO_ORDER)
  @DisplayName("FIFO-01: a parent goes on after a spawn, and its children start in their order")
  default void fifo01_spawns() {
    List<Integer> order = new ArrayList<>();

    scheduler()
        .run(
            () -> {
              for (int i = 1; i <= 10; i++) {
                int number = i;
                Fibers.start(() -> order.add(number));
              }
              order.add(0);
            });

    assertEquals(IntStream.rangeClosed(0, 10).boxed().toList(), order);
  }

  @Test
  @Needs(Capability.FIFO_ORDER)
  @DisplayName("FIFO-02: fibers that yield take turns in the order in which they started")
  default void fifo02_yields() {
    List<Integer> order = new ArrayList<>();

    scheduler()
        .run(
            () -> {
              for (int i = 0; i < 5; i++) {
                int number = i;
                Fibers.spawn(
                    () -> {
                      for (int turn = 0; turn < 20; turn++) {
                        order.add(number);
                        Fiber.yield();
                      }
                    });
              }
            });

    assertEquals(IntStream.range(0, 100).mapToObj(i -> i % 5).toList(), order);
  }

  @Test
  @Needs(Capability.FIFO_ORDER)
  @DisplayName("FIFO-03: fibers continue in the order in which they were signaled")
  default void fifo03_signals() {
    List<Trigger> triggers = new ArrayList<>();
    List<Integer> order = new ArrayList<>();

    scheduler()
        .run(
            () -> {
              for (int i = 0; i < 100; i++) {
                int number = i;
                Trigger trigger = new Trigger();
                triggers.add(trigger);
                Fibers.start(
                    () -> {
                      assertNull(trigger.await());
                      return order.add(number);
                    });
              }
              Patience.yieldUntil(
                  this,
                  "all fibers to await",
                  () -> triggers.stream().allMatch(Patience::isAwaited));
              Collections.reverse(triggers);
              triggers.forEach(Trigger::signal);
            });

    assertEquals(IntStream.range(0, 100).mapToObj(i -> 99 - i).toList(), order);
  }

  @Test
  @Needs(Capability.CANCELED_FIRST)
  @DisplayName("CANCELED-01: a fiber that is woken because it is canceled runs before ready ones")
  default void canceled01_first() {
    RuntimeException reason = new RuntimeException("canceled");
    Computation<Object> scope = new Computation<>();
    Trigger canceled = new Trigger();
    Trigger ready = new Trigger();
    List<String> order = new ArrayList<>();

    scheduler()
        .run(
            () -> {
              Fibers.startUnder(scope, () -> canceled.await() == reason && order.add("canceled"));
              Fibers.start(() -> ready.await() == null && order.add("ready"));
              Patience.yieldUntil(
                  this,
                  "both fibers to await",
                  () -> Patience.isAwaited(canceled) && Patience.isAwaited(ready));
              ready.signal();
              scope.tryCancel(reason);
            });

    assertEquals(List.of("canceled", "ready"), order);
  }

  @Test
  @Needs(Capability.FAIRNESS)
  @DisplayName("FAIRNESS-01: of fibers that yield in a loop none stays far behind")
  default void fairness01_turns() {
    // A domain may lose its processor for a while, and its fibers fall behind: that evens out in
    // the long run, so the run gets longer before the scheduler is called unfair.
    int fibers = 50;
    int longest = 256_000;
    AtomicInteger length = new AtomicInteger(rounds(1_000));
    AtomicIntegerArray turns = new AtomicIntegerArray(fibers);
    AtomicInteger started = new AtomicInteger();
    AtomicBoolean over = new AtomicBoolean();
    AtomicReference<String> unfair = new AtomicReference<>();

    scheduler()
        .run(
            () -> {
              for (int i = 0; i < fibers; i++) {
                int number = i;
                Fibers.spawn(
                    () -> {
                      started.incrementAndGet();
                      Patience.yieldUntil(
                          this,
                          "fibers to have their turns",
                          () -> {
                            int limit = length.get();
                            if (started.get() == fibers
                                && turns.incrementAndGet(number) >= limit
                                && length.compareAndSet(limit, 2 * limit)) {
                              boolean fair = least(turns) >= average(turns) / 2;
                              if (!fair && limit == longest) {
                                unfair.set("turns: " + turns);
                              }
                              over.compareAndSet(false, fair || limit == longest);
                            }
                            return over.get();
                          });
                    });
              }
            });

    assertTrue(over.get(), "some fibers had no turn");
    assertNull(unfair.get());
  }

  private static int least(AtomicIntegerArray counts) {
    return IntStream.range(0, counts.length()).map(counts::get).min().orElseThrow();
  }

  private static double average(AtomicIntegerArray counts) {
    return IntStream.range(0, counts.length()).map(counts::get).average().orElseThrow();
  }

  @Test
  @Needs(Capability.FAIRNESS)
  @DisplayName("FAIRNESS-02: a fiber that another thread wakes runs however many others yield")
  default void fairness02_foreignWakeups() {
    int most = 2 * Runtime.getRuntime().availableProcessors();
    for (int i = rounds(50); i > 0; i--) {
      YieldRules.wakeAmongBusy(this, 1 + i % most);
    }
  }

  @Test
  @Needs(Capability.QUOTA)
  @DisplayName("QUOTA-01: a fiber that does nothing but spawn lets other fibers run")
  default void quota01_spawning() {
    AtomicBoolean ran = new AtomicBoolean();
    Computation<Object> none = new Computation<>();

    scheduler()
        .run(
            () -> {
              Fibers.spawn(() -> ran.set(true));
              for (int i = 0; i < 100_000 && !ran.get(); i++) {
                Fiber.spawn(new Fiber(none, false), child -> {});
              }
              assertTrue(ran.get(), "no other fiber ran");
            });
  }

  @Test
  @Needs(Capability.QUOTA)
  @DisplayName("QUOTA-02: a fiber that does nothing but set timeouts lets other fibers run")
  default void quota02_timeouts() {
    AtomicBoolean ran = new AtomicBoolean();
    Computation<Integer> completed = Computation.returned(42);
    RuntimeException reason = new RuntimeException("timeout");

    scheduler()
        .run(
            () -> {
              Fibers.spawn(() -> ran.set(true));
              for (int i = 0; i < 100_000 && !ran.get(); i++) {
                completed.cancelAfter(Duration.ofDays(1), reason);
              }
              assertTrue(ran.get(), "no other fiber ran");
            });
  }

  @Test
  @Needs(Capability.BLOCKING)
  @DisplayName("BLOCKING-01: a fiber that blocks in the JDK lets other fibers run")
  default void blocking01_queue() {
    LinkedBlockingQueue<Integer> queue = new LinkedBlockingQueue<>();

    scheduler()
        .run(
            () -> {
              Computation<Integer> taker = Fibers.start(queue::take);
              Fibers.start(() -> queue.add(42));
              assertEquals(42, taker.await());
            });
  }

  @Test
  @Needs(Capability.VIRTUAL_TIME)
  @DisplayName("VIRTUAL-01: fibers that sleep for years wake in the order of their durations, soon")
  default void virtual01_order() {
    List<Integer> order = new ArrayList<>();

    scheduler()
        .run(
            () -> {
              for (int i = 100; i > 0; i--) {
                int years = i;
                Fibers.start(
                    () -> {
                      Fiber.sleep(Duration.ofDays(365L * years));
                      return order.add(years);
                    });
              }
            });

    assertEquals(IntStream.rangeClosed(1, 100).boxed().toList(), order);
  }
}
