package dev.picos.bench;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.std.sync.Latch;
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

  /** Fibers. */
  @Benchmark
  @OperationsPerInvocation(FIBERS)
  public void picos(OnEach scheduler) {
    scheduler.run(
        () -> {
          for (int i = 0; i < FIBERS / batch; i++) {
            Latch ended = new Latch(batch);
            for (int j = 0; j < batch; j++) {
              Fiber.spawn(
                  new Fiber(new Computation<>()),
                  fiber -> {
                    Fiber.yield();
                    Fiber.yield();
                    ended.decr();
                  });
            }
            ended.await();
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
            CountDownLatch ended = new CountDownLatch(batch);
            for (int j = 0; j < batch; j++) {
              executor.start(
                  () -> {
                    Thread.yield();
                    Thread.yield();
                    ended.countDown();
                  });
            }
            try {
              ended.await();
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
          }
        });
    executor.run();
  }
}
