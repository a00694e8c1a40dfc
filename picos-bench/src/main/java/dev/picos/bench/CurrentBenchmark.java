package dev.picos.bench;

import dev.picos.core.Fiber;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/** What it costs to know who one is. */
@State(Scope.Benchmark)
public class CurrentBenchmark extends Settings {
  private static final int CALLS = 1_000_000;

  /** {@link Fiber#current} in a fiber. */
  @Benchmark
  @OperationsPerInvocation(CALLS)
  public void picos(OnEach scheduler, Blackhole blackhole) {
    scheduler.run(
        () -> {
          for (int i = 0; i < CALLS; i++) {
            blackhole.consume(Fiber.current());
          }
        });
  }

  /** {@link Thread#currentThread} in a virtual thread. */
  @Benchmark
  @OperationsPerInvocation(CALLS)
  public void jdk(Blackhole blackhole) throws InterruptedException {
    Jdk.call(
        () -> {
          for (int i = 0; i < CALLS; i++) {
            blackhole.consume(Thread.currentThread());
          }
        });
  }
}
