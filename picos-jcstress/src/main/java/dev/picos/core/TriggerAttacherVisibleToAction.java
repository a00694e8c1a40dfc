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
import org.openjdk.jcstress.infra.results.I_Result;

/** The action, in the signaler's thread, sees its arguments and what the attacher did before. */
@JCStressTest
@State
@Outcome(id = "-1", expect = ACCEPTABLE, desc = "signaled before the action was attached")
@Outcome(id = "1", expect = ACCEPTABLE, desc = "the action saw everything")
@Outcome(id = "0", expect = FORBIDDEN, desc = "the action ran too early")
public class TriggerAttacherVisibleToAction {
  private final Trigger trigger = new Trigger();
  private int data;
  private int seen = -1;

  @Actor
  void signal() {
    trigger.signal();
  }

  @Actor
  void attach() {
    data = 1;
    boolean unused =
        trigger.<TriggerAttacherVisibleToAction, @Nullable Object>onSignal(
            this, null, (trigger, self, y) -> self.seen = self.data);
  }

  @Arbiter
  void look(I_Result r) {
    r.r1 = seen;
  }

  /**
   * The mistake: it puts the action where the signaler finds it, and only then fills in the rest.
   */
  @JCStressTest
  @JCStressMeta(TriggerAttacherVisibleToAction.class)
  @State
  public static class Broken {
    private final TriggerCopy trigger = new TriggerCopy();
    private int data;
    private int seen = -1;

    @Actor
    void signal() {
      trigger.signal();
    }

    @Actor
    void attach() {
      trigger.onSignal(() -> seen = data);
      data = 1;
    }

    @Arbiter
    void look(I_Result r) {
      r.r1 = seen;
    }
  }
}
