package dev.picos.core;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZI_Result;

/** A trigger is given up while an action is being attached: one of the two callers is told. */
@JCStressTest
@State
@Outcome(id = "true, false, 0", expect = ACCEPTABLE, desc = "disposed of; the action refused")
@Outcome(id = "false, true, 1", expect = ACCEPTABLE, desc = "attached; dispose reports it")
@Outcome(id = "true, true, .", expect = FORBIDDEN, desc = "both believe that they were first")
public class TriggerDisposeVsOnSignal {
  private final Trigger trigger = new Trigger();
  private int runs;

  @Actor
  void dispose(ZZI_Result r) {
    try {
      trigger.dispose();
      r.r1 = true;
    } catch (IllegalStateException e) {
      r.r1 = false;
    }
  }

  @Actor
  void attach(ZZI_Result r) {
    r.r2 =
        trigger.<TriggerDisposeVsOnSignal, @Nullable Object>onSignal(
            this, null, (trigger, self, y) -> self.runs++);
  }

  @Arbiter
  void signal(ZZI_Result r) {
    trigger.signal();
    r.r3 = runs;
  }

  /** The mistake: it ignores that its compare-and-set failed, as the original does. */
  @JCStressTest
  @JCStressMeta(TriggerDisposeVsOnSignal.class)
  @State
  public static class Broken {
    private final TriggerCopy trigger =
        new TriggerCopy() {
          @Override
          void dispose() {
            if (isFirst(state.get())) {
              state.compareAndSet(null, SIGNALED);
            }
          }
        };
    private int runs;

    @Actor
    void dispose(ZZI_Result r) {
      try {
        trigger.dispose();
        r.r1 = true;
      } catch (IllegalStateException e) {
        r.r1 = false;
      }
    }

    @Actor
    void attach(ZZI_Result r) {
      r.r2 = trigger.onSignal(() -> runs++);
    }

    @Arbiter
    void signal(ZZI_Result r) {
      trigger.signal();
      r.r3 = runs;
    }
  }
}
