package dev.picos.bench;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import java.util.concurrent.CompletableFuture;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** What it costs to start a fiber and to await its result, one after another. */
@State(Scope.Benchmark)
public class SpawnAwaitBenchmark extends Settings {
  private static final int FIBERS = 100_000;

  /** Fibers. */
  @Benchmark
  @OperationsPerInvocation(FIBERS)
  public long picos(OnEach scheduler) {
    return scheduler.call(
        () -> {
          long sum = 0;
          for (int i = 0; i < FIBERS; i++) {
            Computation<Integer> promise = new Computation<>();
            Fiber.spawn(new Fiber(promise), fiber -> promise.tryReturn(1));
            sum += promise.await();
          }
          return sum;
        });
  }

  /** A virtual thread and a future each, and a queue. */
  @Benchmark
  @OperationsPerInvocation(FIBERS)
  public void ownExecutor() {
    OwnExecutor executor = new OwnExecutor();
    executor.start(
        () -> {
          for (int i = 0; i < FIBERS; i++) {
            CompletableFuture<Integer> promise = new CompletableFuture<>();
            executor.start(() -> promise.complete(1));
            promise.join();
          }
        });
    executor.run();
  }

  /** A virtual thread and a future each. */
  @Benchmark
  @OperationsPerInvocation(FIBERS)
  public void jdk() throws InterruptedException {
    Jdk.call(
        () -> {
          for (int i = 0; i < FIBERS; i++) {
            CompletableFuture<Integer> promise = new CompletableFuture<>();
            Thread.startVirtualThread(() -> promise.complete(1));
            promise.join();
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
