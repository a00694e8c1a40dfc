package dev.picos.domains;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** The last two domains of an execution find nothing to do: one of them stays. */
@JCStressTest
@State
@Outcome(id = "true, false", expect = ACCEPTABLE, desc = "the second stays")
@Outcome(id = "false, true", expect = ACCEPTABLE, desc = "the first stays")
@Outcome(id = "true, true", expect = FORBIDDEN, desc = "nobody is left")
@Outcome(id = "false, false", expect = FORBIDDEN, desc = "both stay, and one may sleep only")
public class WorkersLeaveVsLeave {
  private final AtomicInteger working = new AtomicInteger(2);

  private boolean tryLeave() {
    int before = working.get();
    while (before > 1) {
      if (working.compareAndSet(before, before - 1)) {
        return true;
      }
      before = working.get();
    }
    return false;
  }

  @Actor
  void first(ZZ_Result r) {
    r.r1 = tryLeave();
  }

  @Actor
  void second(ZZ_Result r) {
    r.r2 = tryLeave();
  }

  /** The mistake: it looks whether there is another domain and then leaves. */
  @JCStressTest
  @JCStressMeta(WorkersLeaveVsLeave.class)
  @State
  public static class Broken {
    private final AtomicInteger working = new AtomicInteger(2);

    private boolean tryLeave() {
      if (working.get() > 1) {
        working.decrementAndGet();
        return true;
      }
      return false;
    }

    @Actor
    void first(ZZ_Result r) {
      r.r1 = tryLeave();
    }

    @Actor
    void second(ZZ_Result r) {
      r.r2 = tryLeave();
    }
  }
}
