package dev.picos.domains;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZZ_Result;

/**
 * A fiber uses its seat while another domain takes the seat over: they do not use it at the same
 * time.
 */
@JCStressTest
@State
@Outcome(id = "true, true, false", expect = ACCEPTABLE, desc = "the fiber, then the other domain")
@Outcome(id = "true, false, false", expect = ACCEPTABLE, desc = "the fiber keeps the seat")
@Outcome(id = "false, true, false", expect = ACCEPTABLE, desc = "the fiber has lost the seat")
@Outcome(id = "false, false, .*", expect = FORBIDDEN, desc = "nobody has the seat")
@Outcome(id = ".*, .*, true", expect = FORBIDDEN, desc = "both used it")
public class HostUseVsRelief {
  /** A fiber that is running. */
  static class Using extends HostModel {
    private volatile boolean fiberUses;
    private volatile boolean otherUses;

    Using() {
      super(MOUNTED);
      place = RUNNING;
    }

    @Override
    final void goOn() {}

    /** A method of Host: it is on the stack before it reads the place. */
    boolean findOut() {
      usesSeat = true;
      return holdsSeat();
    }

    final void use(ZZZ_Result r) {
      r.r1 = findOut();
      if (r.r1) {
        fiberUses = true;
        if (otherUses) {
          r.r3 = true;
        }
        fiberUses = false;
      }
      usesSeat = false;
    }

    final void takeOver(ZZZ_Result r) {
      r.r2 = relieve();
      if (r.r2) {
        otherUses = true;
        if (fiberUses) {
          r.r3 = true;
        }
      }
    }
  }

  private final Using host = new Using();

  @Actor
  void fiber(ZZZ_Result r) {
    host.use(r);
  }

  @Actor
  void other(ZZZ_Result r) {
    host.takeOver(r);
  }

  /** The mistake: the place is read before the stack shows that the seat is about to be used. */
  @JCStressTest
  @JCStressMeta(HostUseVsRelief.class)
  @State
  public static class Broken {
    private final Using host =
        new Using() {
          @Override
          boolean findOut() {
            boolean holds = holdsSeat();
            usesSeat = true;
            return holds;
          }
        };

    @Actor
    void fiber(ZZZ_Result r) {
      host.use(r);
    }

    @Actor
    void other(ZZZ_Result r) {
      host.takeOver(r);
    }
  }
}
