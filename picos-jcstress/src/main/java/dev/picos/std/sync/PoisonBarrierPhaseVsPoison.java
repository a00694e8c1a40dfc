package dev.picos.std.sync;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.picos.std.awaitable.AwaitableInt;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** Two parties meet, and one of them poisons the barrier as soon as it has passed. */
@JCStressTest
@State
@Outcome(id = "true, true", expect = ACCEPTABLE, desc = "both have passed")
@Outcome(expect = FORBIDDEN, desc = "one sleeps although its phase is over")
public class PoisonBarrierPhaseVsPoison {
  private final PoisonBarrier barrier = new PoisonBarrier(2);

  @Actor
  void one(ZZ_Result r) {
    r.r1 = Patience.suffices(barrier::await);
  }

  @Actor
  void poisoner(ZZ_Result r) {
    r.r2 = Patience.suffices(barrier::await);
    barrier.poison();
  }

  /** The mistake: poisoning changes the phase, back to the one whose end the other party awaits. */
  @JCStressTest
  @JCStressMeta(PoisonBarrierPhaseVsPoison.class)
  @State
  public static class Broken {
    private static final int PHASE = 1;
    private static final int ARRIVED = 2;
    private static final int POISON = 4;

    private final AwaitableInt word = new AwaitableInt(0);

    @Actor
    void one(ZZ_Result r) {
      r.r1 = await();
    }

    @Actor
    void poisoner(ZZ_Result r) {
      r.r2 = await();
      if (r.r2) {
        word.set((word.get() ^ PHASE) | POISON);
        word.broadcast();
      }
    }

    private boolean await() {
      int now;
      boolean last;
      do {
        now = word.get();
        last = (now & ARRIVED) != 0;
      } while (!word.compareAndSet(now, last ? (now ^ PHASE) & ~ARRIVED : now | ARRIVED));
      int phase = now & PHASE;
      if (last) {
        word.broadcast();
        return true;
      }
      for (now = word.get(); (now & PHASE) == phase; now = word.get()) {
        if ((now & POISON) != 0) {
          return false; // nobody would ever wake it
        }
        word.await(now);
      }
      return true;
    }
  }
}
