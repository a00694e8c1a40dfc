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
import org.openjdk.jcstress.infra.results.ZI_Result;

/**
 * A signal comes while the action is being attached: the action runs exactly if it was attached.
 */
@JCStressTest
@State
@Outcome(id = "true, 1", expect = ACCEPTABLE, desc = "attached before the signal, and ran")
@Outcome(id = "false, 0", expect = ACCEPTABLE, desc = "refused after the signal")
@Outcome(id = "true, 0", expect = FORBIDDEN, desc = "attached, but nobody runs it")
@Outcome(id = "false, 1", expect = FORBIDDEN, desc = "refused, but it ran")
public class TriggerSignalVsOnSignal {
  private final Trigger trigger = new Trigger();
  private int runs;

  @Actor
  void signal() {
    trigger.signal();
  }

  @Actor
  void attach(ZI_Result r) {
    r.r1 =
        trigger.<TriggerSignalVsOnSignal, @Nullable Object>onSignal(
            this, null, (trigger, self, y) -> self.runs++);
  }

  @Arbiter
  void count(ZI_Result r) {
    r.r2 = runs;
  }

  /** The mistake: it looks whether the trigger is initial and then writes, without comparing. */
  @JCStressTest
  @JCStressMeta(TriggerSignalVsOnSignal.class)
  @State
  public static class Broken {
    private final TriggerCopy trigger =
        new TriggerCopy() {
          @Override
          boolean onSignal(Runnable action) {
            Runnable before = state.get();
            if (before == null) {
              state.set(action);
            }
            return isFirst(before);
          }
        };
    private int runs;

    @Actor
    void signal() {
      trigger.signal();
    }

    @Actor
    void attach(ZI_Result r) {
      r.r1 = trigger.onSignal(() -> runs++);
    }

    @Arbiter
    void count(ZI_Result r) {
      r.r2 = runs;
    }
  }
}
