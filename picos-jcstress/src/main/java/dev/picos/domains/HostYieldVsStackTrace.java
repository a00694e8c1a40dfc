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
 * A fiber yields, and somebody looks at its stack, after which the JVM hands out the slice once too
 * often, perhaps before the fiber yields and perhaps after. The fiber is never queued twice, and
 * goes on.
 */
@JCStressTest
@State
@Outcome(id = "true, false", expect = ACCEPTABLE, desc = "it went on")
@Outcome(id = "false, .*", expect = FORBIDDEN, desc = "it is runnable, but in no queue")
@Outcome(id = "true, true", expect = FORBIDDEN, desc = "there were two entries in the queue")
public class HostYieldVsStackTrace {
  /** A fiber that yields twice. */
  static class Yielding extends HostModel {
    private int yields;
    boolean ended;

    Yielding() {
      super(YIELDED);
    }

    @Override
    final void goOn() {
      if (yields < 2) {
        yields++;
        yieldThread();
      } else {
        ended = true;
        terminate();
      }
    }
  }

  private final Yielding host = new Yielding();

  @Actor
  void domain() {
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
    r.r2 = host.queuedTwice;
  }

  /** The mistake: it says OUT after a slice without comparing, and forgets what came meanwhile. */
  @JCStressTest
  @JCStressMeta(HostYieldVsStackTrace.class)
  @State
  public static class Broken {
    private final Yielding host =
        new Yielding() {
          @Override
          boolean endSlice() {
            boolean again = place == AGAIN;
            PLACE.setVolatile(this, again ? QUEUED : OUT);
            return again;
          }
        };

    @Actor
    void domain() {
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
      r.r2 = host.queuedTwice;
    }
  }
}
