package dev.picos.std.event;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.picos.core.Computation;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IIII_Result;

/**
 * Two parties commit to the same two offers, in opposite order: one of them succeeds, and commits
 * to both.
 */
@JCStressTest
@State
@Outcome(id = "1, 0, 1, 1", expect = ACCEPTABLE, desc = "the first")
@Outcome(id = "0, 1, 2, 2", expect = ACCEPTABLE, desc = "the second")
@Outcome(expect = FORBIDDEN, desc = "both, neither, or half of each")
public class OfferTwoAgainstTwo {
  private final Offer<Integer> a = new Offer<>(new Computation<>(), null);
  private final Offer<Integer> b = new Offer<>(new Computation<>(), null);

  @Actor
  void first(IIII_Result r) {
    r.r1 = Offer.tryCommitBoth(a, 1, b, 1) ? 1 : 0;
  }

  @Actor
  void second(IIII_Result r) {
    r.r2 = Offer.tryCommitBoth(b, 2, a, 2) ? 1 : 0;
  }

  @Arbiter
  void peek(IIII_Result r) {
    r.r3 = value(a);
    r.r4 = value(b);
  }

  private static int value(Offer<Integer> offer) {
    return offer.peek() instanceof dev.picos.core.Outcome.Returned<Integer>(Integer value)
        ? value
        : 0;
  }

  /** The mistake: it commits to one offer after the other. */
  @JCStressTest
  @JCStressMeta(OfferTwoAgainstTwo.class)
  @State
  public static class Broken {
    private final AtomicInteger a = new AtomicInteger();
    private final AtomicInteger b = new AtomicInteger();

    @Actor
    void first(IIII_Result r) {
      r.r1 = a.compareAndSet(0, 1) && b.compareAndSet(0, 1) ? 1 : 0;
    }

    @Actor
    void second(IIII_Result r) {
      r.r2 = b.compareAndSet(0, 2) && a.compareAndSet(0, 2) ? 1 : 0;
    }

    @Arbiter
    void peek(IIII_Result r) {
      r.r3 = a.get();
      r.r4 = b.get();
    }
  }
}
