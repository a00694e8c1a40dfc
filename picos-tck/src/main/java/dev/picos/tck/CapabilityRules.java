package dev.picos.tck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.FatalFiberError;
import dev.picos.core.Fiber;
import dev.picos.core.Handler;
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
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
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
  @Needs(Capability.PARALLEL)
  @DisplayName("PARALLEL-02: a fiber that is woken runs while another one computes")
  default void parallel02_woken() {
    scheduler()
        .run(
            () -> {
              wakeAndCompute(Trigger::signal);
              wakeAndCompute(trigger -> Task.start(() -> signaled(trigger)));
              AtomicBoolean slept = new AtomicBoolean();
              Fibers.spawn(
                  () -> {
                    Fiber.sleep(Duration.ofMillis(1));
                    slept.set(true);
                  });
              Patience.spinUntil(this, "the fiber that slept", slept::get);
            });
  }

  private void wakeAndCompute(Consumer<Trigger> wake) {
    Trigger trigger = new Trigger();
    AtomicBoolean woken = new AtomicBoolean();
    Fibers.spawn(
        () -> {
          assertNull(trigger.await());
          woken.set(true);
        });
    Patience.joinOnceAwaited(this, trigger);
    wake.accept(trigger);
    Patience.spinUntil(this, "the fiber that was woken", woken::get);
  }

  private static boolean signaled(Trigger trigger) {
    trigger.signal();
    return trigger.isSignaled();
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
  @Needs(Capability.FIFO_ORDER)
  @DisplayName(
      "FIFO-04: fibers that another thread hands over start in their order, behind the one that runs")
  default void fifo04_fromOutside() {
    List<Integer> order = new ArrayList<>(); // unguarded: they do not run in parallel

    scheduler()
        .run(
            () -> {
              handOverMeanwhile(order);
              order.add(-1);
            });

    assertEquals(IntStream.range(-1, 100).boxed().toList(), order);
  }

  /** Lets another thread hand over fibers to this run while the caller computes. */
  private void handOverMeanwhile(List<Integer> order) {
    Handler home = Handler.ofCurrentThread();
    AtomicBoolean handedOver = new AtomicBoolean();
    Task.start(
        () -> {
          handOver(home, order);
          handedOver.set(true);
          return true;
        });
    Patience.spinUntil(this, "the other thread", handedOver::get);
  }

  private static void handOver(Handler home, List<Integer> order) {
    for (int i = 0; i < 100; i++) {
      int number = i;
      Fiber.spawnIn(home, new Fiber(new Computation<>()), child -> order.add(number));
    }
  }

  @Test
  @Needs(Capability.FIFO_ORDER)
  @DisplayName("FIFO-05: fibers that have not started do not start after a fatal error")
  default void fifo05_notStarted() {
    AtomicInteger started = new AtomicInteger();

    try {
      scheduler()
          .run(
              () -> {
                Fibers.startThrowing(new RuntimeException("left a main"));
                for (int i = 0; i < 100; i++) {
                  Fibers.start(started::incrementAndGet);
                }
              });
    } catch (FatalFiberError expected) {
      // whether it comes is the subject of other rules
    }
    scheduler().run(() -> assertEquals(42, Fibers.start(() -> 42).await()));

    assertEquals(0, started.get(), "fibers that started after a fatal error");
  }

  @Test
  @Needs(Capability.FIFO_ORDER)
  @DisplayName("FIFO-06: an unpark of a fiber that yields does not end the yield")
  default void fifo06_unparked() {
    YieldRules.unparkAlways(
        this,
        () -> {
          for (int i = rounds(1_000); i > 0; i--) {
            AtomicBoolean ran = new AtomicBoolean();
            Fibers.start(() -> ran.getAndSet(true));
            Fiber.yield();
            assertTrue(ran.get(), "a fiber that was ready did not run");
          }
        });
  }

  @Test
  @Needs(Capability.FIFO_ORDER)
  @DisplayName("FIFO-07: what comes from outside stays before what a fiber makes ready after it")
  default void fifo07_beforeLocal() {
    List<Integer> order = new ArrayList<>(); // unguarded: they do not run in parallel

    scheduler()
        .run(
            () -> {
              handOverMeanwhile(order);
              order.add(-1);
              Fibers.start(() -> order.add(100));
            });

    assertEquals(IntStream.rangeClosed(-1, 100).boxed().toList(), order);
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
    // A domain may lose its processor for a while, so that its fibers fall behind. That evens out
    // in the long run, so the run gets longer before the scheduler is called unfair.
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
  @Needs(Capability.FAIRNESS)
  @DisplayName("FAIRNESS-03: however many fibers wake each other, others have their turns")
  default void fairness03_pairs() {
    Busy busy = new Busy(this);

    scheduler()
        .run(
            () -> {
              many(busy::startPair);
              busy.stop();
            });
  }

  @Test
  @Needs(Capability.FAIRNESS)
  @DisplayName(
      "FAIRNESS-04: however many chains of fibers there are, each spawning the next, others have their turns")
  default void fairness04_generations() {
    Busy busy = new Busy(this);

    scheduler()
        .run(
            () -> {
              many(busy::startGenerations);
              busy.stop();
            });
  }

  /** Does something more often than there are domains. */
  private static void many(Runnable action) {
    for (int i = 2 * Runtime.getRuntime().availableProcessors(); i > 0; i--) {
      action.run();
    }
  }

  @Test
  @Needs(Capability.QUOTA)
  @DisplayName("QUOTA-01: a fiber that does nothing but spawn lets other fibers run")
  default void quota01_spawning() {
    Busy busy = new Busy(this);

    scheduler()
        .run(
            () -> {
              busy.startSpawning();
              busy.stop();
            });
  }

  @Test
  @Needs(Capability.QUOTA)
  @DisplayName("QUOTA-02: a fiber that does nothing but set timeouts lets other fibers run")
  default void quota02_timeouts() {
    Busy busy = new Busy(this);

    scheduler()
        .run(
            () -> {
              busy.startRepeating(CapabilityRules::setTimeout);
              busy.stop();
            });
  }

  private static void setTimeout() {
    Computation.returned(42).cancelAfter(Duration.ofDays(1), new RuntimeException("timeout"));
  }

  @Test
  @Needs(Capability.QUOTA)
  @DisplayName(
      "QUOTA-03: a spawn or timeout stands if its fiber is canceled while it lets others run")
  default void quota03_canceledMeanwhile() {
    RuntimeException reason = new RuntimeException("canceled");
    AtomicInteger spawned = new AtomicInteger();
    AtomicInteger ran = new AtomicInteger();
    AtomicReference<Computation<Object>> latest = new AtomicReference<>(new Computation<>());
    Computation<Object> later = new Computation<>();

    scheduler()
        .run(
            () -> {
              Throwable bySpawn =
                  repeatUntilCanceled(
                      reason,
                      () -> {
                        if (spawned.get() - ran.get() < 100_000) { // or memory would come to an end
                          Fiber.spawn(
                              new Fiber(new Computation<>()), self -> ran.incrementAndGet());
                          spawned.incrementAndGet();
                        }
                      });
              assertSame(reason, bySpawn);
              Throwable byTimeout =
                  repeatUntilCanceled(
                      reason,
                      () -> {
                        latest.set(new Computation<>());
                        latest.get().cancelAfter(Duration.ZERO, new RuntimeException("timeout"));
                      });
              assertSame(reason, byTimeout);
              later.cancelAfter(Duration.ofMillis(5), new RuntimeException("timeout"));
              later.join();
            });

    assertEquals(spawned.get(), ran.get(), "spawns that returned, and fibers that ran");
    assertTrue(latest.get().isRunning(), "cancelAfter threw, but the timeout was set");
  }

  /** Repeats an operation in a fiber that another one cancels; returns what that threw. */
  private Throwable repeatUntilCanceled(Throwable reason, Block<RuntimeException> operation) {
    Computation<Object> scope = new Computation<>();
    Computation<Throwable> thrown =
        Fibers.startUnder(
            scope,
            () -> {
              Fibers.start(() -> scope.tryCancel(reason));
              return assertThrows(
                  Throwable.class,
                  () ->
                      Patience.spinUntil(
                          this,
                          "the cancelation",
                          () -> {
                            operation.run();
                            return false;
                          }));
            });
    return thrown.await();
  }

  @Test
  @Needs(Capability.QUOTA)
  @DisplayName("QUOTA-04: however many fibers do nothing but spawn, they let others run")
  default void quota04_manySpawning() {
    Busy busy = new Busy(this);

    scheduler()
        .run(
            () -> {
              many(busy::startSpawning);
              busy.stop();
            });
  }

  @Test
  @Needs(Capability.QUOTA)
  @DisplayName("QUOTA-05: however many fibers do nothing but set timeouts, they let others run")
  default void quota05_manyTimeouts() {
    Busy busy = new Busy(this);

    scheduler()
        .run(
            () -> {
              many(() -> busy.startRepeating(CapabilityRules::setTimeout));
              busy.stop();
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

  @Test
  @Needs(Capability.VIRTUAL_TIME)
  @DisplayName("VIRTUAL-02: no time passes while a fiber is ready")
  default void virtual02_standsStill() {
    RuntimeException reason = new RuntimeException("timeout");
    Computation<Object> computation = new Computation<>();

    scheduler()
        .run(
            () -> {
              long start = System.nanoTime();
              BooleanSupplier over = () -> System.nanoTime() - start > 5_000_000;
              computation.cancelAfter(Duration.ofNanos(1), reason);
              Fibers.spawn(() -> Patience.yieldUntil(this, "some real time to pass", over));
              Patience.yieldUntil(this, "some real time to pass", over);
              assertTrue(computation.isRunning(), "a timeout passed although a fiber was ready");
              computation.join();
            });

    assertSame(reason, computation.cancelReason());
  }
}
