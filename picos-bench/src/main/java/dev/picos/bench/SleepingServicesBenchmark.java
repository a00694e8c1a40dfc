package dev.picos.bench;

import dev.picos.core.Computation;
import dev.picos.domains.Service;
import dev.picos.sched.fifo.FifoScheduler;
import java.util.Arrays;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * How long a plain thread, which spins meanwhile, waits for the answer of a service that sleeps
 * among many others that do.
 */
@BenchmarkMode(Mode.SampleTime)
@State(Scope.Benchmark)
public class SleepingServicesBenchmark extends Settings {
  /** A prime, so that each service has its turn. */
  private static final int STEP = 7_919;

  /** How many services there are. */
  @Param({"1", "1000", "100000"})
  public int services;

  private Service[] all;
  private int next;

  /** Starts them, and lets each do something. */
  @Setup
  public void start() {
    all = new Service[services];
    Arrays.setAll(all, i -> FifoScheduler.create().start());
    for (Service service : all) {
      service.submit(() -> true).await();
    }
  }

  /** Ends them all. */
  @TearDown
  public void end() {
    for (Service service : all) {
      service.close();
    }
  }

  /** The next one. */
  @Benchmark
  public void picos() {
    next = (next + STEP) % services;
    Computation<Boolean> answer = all[next].submit(() -> true);
    while (answer.isRunning()) {
      Thread.onSpinWait();
    }
  }
}
