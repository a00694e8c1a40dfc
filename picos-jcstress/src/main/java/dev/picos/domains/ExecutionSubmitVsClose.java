package dev.picos.domains;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** A service is closed while a fiber is submitted: the end is not reached without that fiber. */
@JCStressTest
@State
@Outcome(id = "true, false", expect = ACCEPTABLE, desc = "accepted, and waited for")
@Outcome(id = "false, true", expect = ACCEPTABLE, desc = "refused, and over")
@Outcome(id = "false, false", expect = ACCEPTABLE, desc = "refused, and looked at once more")
@Outcome(id = "true, true", expect = FORBIDDEN, desc = "accepted, but the service is over")
public class ExecutionSubmitVsClose {
  private volatile int submitted;
  private volatile boolean closed;

  @Actor
  void submit(ZZ_Result r) {
    submitted = 1;
    r.r1 = !closed;
    if (!r.r1) {
      submitted = 0;
    }
  }

  @Actor
  void close(ZZ_Result r) {
    closed = true;
    r.r2 = submitted == 0;
  }

  /** The mistake: it asks first and then counts. */
  @JCStressTest
  @JCStressMeta(ExecutionSubmitVsClose.class)
  @State
  public static class Broken {
    private volatile int submitted;
    private volatile boolean closed;

    @Actor
    void submit(ZZ_Result r) {
      r.r1 = !closed;
      if (r.r1) {
        submitted = 1;
      }
    }

    @Actor
    void close(ZZ_Result r) {
      closed = true;
      r.r2 = submitted == 0;
    }
  }
}
