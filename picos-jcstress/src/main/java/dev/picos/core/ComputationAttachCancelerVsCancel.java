package dev.picos.core;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IZ_Result;

/**
 * A canceler is attached while its source is being canceled: the target is canceled, or the
 * attacher learns of it.
 */
@JCStressTest
@State
@Outcome(id = "1, true", expect = ACCEPTABLE, desc = "attached, and the cancelation came through")
@Outcome(id = "-1, false", expect = ACCEPTABLE, desc = "canceled before; the attacher was told")
@Outcome(id = "1, false", expect = FORBIDDEN, desc = "the target misses the cancelation")
public class ComputationAttachCancelerVsCancel {
  private static final RuntimeException REASON =
      new RuntimeException("test", null, false, false) {};

  private final Computation<Integer> from = new Computation<>();
  private final Computation<Integer> into = new Computation<>();

  @Actor
  void cancel() {
    from.tryCancel(REASON);
  }

  @Actor
  void attach(IZ_Result r) {
    try {
      Computation.attachCanceler(from, into);
      r.r1 = 1;
    } catch (RuntimeException e) {
      r.r1 = e == REASON ? -1 : -2;
    }
  }

  @Arbiter
  void look(IZ_Result r) {
    r.r2 = into.isCanceled();
  }

  /** The mistake: it looks whether the source is running, and takes the attachment for granted. */
  @JCStressTest
  @JCStressMeta(ComputationAttachCancelerVsCancel.class)
  @State
  public static class Broken {
    private final ComputationCopy from = new ComputationCopy();
    private final ComputationCopy into = new ComputationCopy();

    @Actor
    void cancel() {
      from.tryComplete(-1);
    }

    @Actor
    void attach(IZ_Result r) {
      if (from.outcome() != 0) {
        r.r1 = -1;
        return;
      }
      from.tryAttach(
          Trigger.<ComputationCopy, ComputationCopy>fromAction(
              from, into, (trigger, from, into) -> into.tryComplete(from.outcome())));
      r.r1 = 1;
    }

    @Arbiter
    void look(IZ_Result r) {
      r.r2 = into.outcome() != 0;
    }
  }
}
