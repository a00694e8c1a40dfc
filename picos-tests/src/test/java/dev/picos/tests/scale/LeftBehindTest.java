package dev.picos.tests.scale;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.picos.core.FatalFiberError;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.core.Trigger;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import dev.picos.sched.randos.RandosScheduler;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.Alone;
import dev.picos.tests.Heap;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Fibers that are left behind by runs that fail. */
class LeftBehindTest {
  private static final int RUNS = 20;
  private static final int FIBERS = 5_000;
  private static final long FLAT = 4 << 20; // what a JVM does for itself meanwhile

  static Stream<Scheduler> schedulers() {
    return Stream.of(
        FifoScheduler.create(),
        MultiFifoScheduler.builder().domains(2).build(),
        RandosScheduler.create());
  }

  @Alone
  @ParameterizedTest
  @MethodSource("schedulers")
  void fibersLeftBehind_leaveTheHeapFlat(Scheduler scheduler) {
    // A hundred thousand fibers that wait when their run fails can be collected, although the JVM
    // keeps a table of all threads.
    fail(scheduler);
    long before = Heap.used();

    for (int i = 0; i < RUNS; i++) {
      fail(scheduler);
    }

    assertThat(Heap.used() - before).isLessThan(FLAT);
  }

  private static void fail(Scheduler scheduler) {
    RuntimeException thrown = new RuntimeException("left the main of a fiber");
    assertThatExceptionOfType(FatalFiberError.class)
        .isThrownBy(
            () ->
                scheduler.run(
                    () -> {
                      CountDownLatch latch = new CountDownLatch(FIBERS);
                      for (int i = 0; i < FIBERS; i++) {
                        Fibers.start(
                            () -> {
                              latch.countDown();
                              return String.valueOf(new Trigger().await());
                            });
                      }
                      while (latch.getCount() > 0) {
                        Fiber.yield();
                      }
                      Fibers.startThrowing(thrown);
                    }))
        .withCause(thrown);
  }
}
