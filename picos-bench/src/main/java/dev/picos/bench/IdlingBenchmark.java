package dev.picos.bench;

import dev.picos.domains.Domains;
import dev.picos.domains.Idling;
import dev.picos.interop.agrona.AgronaIdling;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * {@link WakeUpBenchmark} with one domain that has been idle for a while, by how it waits
 * meanwhile.
 */
@BenchmarkMode(Mode.SampleTime)
@State(Scope.Benchmark)
public class IdlingBenchmark extends Settings {
  /** How the domain waits. */
  public enum Way {
    /** It parks. */
    PARKING,
    /** It spins. */
    SPINNING,
    /** It spins, yields, and then parks for longer and longer times of up to a millisecond. */
    BACKOFF;

    private Supplier<Idling> idling() {
      return switch (this) {
        case PARKING -> Idling::parking;
        case SPINNING -> Idling::spinning;
        case BACKOFF -> AgronaIdling.of(BackoffIdleStrategy::new);
      };
    }
  }

  /** A fiber that awaits a trigger, on the pool's only domain. */
  @State(Scope.Benchmark)
  public static class FiberOnOneDomain extends Waiters.Fibers {
    /** How the domain waits. */
    @Param public Way way = Way.PARKING;

    /** For JMH. */
    public FiberOnOneDomain() {}

    @Override
    void start(int count) {
      Domains.prepare(1, way.idling());
      super.start(count);
    }
  }

  /** For JMH. */
  public IdlingBenchmark() {}

  /** Lets the domain be idle for 5 ms. */
  @Setup(Level.Invocation)
  public void idle() throws InterruptedException {
    TimeUnit.MILLISECONDS.sleep(5);
  }

  /** Wakes the fiber and waits for its answer. */
  @Benchmark
  public void wakeUp(FiberOnOneDomain fiber) {
    fiber.wakeAll();
    fiber.spin();
  }
}
