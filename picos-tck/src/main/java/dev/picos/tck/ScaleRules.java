package dev.picos.tck;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Handler;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Fibers are cheap: nothing breaks when there are many. */
interface ScaleRules extends Rules {
  @Test
  @DisplayName("SCALE-01: 100,000 fibers that are suspended at once are all resumed")
  default void scale01_suspended() {
    int fibers = rounds(100_000);
    AtomicInteger suspended = new AtomicInteger();
    AtomicInteger resumed = new AtomicInteger();
    Computation<Object> gate = new Computation<>();

    scheduler()
        .run(
            () -> {
              for (int i = 0; i < fibers; i++) {
                Fibers.start(
                    () -> {
                      if (suspended.incrementAndGet() == fibers) {
                        gate.tryReturn(true);
                      }
                      gate.join();
                      return resumed.incrementAndGet();
                    });
              }
            });

    assertEquals(fibers, resumed.get());
  }

  @Test
  @DisplayName("SCALE-02: 100,000 fibers, each spawned by the one before, run on a usual stack")
  default void scale02_generations() {
    int fibers = rounds(100_000);
    AtomicInteger ran = new AtomicInteger();

    scheduler().run(() -> spawnNext(ran, fibers));

    assertEquals(fibers, ran.get());
  }

  private static int spawnNext(AtomicInteger ran, int left) {
    if (left > 0) {
      ran.incrementAndGet();
      Fibers.start(() -> spawnNext(ran, left - 1));
    }
    return left;
  }

  @Test
  @DisplayName("SCALE-03: 100,000 fibers that another thread wakes at once all continue")
  default void scale03_wokenFromOutside() {
    int fibers = rounds(100_000);
    AtomicInteger waiting = new AtomicInteger();
    AtomicInteger resumed = new AtomicInteger();
    AtomicBoolean signaled = new AtomicBoolean();
    Computation<Object> allWait = new Computation<>();
    Computation<Object> gate = new Computation<>();

    scheduler()
        .run(
            () -> {
              for (int i = 0; i < fibers; i++) {
                Fibers.start(
                    () -> {
                      if (waiting.incrementAndGet() == fibers) {
                        allWait.tryReturn(true);
                      }
                      gate.join();
                      return resumed.incrementAndGet();
                    });
              }
              allWait.join();
              Task.start(
                  () -> {
                    gate.tryReturn(true);
                    signaled.set(true);
                    return true;
                  });
              Patience.spinUntil(this, "another thread to wake all fibers", signaled::get);
            });

    assertEquals(fibers, resumed.get());
  }

  @Test
  @DisplayName("SCALE-04: 100,000 fibers that other threads hand over at once all run")
  default void scale04_handedOver() {
    int threads = 4;
    int each = rounds(25_000);
    AtomicInteger ran = new AtomicInteger();
    AtomicInteger done = new AtomicInteger();

    scheduler()
        .run(
            () -> {
              Handler home = Handler.ofCurrentThread();
              for (int i = 0; i < threads; i++) {
                Task.start(
                    () -> {
                      for (int j = 0; j < each; j++) {
                        Fiber.spawnIn(
                            home, new Fiber(new Computation<>()), self -> ran.incrementAndGet());
                      }
                      return done.incrementAndGet();
                    });
              }
              Patience.spinUntil(
                  this, "other threads to hand over all fibers", () -> done.get() == threads);
            });

    assertEquals(threads * each, ran.get());
  }
}
