package dev.picos.core;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IZI_Result;

/** A thread that sees that a trigger is signaled sees what the signaler did before. */
@JCStressTest
@State
@Outcome(id = "., false, .", expect = ACCEPTABLE, desc = "not signaled yet")
@Outcome(id = "., true, 1", expect = ACCEPTABLE, desc = "signaled, and the data is there")
@Outcome(id = "., true, 0", expect = FORBIDDEN, desc = "signaled, and the data is not there")
public class TriggerSignalerVisibleToPoll {
  // The poll reads the data once too early, so that a compiler may take that value for both reads
  // unless the read of the trigger forbids it.
  private final Trigger trigger = new Trigger();
  private int data;

  @Actor
  void signal() {
    data = 1;
    trigger.signal();
  }

  @Actor
  void poll(IZI_Result r) {
    r.r1 = data;
    r.r2 = trigger.isSignaled();
    r.r3 = data;
  }

  /** The mistake: it polls with a plain read. */
  @JCStressTest
  @JCStressMeta(TriggerSignalerVisibleToPoll.class)
  @State
  public static class Broken {
    private final TriggerCopy trigger =
        new TriggerCopy() {
          @Override
          boolean isSignaled() {
            return state.getPlain() == SIGNALED;
          }
        };
    private int data;

    @Actor
    void signal() {
      data = 1;
      trigger.signal();
    }

    @Actor
    void poll(IZI_Result r) {
      r.r1 = data;
      r.r2 = trigger.isSignaled();
      r.r3 = data;
    }
  }
}
