package dev.picos.domains;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.picos.core.Computation;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** A timeout in the wheel is removed just when it is due: it fires, or it will be unlinked. */
@JCStressTest
@State
@Outcome(id = "true, false", expect = ACCEPTABLE, desc = "it fired")
@Outcome(id = "false, true", expect = ACCEPTABLE, desc = "it was removed")
@Outcome(id = "true, true", expect = FORBIDDEN, desc = "both")
@Outcome(id = "false, false", expect = FORBIDDEN, desc = "neither")
public class TimeoutRemoveVsFire {
  private static final Throwable REASON = new Exception("test", null, false, false) {};

  private final Computation<Integer> computation = new Computation<>();
  private final Timeout timeout = new Timeout(TimerWheel.MAX_DEADLINE, computation, REASON);

  public TimeoutRemoveVsFire() {
    timeout.tryEnterWheel();
  }

  @Actor
  void fire() {
    timeout.fire();
  }

  @Actor
  void remove() {
    timeout.remove(WheelTimer.shared());
  }

  @Arbiter
  void look(ZZ_Result r) {
    r.r1 = computation.cancelReason() == REASON;
    r.r2 = timeout.depth != 0; // of the inbox, when it was put there
  }

  /** The mistake: it looks where the timeout is and then writes, without comparing. */
  @JCStressTest
  @JCStressMeta(TimeoutRemoveVsFire.class)
  @State
  public static class Broken {
    private final TimeoutCopy timeout = new TimeoutCopy.Unchecked(TimeoutCopy.WHEEL);

    @Actor
    void fire() {
      timeout.fire();
    }

    @Actor
    void remove() {
      timeout.remove();
    }

    @Arbiter
    void look(ZZ_Result r) {
      r.r1 = timeout.fired;
      r.r2 = timeout.wasPut;
    }
  }
}
