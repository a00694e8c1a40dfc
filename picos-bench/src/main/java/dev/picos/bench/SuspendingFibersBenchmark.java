package dev.picos.bench;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.sched.fifo.FifoScheduler;
import java.util.concurrent.CountDownLatch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * What a fiber costs that suspends twice in its short life, when so many live at a time: whether
 * hosts that wait for another fiber are better than new ones.
 */
@State(Scope.Benchmark)
public class SuspendingFibersBenchmark extends Settings {
  private static final int FIBERS = 100_000;

  /** How many live at a time. */
  @Param({"100", "1000"})
  public int batch;

  private final Scheduler scheduler = FifoScheduler.create();

  /** Fibers on fifo. */
  @Benchmark
  @OperationsPerInvocation(FIBERS)
  public void picos() {
    scheduler.run(
        () -> {
          for (int i = 0; i < FIBERS / batch; i++) {
            Computation<Integer> last = new Computation<>();
            for (int j = 0; j < batch; j++) {
              boolean isLast = j == batch - 1;
              Fiber.spawn(
                  new Fiber(new Computation<>(), false),
                  fiber -> {
                    Fiber.yield();
                    Fiber.yield();
                    if (isLast) {
                      last.tryReturn(1);
                    }
                  });
            }
            last.join();
          }
        });
  }

  /** A virtual thread each, and a queue. */
  @Benchmark
  @OperationsPerInvocation(FIBERS)
  public void ownExecutor() {
    OwnExecutor executor = new OwnExecutor();
    executor.start(
        () -> {
          for (int i = 0; i < FIBERS / batch; i++) {
            CountDownLatch last = new CountDownLatch(1);
            for (int j = 0; j < batch; j++) {
              boolean isLast = j == batch - 1;
              executor.start(
                  () -> {
                    Thread.yield();
                    Thread.yield();
                    if (isLast) {
                      last.countDown();
                    }
                  });
            }
            try {
              last.await();
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
          }
        });
    executor.run();
  }
}
