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
 * A computation is completed while a trigger is being attached: the trigger is signaled exactly if
 * it was attached.
 */
@JCStressTest
@State
@Outcome(id = "true, true, true", expect = ACCEPTABLE, desc = "attached before the completion")
@Outcome(id = "true, false, false", expect = ACCEPTABLE, desc = "refused after it")
@Outcome(id = ".*, true, false", expect = FORBIDDEN, desc = "attached, but nobody signals it")
@Outcome(id = "false, .*, .*", expect = FORBIDDEN, desc = "the completion is gone")
public class ComputationCompleteVsAttach {
  private final Computation<Integer> computation = new Computation<>();
  private final Trigger trigger = new Trigger();

  @Actor
  void complete() {
    computation.tryReturn(1);
  }

  @Actor
  void attach(ZZZ_Result r) {
    r.r2 = computation.tryAttach(trigger);
  }

  @Arbiter
  void look(ZZZ_Result r) {
    r.r1 = computation.peek() != null;
    r.r3 = trigger.isSignaled();
  }

  /** The mistake: it completes whatever the bag is by then, but signals what it read before. */
  @JCStressTest
  @JCStressMeta(ComputationCompleteVsAttach.class)
  @State
  public static class Broken {
    private final ComputationCopy computation =
        new ComputationCopy() {
          @Override
          boolean tryComplete(int outcome) {
            Bag bag = bag();
            if (bag == null) {
              return false;
            }
            state.set(outcome);
            Cascade.signal(bag);
            return true;
          }
        };
    private final Trigger trigger = new Trigger();

    @Actor
    void complete() {
      computation.tryComplete(1);
    }

    @Actor
    void attach(ZZZ_Result r) {
      r.r2 = computation.tryAttach(trigger);
    }

    @Arbiter
    void look(ZZZ_Result r) {
      r.r1 = computation.outcome() != 0;
      r.r3 = trigger.isSignaled();
    }
  }
}
