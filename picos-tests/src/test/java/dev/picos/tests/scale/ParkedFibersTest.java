package dev.picos.tests.scale;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.core.Trigger;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.tests.Alone;
import dev.picos.tests.Heap;
import dev.picos.tests.Rounds;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Very many fibers at once: a million, at length. */
class ParkedFibersTest {
  private static final int FIBERS = Rounds.of(200_000, 1_000_000);

  @Alone
  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES) // a gigabyte of stacks, on a machine that is busy
  void manyFibers_parkAndAreResumed() {
    // They all wait at the same time, and every one of them goes on when it is signaled.
    Scheduler scheduler = FifoScheduler.create();
    AtomicInteger resumed = new AtomicInteger();

    long bytes =
        scheduler.call(
            () -> {
              Computation<Object> shared = new Computation<>();
              Trigger[] triggers = new Trigger[FIBERS];
              long before = Heap.used();
              for (int i = 0; i < FIBERS; i++) {
                Trigger trigger = new Trigger();
                triggers[i] = trigger;
                Fiber.spawn(
                    new Fiber(shared),
                    fiber -> {
                      if (trigger.await() == null) {
                        resumed.incrementAndGet();
                      }
                    });
                if (i % 1000 == 0) {
                  Fiber.yield();
                }
              }
              Fiber.yield();
              long after = Heap.used();
              assertThat(resumed).hasValue(0);
              for (Trigger trigger : triggers) {
                trigger.signal();
              }
              return (after - before) / FIBERS;
            });

    assertThat(resumed).hasValue(FIBERS);
    assertThat(bytes).isBetween(100L, 2000L);
    System.out.printf("heap bytes a parked fiber, %,d of them: %d%n", FIBERS, bytes);
  }
}
