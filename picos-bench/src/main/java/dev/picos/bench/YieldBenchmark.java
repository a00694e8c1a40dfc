package dev.picos.bench;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** What a yield costs when so many fibers do nothing else. */
@State(Scope.Benchmark)
public class YieldBenchmark extends Settings {
  private static final int YIELDS = 1_000_000;

  /** How many fibers yield in turn. With one there is nobody to yield to. */
  @Param({"1", "2", "100", "10000"})
  public int fibers;

  /** Fibers. */
  @Benchmark
  @OperationsPerInvocation(YIELDS)
  public void picos(OnEach scheduler) {
    int each = YIELDS / fibers;
    scheduler.run(
        () -> {
          Computation<Object> shared = new Computation<>();
          for (int i = 0; i < fibers; i++) {
            Fiber.spawn(
                new Fiber(shared),
                fiber -> {
                  for (int j = 0; j < each; j++) {
                    Fiber.yield();
                  }
                });
          }
        });
  }

  /** The limit. */
  @Benchmark
  @OperationsPerInvocation(YIELDS)
  public void raw() {
    int each = YIELDS / fibers;
    RawContinuations continuations = new RawContinuations();
    for (int i = 0; i < fibers; i++) {
      continuations.start(
          () -> {
            for (int j = 0; j < each; j++) {
              RawContinuations.yieldNow();
            }
          });
    }
    continuations.run();
  }

  /** Virtual threads and a queue. */
  @Benchmark
  @OperationsPerInvocation(YIELDS)
  public void ownExecutor() {
    int each = YIELDS / fibers;
    OwnExecutor executor = new OwnExecutor();
    for (int i = 0; i < fibers; i++) {
      executor.start(() -> yieldTimes(each));
    }
    executor.run();
  }

  /** The JDK, on all processors. */
  @Benchmark
  @OperationsPerInvocation(YIELDS)
  public void jdk() throws InterruptedException {
    int each = YIELDS / fibers;
    Jdk.callAll(fibers, () -> yieldTimes(each));
  }

  /** The JDK, on one carrier. */
  @Benchmark
  @Fork(jvmArgsAppend = {Jdk.ONE, Jdk.ONE_AT_MOST})
  @OperationsPerInvocation(YIELDS)
  public void jdkOneCarrier() throws InterruptedException {
    jdk();
  }

  private static void yieldTimes(int times) {
    for (int j = 0; j < times; j++) {
      Thread.yield();
    }
  }
}
