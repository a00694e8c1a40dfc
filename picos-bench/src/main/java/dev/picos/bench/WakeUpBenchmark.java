package dev.picos.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * How long a plain thread, which spins meanwhile, waits for the answer of a fiber that it wakes
 * when the scheduler has nothing else to do.
 */
@BenchmarkMode(Mode.SampleTime)
@State(Scope.Benchmark)
public class WakeUpBenchmark extends Settings {
  /** For how long the scheduler has been idle: just now, or long enough to sleep. */
  @Param({"0", "5000"})
  public int idleMicros;

  /** Lets the scheduler fall asleep. */
  @Setup(Level.Invocation)
  public void idle() throws InterruptedException {
    TimeUnit.MICROSECONDS.sleep(idleMicros);
  }

  /** A fiber that awaits a trigger. */
  @Benchmark
  public void picos(Waiters.Fibers fiber) {
    roundTrip(fiber);
  }

  /** A virtual thread that is parked. */
  @Benchmark
  public void jdk(Waiters.VirtualThreads thread) {
    roundTrip(thread);
  }

  /** A platform thread that is parked. */
  @Benchmark
  public void jdkPlatformThread(Waiters.PlatformThreads thread) {
    roundTrip(thread);
  }

  /** A coroutine of Kotlin that is suspended. */
  @Benchmark
  public void kotlin(Waiters.Coroutines coroutine) {
    roundTrip(coroutine);
  }

  /** A task of a fork-join pool, which is submitted anew. */
  @Benchmark
  public void forkJoin(Waiters.PoolTasks task) {
    roundTrip(task);
  }

  private static void roundTrip(Waiters waiter) {
    waiter.wakeAll();
    waiter.spin();
  }
}
