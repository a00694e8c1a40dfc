package dev.picos.core;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZZ_Result;

/**
 * One trigger is detached while another is attached, and both want to rebuild the bag: it keeps the
 * live triggers, old and new, and not much else.
 */
@JCStressTest
@State
@Outcome(id = "true, true, true", expect = ACCEPTABLE, desc = "all is well")
@Outcome(id = ".*, .*, false", expect = FORBIDDEN, desc = "garbage is left")
@Outcome(id = "false, .*, .*", expect = FORBIDDEN, desc = "the trigger that was there is gone")
@Outcome(id = "true, false, .*", expect = FORBIDDEN, desc = "the attached trigger is gone")
public class ComputationDetachVsAttach {
  private final Computation<Integer> computation = new Computation<>();
  private final Trigger there = new Trigger();
  private final Trigger detached = new Trigger();
  private final Trigger attached = new Trigger();

  public ComputationDetachVsAttach() {
    Attached.attach(computation, there);
    Attached.attach(computation, detached);
    Attached.addGarbage(computation, 2);
  }

  @Actor
  void detach() {
    computation.detach(detached);
  }

  @Actor
  void attach() {
    Attached.attach(computation, attached);
  }

  @Arbiter
  void complete(ZZZ_Result r) {
    // Two triggers are alive; of the five that are not, at least the three that were dead before
    // must go.
    r.r3 = computation.attachedCount() <= 3;
    computation.tryReturn(1);
    r.r1 = there.isSignaled();
    r.r2 = attached.isSignaled();
  }

  /**
   * The mistake: it puts the bag with the new trigger in the place of whatever is there by then.
   */
  @JCStressTest
  @JCStressMeta(ComputationDetachVsAttach.class)
  @State
  public static class Broken {
    private final ComputationCopy computation =
        new ComputationCopy() {
          @Override
          boolean tryAttach(Trigger trigger) {
            Bag bag = bag();
            if (bag == null) {
              return false;
            }
            state.set(bag.plus(trigger));
            return true;
          }

          @Override
          void detach(Trigger trigger) {
            trigger.signal();
            Bag bag = bag();
            if (bag != null) {
              state.set(bag.minus(trigger));
            }
          }
        };
    private final Trigger there = new Trigger();
    private final Trigger detached = new Trigger();
    private final Trigger attached = new Trigger();

    public Broken() {
      computation.tryAttach(there);
      computation.tryAttach(detached);
    }

    @Actor
    void detach() {
      computation.detach(detached);
    }

    @Actor
    void attach() {
      computation.tryAttach(attached);
    }

    @Arbiter
    void complete(ZZZ_Result r) {
      r.r3 = true;
      computation.tryComplete(1);
      r.r1 = there.isSignaled();
      r.r2 = attached.isSignaled();
    }
  }
}
