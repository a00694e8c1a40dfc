package dev.picos.bench;

import dev.picos.core.Computation;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** What a timeout costs that is set and never fires, while so many others are pending. */
@State(Scope.Benchmark)
public class TimeoutBenchmark extends Settings {
  private static final int TIMEOUTS = 100_000;
  private static final Duration HOUR = Duration.ofHours(1);
  private static final Throwable REASON = new Exception("late", null, false, false) {};

  /** How many timeouts of other fibers are pending. */
  @Param({"0", "100000"})
  public int pending;

  private final ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1);

  /** Sets those of the executor. */
  @Setup
  public void start() {
    executor.setRemoveOnCancelPolicy(true);
    for (int i = 0; i < pending; i++) {
      Future<?> unused = executor.schedule(() -> {}, 3600 + i, TimeUnit.SECONDS);
    }
  }

  /** Removes them. */
  @TearDown
  public void end() {
    executor.shutdownNow();
  }

  /** Those of fibers. */
  @State(Scope.Benchmark)
  public static class Others {
    private final Computation<Object> others = new Computation<>();

    /** Sets them on the scheduler that is measured. */
    @Setup
    public void start(TimeoutBenchmark benchmark, OnEach scheduler) {
      scheduler.run(
          () -> {
            for (int i = 0; i < benchmark.pending; i++) {
              others.cancelAfter(HOUR.plusSeconds(i), REASON);
            }
          });
    }

    /** Removes them. */
    @TearDown
    public void end() {
      others.tryReturn(1);
    }
  }

  /** On our wheel; on threads, with the core's own timer. */
  @Benchmark
  @OperationsPerInvocation(TIMEOUTS)
  public void picos(OnEach scheduler, Others others) {
    scheduler.run(
        () -> {
          for (int i = 0; i < TIMEOUTS; i++) {
            Computation<Integer> computation = new Computation<>();
            computation.cancelAfter(HOUR, REASON);
            computation.tryReturn(i);
          }
        });
  }

  /** {@link ScheduledThreadPoolExecutor} with its remove-on-cancel policy. */
  @Benchmark
  @OperationsPerInvocation(TIMEOUTS)
  public void jdk() {
    for (int i = 0; i < TIMEOUTS; i++) {
      Future<?> timeout = executor.schedule(() -> {}, 1, TimeUnit.HOURS);
      timeout.cancel(false);
    }
  }
}
