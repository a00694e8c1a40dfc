package dev.picos.std.internal;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** A waiter is granted what it waits for while it is canceled: either it has it, or it does not. */
@JCStressTest
@State
@Outcome(id = "true, false", expect = ACCEPTABLE, desc = "granted; the waiter has to pass it on")
@Outcome(id = "false, true", expect = ACCEPTABLE, desc = "abandoned; another one is granted it")
@Outcome(id = "true, true", expect = FORBIDDEN, desc = "lost: nobody has it")
@Outcome(id = "false, false", expect = FORBIDDEN, desc = "duplicated: both pass it on")
public class WaiterGrantVsAbandon {
  private final Waiter waiter = new Waiter(null);

  @Actor
  void grant(ZZ_Result r) {
    r.r1 = waiter.grant();
  }

  @Actor
  void abandon(ZZ_Result r) {
    r.r2 = waiter.abandon();
  }

  /** The mistake: it looks and then writes, instead of a compare-and-set. */
  @JCStressTest
  @JCStressMeta(WaiterGrantVsAbandon.class)
  @State
  public static class Broken {
    private volatile int status;

    private boolean change(int to) {
      if (status != 0) {
        return false;
      }
      status = to;
      return true;
    }

    @Actor
    void grant(ZZ_Result r) {
      r.r1 = change(1);
    }

    @Actor
    void abandon(ZZ_Result r) {
      r.r2 = change(2);
    }
  }
}
