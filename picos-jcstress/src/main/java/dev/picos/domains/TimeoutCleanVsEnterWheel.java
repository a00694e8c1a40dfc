package dev.picos.domains;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.picos.core.Computation;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/**
 * A timeout is removed and the inbox is cleaned while the timer's thread puts the timeout into its
 * wheel: if the timeout gets there, the cleaner keeps it, for the timer's thread to unlink it.
 */
@JCStressTest
@State
@Outcome(id = "true, false", expect = ACCEPTABLE, desc = "in the wheel, and will be unlinked")
@Outcome(id = "false, true", expect = ACCEPTABLE, desc = "never in the wheel, and dropped")
@Outcome(id = "true, true", expect = FORBIDDEN, desc = "left in the wheel until its time comes")
public class TimeoutCleanVsEnterWheel {
  private static final Throwable REASON = new Exception("test", null, false, false) {};

  private final Timeout timeout =
      new Timeout(TimerWheel.MAX_DEADLINE, new Computation<Integer>(), REASON);

  @Actor
  void enter(ZZ_Result r) {
    r.r1 = timeout.tryEnterWheel();
  }

  @Actor
  void removeAndClean(ZZ_Result r) {
    timeout.remove(WheelTimer.shared());
    r.r2 = timeout.isGarbage(); // as WheelTimer.clean asks
  }

  /**
   * The mistake: it looks at the slot, which the timer's thread writes a moment after the state.
   */
  @JCStressTest
  @JCStressMeta(TimeoutCleanVsEnterWheel.class)
  @State
  public static class Broken {
    private final TimeoutCopy timeout =
        new TimeoutCopy(TimeoutCopy.INBOX) {
          @Override
          boolean isGarbage() {
            return state.getAcquire() >= DONE && slot == Timeout.NOWHERE;
          }
        };

    @Actor
    void enter(ZZ_Result r) {
      r.r1 = timeout.tryEnterWheel();
    }

    @Actor
    void removeAndClean(ZZ_Result r) {
      timeout.remove();
      r.r2 = timeout.isGarbage();
    }
  }
}
