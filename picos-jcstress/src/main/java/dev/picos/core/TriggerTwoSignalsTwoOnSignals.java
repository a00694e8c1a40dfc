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
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * Two signals and two attachments come at once: this is the contract that Picos checks with
 * DSCheck. At most one action is attached, it runs, and an attachment is refused by an exception
 * exactly if it found the other one's action.
 */
@JCStressTest
@State
@Outcome(id = "0, 0, 0", expect = ACCEPTABLE, desc = "a signal came before both")
@Outcome(id = "1, 0, 1", expect = ACCEPTABLE, desc = "the first, a signal, the second")
@Outcome(id = "0, 1, 1", expect = ACCEPTABLE, desc = "the second, a signal, the first")
@Outcome(id = "1, -1, 1", expect = ACCEPTABLE, desc = "the first, the second, a signal")
@Outcome(id = "-1, 1, 1", expect = ACCEPTABLE, desc = "the second, the first, a signal")
@Outcome(id = "1, 1, .", expect = FORBIDDEN, desc = "one took the other's place")
@Outcome(id = ".*1.*, 0", expect = FORBIDDEN, desc = "attached, but nobody runs it")
public class TriggerTwoSignalsTwoOnSignals {
  private static final Trigger.Action<AtomicInteger, @Nullable Object> COUNT =
      (trigger, runs, y) -> runs.getAndIncrement();

  private final Trigger trigger = new Trigger();
  private final AtomicInteger runs = new AtomicInteger();

  @Actor
  void signal1() {
    trigger.signal();
  }

  @Actor
  void attach1(III_Result r) {
    r.r1 = attach();
  }

  @Actor
  void attach2(III_Result r) {
    r.r2 = attach();
  }

  @Actor
  void signal2() {
    trigger.signal();
  }

  private int attach() {
    try {
      return trigger.onSignal(runs, null, COUNT) ? 1 : 0;
    } catch (IllegalStateException e) {
      return -1;
    }
  }

  @Arbiter
  void count(III_Result r) {
    r.r3 = runs.get();
  }

  /** The mistake: it looks whether the trigger is initial and then writes, without comparing. */
  @JCStressTest
  @JCStressMeta(TriggerTwoSignalsTwoOnSignals.class)
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
    private final AtomicInteger runs = new AtomicInteger();

    @Actor
    void signal1() {
      trigger.signal();
    }

    @Actor
    void attach1(III_Result r) {
      r.r1 = attach();
    }

    @Actor
    void attach2(III_Result r) {
      r.r2 = attach();
    }

    @Actor
    void signal2() {
      trigger.signal();
    }

    private int attach() {
      try {
        return trigger.onSignal(runs::getAndIncrement) ? 1 : 0;
      } catch (IllegalStateException e) {
        return -1;
      }
    }

    @Arbiter
    void count(III_Result r) {
      r.r3 = runs.get();
    }
  }
}
