package dev.picos.bench;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * What it costs a plain thread to wake a fiber, when it wakes so many of them before it waits until
 * all of them have answered and are waiting again. {@code -opi} changes how many.
 */
@State(Scope.Benchmark)
public class SignalFromOutsideBenchmark extends Settings {
  private static final int FIBERS = 1_000;

  /** Fibers that await triggers. */
  @Benchmark
  @OperationsPerInvocation(FIBERS)
  public void picos(Waiters.Fibers fibers) {
    wakeAndGather(fibers);
  }

  /** Virtual threads that are parked, on all processors. */
  @Benchmark
  @OperationsPerInvocation(FIBERS)
  public void jdk(Waiters.VirtualThreads threads) {
    wakeAndGather(threads);
  }

  /** The same, on one carrier. */
  @Benchmark
  @Fork(jvmArgsAppend = {Jdk.ONE, Jdk.ONE_AT_MOST})
  @OperationsPerInvocation(FIBERS)
  public void jdkOneCarrier(Waiters.VirtualThreads threads) {
    wakeAndGather(threads);
  }

  /** Coroutines of Kotlin that are suspended, on all processors. */
  @Benchmark
  @OperationsPerInvocation(FIBERS)
  public void kotlin(Waiters.Coroutines coroutines) {
    wakeAndGather(coroutines);
  }

  /** Tasks of a fork-join pool, which are submitted anew, on all processors. */
  @Benchmark
  @OperationsPerInvocation(FIBERS)
  public void forkJoin(Waiters.PoolTasks tasks) {
    wakeAndGather(tasks);
  }

  private static void wakeAndGather(Waiters waiters) {
    waiters.wakeAll();
    waiters.park();
  }
}
