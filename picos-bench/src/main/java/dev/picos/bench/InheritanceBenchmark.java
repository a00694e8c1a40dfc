package dev.picos.bench;

import dev.picos.core.Fiber;
import dev.picos.core.FiberLocal;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Inheritance;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * What it costs that forked fibers can inherit: a scope with one fiber in it, when nobody asks for
 * that, and with a fiber local that is handed on. The first one is to be compared with the same of
 * an earlier version.
 */
@State(Scope.Benchmark)
public class InheritanceBenchmark extends Settings {
  private static final int SCOPES = 10_000;

  private static final FiberLocal<Integer> LOCAL = new FiberLocal<>();
  private static final Inheritance OF_LOCAL = Inheritance.of(LOCAL);

  /** For JMH. */
  public InheritanceBenchmark() {}

  /** Nobody asks. */
  @Benchmark
  @OperationsPerInvocation(SCOPES)
  public long nothing() {
    return FifoScheduler.create().call(InheritanceBenchmark::scopes);
  }

  /** A fiber local is inherited. */
  @Benchmark
  @OperationsPerInvocation(SCOPES)
  public long fiberLocal() {
    return FifoScheduler.create()
        .call(
            () -> {
              LOCAL.set(Fiber.current(), 1);
              return OF_LOCAL.call(InheritanceBenchmark::scopes);
            });
  }

  private static long scopes() {
    long sum = 0;
    for (int i = 0; i < SCOPES; i++) {
      int n = i;
      sum +=
          Bundle.<Integer, RuntimeException>call(
              bundle -> bundle.<Integer>forkAsPromise(() -> n).await());
    }
    return sum;
  }
}
