package dev.picos.domains;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.lang.invoke.VarHandle;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** A run begins inside of one that is being given up: it is refused, or given up as well. */
@JCStressTest
@State
@Outcome(id = "true, true", expect = ACCEPTABLE, desc = "begins, and is given up")
@Outcome(id = "false, true", expect = ACCEPTABLE, desc = "refused, and found as well")
@Outcome(id = "false, false", expect = ACCEPTABLE, desc = "refused")
@Outcome(id = "true, false", expect = FORBIDDEN, desc = "begins, and nobody gives it up")
public class PatienceBeginVsForce {
  private static final String RUN = "run";

  private final Set<String> nested = ConcurrentHashMap.newKeySet();
  private volatile boolean givenUp;

  private boolean isFound() {
    return nested.stream().anyMatch(RUN::equals);
  }

  @Actor
  void begin(ZZ_Result r) {
    nested.add(RUN);
    VarHandle.fullFence();
    r.r1 = !givenUp;
  }

  @Actor
  void force(ZZ_Result r) {
    givenUp = true;
    VarHandle.fullFence();
    r.r2 = isFound();
  }

  /** The mistake: it asks first and then enters the set. */
  @JCStressTest
  @JCStressMeta(PatienceBeginVsForce.class)
  @State
  public static class Broken {
    private final Set<String> nested = ConcurrentHashMap.newKeySet();
    private volatile boolean givenUp;

    @Actor
    void begin(ZZ_Result r) {
      r.r1 = !givenUp;
      nested.add(RUN);
    }

    @Actor
    void force(ZZ_Result r) {
      givenUp = true;
      VarHandle.fullFence();
      r.r2 = nested.stream().anyMatch(RUN::equals);
    }
  }
}
