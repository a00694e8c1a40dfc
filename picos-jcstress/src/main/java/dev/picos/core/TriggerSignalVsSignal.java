package dev.picos.core;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** Two signals come at once to a trigger that has an action: the action runs once. */
@JCStressTest
@State
@Outcome(id = "1", expect = ACCEPTABLE, desc = "one of them ran the action")
@Outcome(id = "0", expect = FORBIDDEN, desc = "each left it to the other")
@Outcome(id = "2", expect = FORBIDDEN, desc = "both ran it")
public class TriggerSignalVsSignal {
  private final AtomicInteger runs = new AtomicInteger();
  private final Trigger trigger =
      Trigger.<AtomicInteger, @Nullable Object>fromAction(
          runs, null, (trigger, runs, y) -> runs.getAndIncrement());

  @Actor
  void signal1() {
    trigger.signal();
  }

  @Actor
  void signal2() {
    trigger.signal();
  }

  @Arbiter
  void count(I_Result r) {
    r.r1 = runs.get();
  }

  /** The mistake: it reads the action and then writes SIGNALED, instead of exchanging them. */
  @JCStressTest
  @JCStressMeta(TriggerSignalVsSignal.class)
  @State
  public static class Broken {
    private final AtomicInteger runs = new AtomicInteger();
    private final TriggerCopy trigger =
        new TriggerCopy() {
          @Override
          @Nullable Runnable take() {
            Runnable before = state.get();
            state.set(SIGNALED);
            return before == SIGNALED ? null : before;
          }
        };

    public Broken() {
      trigger.onSignal(runs::getAndIncrement);
    }

    @Actor
    void signal1() {
      trigger.signal();
    }

    @Actor
    void signal2() {
      trigger.signal();
    }

    @Arbiter
    void count(I_Result r) {
      r.r1 = runs.get();
    }
  }
}
