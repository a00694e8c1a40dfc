package dev.picos.domains;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZZ_Result;

/**
 * A fiber that parks until it is signaled is held by an observer, while it is signaled: it does not
 * run meanwhile, goes on afterwards, and was never queued twice.
 */
@JCStressTest
@State
@Outcome(id = "true, false, false", expect = ACCEPTABLE, desc = "it went on")
@Outcome(id = "false, .*, .*", expect = FORBIDDEN, desc = "the wake-up is lost")
@Outcome(id = "true, true, .*", expect = FORBIDDEN, desc = "there were two entries in the queue")
@Outcome(id = "true, false, true", expect = FORBIDDEN, desc = "it ran while it was held")
public class HostHoldVsUnpark {
  private final HostParkVsUnpark.Awaiting host = new HostParkVsUnpark.Awaiting(HostModel.YIELDED);

  @Actor
  void domain() {
    host.runNext();
    host.runNext();
  }

  @Actor
  void signal() {
    host.signal();
  }

  @Actor
  void observe() {
    host.holdAndLetGo();
  }

  @Arbiter
  void look(ZZZ_Result r) {
    while (host.runNext()) {}
    r.r1 = host.ended;
    r.r2 = host.queuedTwice;
    r.r3 = host.ranWhileHeld;
  }

  /** The mistake: it takes a host that has not been seen to be suspended. */
  @JCStressTest
  @JCStressMeta(HostHoldVsUnpark.class)
  @State
  public static class Broken {
    private final HostParkVsUnpark.Awaiting host =
        new HostParkVsUnpark.Awaiting(HostModel.YIELDED) {
          @Override
          boolean hold() {
            PLACE.setVolatile(this, HELD);
            return true;
          }
        };

    @Actor
    void domain() {
      host.runNext();
      host.runNext();
    }

    @Actor
    void signal() {
      host.signal();
    }

    @Actor
    void observe() {
      host.holdAndLetGo();
    }

    @Arbiter
    void look(ZZZ_Result r) {
      while (host.runNext()) {}
      r.r1 = host.ended;
      r.r2 = host.queuedTwice;
      r.r3 = host.ranWhileHeld;
    }
  }
}
