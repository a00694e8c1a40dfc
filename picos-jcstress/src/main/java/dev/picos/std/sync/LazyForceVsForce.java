package dev.picos.std.sync;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/** Two threads force the same value: the body runs once, and both see what it did. */
@JCStressTest
@State
@Outcome(id = "1, 1, 1", expect = ACCEPTABLE, desc = "computed once, by one of the two")
@Outcome(expect = FORBIDDEN, desc = "computed twice, or seen half")
public class LazyForceVsForce {
  private final AtomicInteger runs = new AtomicInteger();
  private final Lazy<int[]> lazy = Lazy.of(() -> compute(runs));

  static int[] compute(AtomicInteger runs) {
    int[] value = new int[1];
    value[0] = runs.incrementAndGet();
    return value;
  }

  @Actor
  void force(III_Result r) {
    r.r1 = lazy.force()[0];
  }

  @Actor
  void forceToo(III_Result r) {
    r.r2 = lazy.force()[0];
  }

  @Arbiter
  void look(III_Result r) {
    r.r3 = runs.get();
  }

  /** The mistake: it looks and then computes, without a compare-and-set in between. */
  @JCStressTest
  @JCStressMeta(LazyForceVsForce.class)
  @State
  public static class Broken {
    private final AtomicInteger runs = new AtomicInteger();
    private volatile int @Nullable [] value;

    private int force() {
      if (value == null) {
        value = compute(runs);
      }
      return Objects.requireNonNull(value)[0];
    }

    @Actor
    void force(III_Result r) {
      r.r1 = force();
    }

    @Actor
    void forceToo(III_Result r) {
      r.r2 = force();
    }

    @Arbiter
    void look(III_Result r) {
      r.r3 = runs.get();
    }
  }
}
