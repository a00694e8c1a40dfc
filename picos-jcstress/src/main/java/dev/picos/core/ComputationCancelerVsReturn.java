package dev.picos.core;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZI_Result;

/** A cancelation comes through a canceler while its target returns: the target has one outcome. */
@JCStressTest
@State
@Outcome(id = "true, 1", expect = ACCEPTABLE, desc = "the target returned")
@Outcome(id = "false, -1", expect = ACCEPTABLE, desc = "the target was canceled")
@Outcome(id = "true, -1", expect = FORBIDDEN, desc = "it returned, but is canceled now")
public class ComputationCancelerVsReturn {
  private static final Throwable REASON = new Exception("test", null, false, false) {};

  private final Computation<Integer> from = new Computation<>();
  private final Computation<Integer> into = new Computation<>();

  public ComputationCancelerVsReturn() {
    Computation.attachCanceler(from, into);
  }

  @Actor
  void cancel() {
    from.tryCancel(REASON);
  }

  @Actor
  void returnValue(ZI_Result r) {
    r.r1 = into.tryReturn(1);
  }

  @Arbiter
  void peek(ZI_Result r) {
    r.r2 = into.isRunning() ? 0 : into.cancelReason() == REASON ? -1 : into.await();
  }

  /** The mistake: the canceler looks whether the target is running and writes without comparing. */
  @JCStressTest
  @JCStressMeta(ComputationCancelerVsReturn.class)
  @State
  public static class Broken {
    private final ComputationCopy from = new ComputationCopy();
    private final ComputationCopy into = new ComputationCopy();

    public Broken() {
      from.tryAttach(
          Trigger.<ComputationCopy, ComputationCopy>fromAction(
              from,
              into,
              (trigger, from, into) -> {
                if (into.outcome() == 0) {
                  into.state.set(from.outcome());
                }
              }));
    }

    @Actor
    void cancel() {
      from.tryComplete(-1);
    }

    @Actor
    void returnValue(ZI_Result r) {
      r.r1 = into.tryComplete(1);
    }

    @Arbiter
    void peek(ZI_Result r) {
      r.r2 = into.outcome();
    }
  }
}
