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
 * Two actions are attached at once: one succeeds, the other is reported, and the signal runs the
 * first.
 */
@JCStressTest
@State
@Outcome(id = "1, -1, 1", expect = ACCEPTABLE, desc = "the first was attached, and ran")
@Outcome(id = "-1, 1, 2", expect = ACCEPTABLE, desc = "the second was attached, and ran")
@Outcome(id = "1, 1, .", expect = FORBIDDEN, desc = "one took the other's place")
public class TriggerOnSignalVsOnSignal {
  private static final Trigger.Action<TriggerOnSignalVsOnSignal, Integer> RUN =
      (trigger, self, number) -> self.ran += number;

  private final Trigger trigger = new Trigger();
  private int ran;

  @Actor
  void attach1(III_Result r) {
    r.r1 = attach(1);
  }

  @Actor
  void attach2(III_Result r) {
    r.r2 = attach(2);
  }

  private int attach(int number) {
    try {
      return trigger.onSignal(this, number, RUN) ? 1 : 0;
    } catch (IllegalStateException e) {
      return -1;
    }
  }

  @Arbiter
  void signal(III_Result r) {
    trigger.signal();
    r.r3 = ran;
  }

  /** The mistake: it looks whether the trigger is initial and then writes, without comparing. */
  @JCStressTest
  @JCStressMeta(TriggerOnSignalVsOnSignal.class)
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
    private int ran;

    @Actor
    void attach1(III_Result r) {
      r.r1 = attach(() -> ran += 1);
    }

    @Actor
    void attach2(III_Result r) {
      r.r2 = attach(() -> ran += 2);
    }

    private int attach(Runnable action) {
      try {
        return trigger.onSignal(action) ? 1 : 0;
      } catch (IllegalStateException e) {
        return -1;
      }
    }

    @Arbiter
    void signal(III_Result r) {
      trigger.signal();
      r.r3 = ran;
    }
  }
}
