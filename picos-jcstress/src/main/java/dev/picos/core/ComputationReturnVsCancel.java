package dev.picos.core;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZI_Result;

/** A value and a cancelation come at once: exactly one of them wins, and knows it. */
@JCStressTest
@State
@Outcome(id = "true, false, 1", expect = ACCEPTABLE, desc = "the value won")
@Outcome(id = "false, true, -1", expect = ACCEPTABLE, desc = "the cancelation won")
@Outcome(id = "true, true, .*", expect = FORBIDDEN, desc = "both believe that they won")
public class ComputationReturnVsCancel {
  private static final Throwable REASON = new Exception("test", null, false, false) {};

  private final Computation<Integer> computation = new Computation<>();

  @Actor
  void returnValue(ZZI_Result r) {
    r.r1 = computation.tryReturn(1);
  }

  @Actor
  void cancel(ZZI_Result r) {
    r.r2 = computation.tryCancel(REASON);
  }

  @Arbiter
  void peek(ZZI_Result r) {
    r.r3 = computation.isRunning() ? 0 : computation.isCanceled() ? -1 : computation.await();
  }

  /**
   * The mistake: it looks whether the computation is running and then writes, without comparing.
   */
  @JCStressTest
  @JCStressMeta(ComputationReturnVsCancel.class)
  @State
  public static class Broken {
    private final ComputationCopy computation =
        new ComputationCopy() {
          @Override
          boolean tryComplete(int outcome) {
            boolean running = bag() != null;
            if (running) {
              state.set(outcome);
            }
            return running;
          }
        };

    @Actor
    void returnValue(ZZI_Result r) {
      r.r1 = computation.tryComplete(1);
    }

    @Actor
    void cancel(ZZI_Result r) {
      r.r2 = computation.tryComplete(-1);
    }

    @Arbiter
    void peek(ZZI_Result r) {
      r.r3 = computation.outcome();
    }
  }
}
