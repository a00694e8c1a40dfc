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

/**
 * Two domains of one execution meet somebody who looks at the stack of a fiber that yields: the
 * fiber belongs to one domain at a time, and goes on.
 */
@JCStressTest
@State
@Outcome(id = "true, false", expect = ACCEPTABLE, desc = "it went on")
@Outcome(id = "false, .*", expect = FORBIDDEN, desc = "it is runnable, but in no queue")
@Outcome(id = "true, true", expect = FORBIDDEN, desc = "both domains took it to be theirs")
public class HostSliceVsStackTrace {
  private final HostYieldVsStackTrace.Yielding host = new HostYieldVsStackTrace.Yielding();

  @Actor
  void domain() {
    host.runNext();
    host.runNext();
  }

  @Actor
  void other() {
    host.runNext();
    host.runNext();
  }

  @Actor
  void look() {
    host.stackTrace();
  }

  @Arbiter
  void end(ZZ_Result r) {
    while (host.runNext()) {}
    r.r1 = host.ended;
    r.r2 = host.ofTwoDomains;
  }

  /** The mistake: it queues the host at once, although its slice is not over. */
  @JCStressTest
  @JCStressMeta(HostSliceVsStackTrace.class)
  @State
  public static class Broken {
    private final HostYieldVsStackTrace.Yielding host =
        new HostYieldVsStackTrace.Yielding() {
          @Override
          void beginSlice() {
            PLACE.setVolatile(this, OUT);
          }

          @Override
          boolean endSlice() {
            return false;
          }
        };

    @Actor
    void domain() {
      host.runNext();
      host.runNext();
    }

    @Actor
    void other() {
      host.runNext();
      host.runNext();
    }

    @Actor
    void look() {
      host.stackTrace();
    }

    @Arbiter
    void end(ZZ_Result r) {
      while (host.runNext()) {}
      r.r1 = host.ended;
      r.r2 = host.ofTwoDomains;
    }
  }
}
