package dev.picos.core;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IZI_Result;

/** A thread that sees a computation completed sees what its completer did before. */
@JCStressTest
@State
@Outcome(id = "., false, .", expect = ACCEPTABLE, desc = "not completed yet")
@Outcome(id = "., true, 1", expect = ACCEPTABLE, desc = "completed, and the data is there")
@Outcome(id = "., true, 0", expect = FORBIDDEN, desc = "completed, and the data is not there")
public class ComputationValueVisible {
  // The poll reads the data once too early, so that a compiler may take that value for both reads
  // unless the read of the computation forbids it.
  private final Computation<Integer> computation = new Computation<>();
  private int data;

  @Actor
  void complete() {
    data = 1;
    computation.tryReturn(1);
  }

  @Actor
  void poll(IZI_Result r) {
    r.r1 = data;
    r.r2 = computation.peek() != null;
    r.r3 = data;
  }

  /** The mistake: it polls with a plain read. */
  @JCStressTest
  @JCStressMeta(ComputationValueVisible.class)
  @State
  public static class Broken {
    private final ComputationCopy computation =
        new ComputationCopy() {
          @Override
          int outcome() {
            return state.getPlain() instanceof Integer outcome ? outcome : 0;
          }
        };
    private int data;

    @Actor
    void complete() {
      data = 1;
      computation.tryComplete(1);
    }

    @Actor
    void poll(IZI_Result r) {
      r.r1 = data;
      r.r2 = computation.outcome() != 0;
      r.r3 = data;
    }
  }
}
