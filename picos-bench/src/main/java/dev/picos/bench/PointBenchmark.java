package dev.picos.bench;

import dev.picos.core.Point;
import java.util.concurrent.atomic.AtomicLong;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** What a scheduling point costs when exploration is off: nothing. */
@State(Scope.Thread)
public class PointBenchmark extends Settings {
  private final AtomicLong word = new AtomicLong();

  /** A read with a point before it. */
  @Benchmark
  public long picosRead() {
    Point.before(word, Point.Kind.READ);
    return word.getAcquire();
  }

  /** A read. */
  @Benchmark
  public long jdkRead() {
    return word.getAcquire();
  }
}
