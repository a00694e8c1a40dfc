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

/**
 * A timeout is removed while the timer's thread moves it from its inbox to its wheel: it is put
 * into the inbox once more, to be unlinked, exactly if it is in the wheel.
 */
@JCStressTest
@State
@Outcome(id = "true, true", expect = ACCEPTABLE, desc = "in the wheel, and will be unlinked")
@Outcome(id = "false, false", expect = ACCEPTABLE, desc = "removed before it got there")
@Outcome(id = "true, false", expect = FORBIDDEN, desc = "left in the wheel until its time comes")
@Outcome(id = "false, true", expect = FORBIDDEN, desc = "in the inbox twice")
public class TimeoutRemoveVsEnterWheel {
  private static final Throwable REASON = new Exception("test", null, false, false) {};

  private final Timeout timeout =
      new Timeout(TimerWheel.MAX_DEADLINE, new Computation<Integer>(), REASON);

  @Actor
  void enter(ZZ_Result r) {
    r.r1 = timeout.tryEnterWheel();
  }

  @Actor
  void remove() {
    timeout.remove(WheelTimer.shared());
  }

  @Arbiter
  void look(ZZ_Result r) {
    r.r2 = timeout.depth != 0; // of the inbox, when it was put there
  }

  /** The mistake: it looks where the timeout is and then writes, without comparing. */
  @JCStressTest
  @JCStressMeta(TimeoutRemoveVsEnterWheel.class)
  @State
  public static class Broken {
    private final TimeoutCopy timeout = new TimeoutCopy.Unchecked(TimeoutCopy.INBOX);

    @Actor
    void enter(ZZ_Result r) {
      r.r1 = timeout.tryEnterWheel();
    }

    @Actor
    void remove() {
      timeout.remove();
    }

    @Arbiter
    void look(ZZ_Result r) {
      r.r2 = timeout.wasPut;
    }
  }
}
