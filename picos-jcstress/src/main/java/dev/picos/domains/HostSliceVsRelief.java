package dev.picos.domains;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** A slice ends while another domain comes to relieve the one that ran it: one has the seat. */
@JCStressTest
@State
@Outcome(id = "true, false", expect = ACCEPTABLE, desc = "the slice was over before")
@Outcome(id = "false, true", expect = ACCEPTABLE, desc = "the other domain has taken the seat")
@Outcome(id = "true, true", expect = FORBIDDEN, desc = "both take the seat to be theirs")
@Outcome(id = "false, false", expect = FORBIDDEN, desc = "nobody has the seat")
public class HostSliceVsRelief {
  /** A fiber that waits once. */
  static class Parking extends HostModel {
    boolean taken;

    Parking() {
      super(YIELDED);
    }

    @Override
    final void goOn() {
      park();
    }
  }

  private final Parking host = new Parking();

  @Actor
  void domain() {
    host.runNext();
  }

  @Actor
  void other() {
    host.taken = host.relieve();
  }

  @Arbiter
  void end(ZZ_Result r) {
    r.r1 = host.holdsSeat;
    r.r2 = host.taken;
  }

  /** The mistake: the slice ends without comparing. */
  @JCStressTest
  @JCStressMeta(HostSliceVsRelief.class)
  @State
  public static class Broken {
    private final Parking host =
        new Parking() {
          @Override
          boolean endSlice() {
            holdsSeat = place != LOST;
            PLACE.setVolatile(this, OUT);
            return false;
          }
        };

    @Actor
    void domain() {
      host.runNext();
    }

    @Actor
    void other() {
      host.taken = host.relieve();
    }

    @Arbiter
    void end(ZZ_Result r) {
      r.r1 = host.holdsSeat;
      r.r2 = host.taken;
    }
  }
}
