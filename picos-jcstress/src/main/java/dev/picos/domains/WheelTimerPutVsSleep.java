package dev.picos.domains;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/**
 * A timeout is set while the timer's thread goes to sleep: the timeout is seen, or the thread is
 * woken.
 */
@JCStressTest
@State
@Outcome(id = "true, true", expect = ACCEPTABLE, desc = "the thread sleeps, and is woken")
@Outcome(id = ".*, false", expect = ACCEPTABLE, desc = "the thread has seen it")
@Outcome(id = "false, true", expect = FORBIDDEN, desc = "the thread sleeps through the deadline")
public class WheelTimerPutVsSleep {
  private final InboxModel timer = new InboxModel();

  @Actor
  void put(ZZ_Result r) {
    r.r1 = timer.put();
  }

  @Actor
  void sleep(ZZ_Result r) {
    r.r2 = timer.sleeps();
  }

  /** The mistake: it announces the sleep with a store that may become visible after the look. */
  @JCStressTest
  @JCStressMeta(WheelTimerPutVsSleep.class)
  @State
  public static class WeakBroken {
    private final InboxModel timer =
        new InboxModel() {
          @Override
          boolean sleeps() {
            SLEEPS_UNTIL.setRelease(this, TimerWheel.NEVER);
            return inbox == null;
          }
        };

    @Actor
    void put(ZZ_Result r) {
      r.r1 = timer.put();
    }

    @Actor
    void sleep(ZZ_Result r) {
      r.r2 = timer.sleeps();
    }
  }

  /** The mistake: it does not look once more after it has announced that it sleeps. */
  @JCStressTest
  @JCStressMeta(WheelTimerPutVsSleep.class)
  @State
  public static class NoSecondLookBroken {
    private final InboxModel timer =
        new InboxModel() {
          @Override
          boolean sleeps() {
            boolean empty = inbox == null;
            sleepsUntil = TimerWheel.NEVER;
            return empty;
          }
        };

    @Actor
    void put(ZZ_Result r) {
      r.r1 = timer.put();
    }

    @Actor
    void sleep(ZZ_Result r) {
      r.r2 = timer.sleeps();
    }
  }
}
