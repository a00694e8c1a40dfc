package dev.picos.tck;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.picos.core.Computation;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Fibers are cheap: nothing breaks where there are many. */
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
}
