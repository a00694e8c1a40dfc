package dev.picos.bench;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import dev.picos.std.sync.Latch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * How the cost of a fiber depends on how many a parent starts before it waits for them all.
 *
 * <p>For a chart: {@code -p burst=10,100,1000,10000,100000,1000000 -jvmArgsAppend "-Xms4g -Xmx4g"}.
 */
@State(Scope.Benchmark)
public class SpawnBurstBenchmark extends Settings {
  private static final int FIBERS = 1_000_000;

  /** How many are started at once; a divisor of a million. */
  @Param({"1000", "100000"})
  public int burst;

  /** Whether each yields once, or ends without. */
  @Param({"false", "true"})
  public boolean yields;

  private final Scheduler fifo = FifoScheduler.create();
  private final Scheduler multififo1 = MultiFifoScheduler.builder().domains(1).build();
  private final Scheduler multififo2 = MultiFifoScheduler.builder().domains(2).build();

  /** On fifo. */
  @Benchmark
  @OperationsPerInvocation(FIBERS)
  public void picosFifo() {
    fifo.run(this::bursts);
  }

  /** On multififo, on one domain. */
  @Benchmark
  @OperationsPerInvocation(FIBERS)
  public void picosMultififo1() {
    multififo1.run(this::bursts);
  }

  /** On multififo, on two domains. */
  @Benchmark
  @OperationsPerInvocation(FIBERS)
  public void picosMultififo2() {
    multififo2.run(this::bursts);
  }

  private void bursts() {
    Computation<Object> shared = new Computation<>();
    for (int i = 0; i < FIBERS / burst; i++) {
      Latch ended = new Latch(burst);
      for (int j = 0; j < burst; j++) {
        Fiber.spawn(
            new Fiber(shared, false),
            fiber -> {
              if (yields) {
                Fiber.yield();
              }
              ended.decr();
            });
      }
      ended.await();
    }
  }

  /** Virtual threads and a latch, on all processors. */
  @Benchmark
  @OperationsPerInvocation(FIBERS)
  public void jdk() throws InterruptedException {
    Jdk.call(
        () -> {
          for (int i = 0; i < FIBERS / burst; i++) {
            Jdk.runAll(
                burst,
                () -> {
                  if (yields) {
                    Thread.yield();
                  }
                });
          }
        });
  }

  /** The same, on one carrier. */
  @Benchmark
  @Fork(jvmArgsAppend = {Jdk.ONE, Jdk.ONE_AT_MOST})
  @OperationsPerInvocation(FIBERS)
  public void jdkOneCarrier() throws InterruptedException {
    jdk();
  }
}
