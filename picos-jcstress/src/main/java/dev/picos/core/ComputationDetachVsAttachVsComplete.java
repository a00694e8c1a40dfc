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
 * One trigger is detached, another is attached, and the computation is completed, all at once while
 * the bag is due to be rebuilt: those triggers are signaled that are attached, and no others.
 */
@JCStressTest
@State
@Outcome(id = "true, true, true", expect = ACCEPTABLE, desc = "attached before the completion")
@Outcome(id = "true, false, false", expect = ACCEPTABLE, desc = "refused after it")
@Outcome(id = ".*, true, false", expect = FORBIDDEN, desc = "attached, but nobody signals it")
@Outcome(id = "false, .*, .*", expect = FORBIDDEN, desc = "the trigger that was there is gone")
public class ComputationDetachVsAttachVsComplete {
  private final Computation<Integer> computation = new Computation<>();
  private final Trigger there = new Trigger();
  private final Trigger detached = new Trigger();
  private final Trigger attached = new Trigger();

  public ComputationDetachVsAttachVsComplete() {
    Attached.attach(computation, there);
    Attached.attach(computation, detached);
    Attached.addGarbage(computation, 2);
  }

  @Actor
  void detach() {
    computation.detach(detached);
  }

  @Actor
  void attach(ZZZ_Result r) {
    r.r2 = computation.tryAttach(attached);
  }

  @Actor
  void complete() {
    computation.tryReturn(1);
  }

  @Arbiter
  void look(ZZZ_Result r) {
    r.r1 = there.isSignaled();
    r.r3 = attached.isSignaled();
  }

  /**
   * The mistake: after it has lost to another thread, it puts in what it had, instead of looking
   * anew.
   */
  @JCStressTest
  @JCStressMeta(ComputationDetachVsAttachVsComplete.class)
  @State
  public static class Broken {
    private final ComputationCopy computation =
        new ComputationCopy() {
          @Override
          void detach(Trigger trigger) {
            trigger.signal();
            Bag bag = bag();
            if (bag != null) {
              Bag rest = bag.minus(trigger);
              Object before = bag;
              while (!swap(before, rest)) {
                before = state.get();
              }
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
    void attach(ZZZ_Result r) {
      r.r2 = computation.tryAttach(attached);
    }

    @Actor
    void complete() {
      computation.tryComplete(1);
    }

    @Arbiter
    void look(ZZZ_Result r) {
      r.r1 = there.isSignaled();
      r.r3 = attached.isSignaled();
    }
  }
}
