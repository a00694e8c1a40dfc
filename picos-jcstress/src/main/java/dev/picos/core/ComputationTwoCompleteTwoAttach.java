package dev.picos.core;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * A value, a cancelation and two triggers come at once: exactly one completion wins, and those
 * triggers are signaled that were attached. Every other computation is FIFO.
 */
@JCStressTest
@State
@Outcome(id = "1, 0, 0", expect = ACCEPTABLE, desc = "completed before both were attached")
@Outcome(id = "1, 1, 1", expect = ACCEPTABLE, desc = "completed after the first was attached")
@Outcome(id = "1, 2, 2", expect = ACCEPTABLE, desc = "completed after the second was attached")
@Outcome(id = "1, 3, 3", expect = ACCEPTABLE, desc = "completed after both were attached")
@Outcome(id = "2, ., .", expect = FORBIDDEN, desc = "both completions believe that they won")
public class ComputationTwoCompleteTwoAttach {
  private static final Throwable REASON = new Exception("test", null, false, false) {};
  private static int made;

  private final Computation<Integer> computation =
      new Computation<>(made++ % 2 == 0 ? Computation.Mode.FIFO : Computation.Mode.LIFO);
  private final Trigger trigger1 = new Trigger();
  private final Trigger trigger2 = new Trigger();
  private boolean returned;
  private boolean canceled;
  private boolean attached1;
  private boolean attached2;

  @Actor
  void returnValue() {
    returned = computation.tryReturn(1);
  }

  @Actor
  void attach1() {
    attached1 = computation.tryAttach(trigger1);
  }

  @Actor
  void attach2() {
    attached2 = computation.tryAttach(trigger2);
  }

  @Actor
  void cancel() {
    canceled = computation.tryCancel(REASON);
  }

  @Arbiter
  void look(III_Result r) {
    boolean consistent = computation.isCanceled() == canceled && !computation.isRunning();
    r.r1 = consistent ? (returned ? 1 : 0) + (canceled ? 1 : 0) : -1;
    r.r2 = (attached1 ? 1 : 0) + (attached2 ? 2 : 0);
    r.r3 = (trigger1.isSignaled() ? 1 : 0) + (trigger2.isSignaled() ? 2 : 0);
  }

  /**
   * The mistake: it looks whether the computation is running and then writes, without comparing.
   */
  @JCStressTest
  @JCStressMeta(ComputationTwoCompleteTwoAttach.class)
  @State
  public static class Broken {
    private final ComputationCopy computation =
        new ComputationCopy() {
          @Override
          boolean swap(Object before, Object after) {
            boolean same = state.get() == before;
            if (same) {
              state.set(after);
            }
            return same;
          }
        };
    private final Trigger trigger1 = new Trigger();
    private final Trigger trigger2 = new Trigger();
    private boolean returned;
    private boolean canceled;
    private boolean attached1;
    private boolean attached2;

    @Actor
    void returnValue() {
      returned = computation.tryComplete(1);
    }

    @Actor
    void attach1() {
      attached1 = computation.tryAttach(trigger1);
    }

    @Actor
    void attach2() {
      attached2 = computation.tryAttach(trigger2);
    }

    @Actor
    void cancel() {
      canceled = computation.tryComplete(-1);
    }

    @Arbiter
    void look(III_Result r) {
      r.r1 = (returned ? 1 : 0) + (canceled ? 1 : 0);
      r.r2 = (attached1 ? 1 : 0) + (attached2 ? 2 : 0);
      r.r3 = (trigger1.isSignaled() ? 1 : 0) + (trigger2.isSignaled() ? 2 : 0);
    }
  }
}
