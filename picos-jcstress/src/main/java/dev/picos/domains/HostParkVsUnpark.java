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
 * A fiber parks until it is signaled, while it is signaled: it goes on, and was never queued twice.
 */
@JCStressTest
@State
@Outcome(id = "true, false", expect = ACCEPTABLE, desc = "it went on")
@Outcome(id = "false, .*", expect = FORBIDDEN, desc = "the wake-up is lost")
@Outcome(id = "true, true", expect = FORBIDDEN, desc = "there were two entries in the queue")
public class HostParkVsUnpark {
  /** A fiber that does what Host.await does. */
  static class Awaiting extends HostModel {
    volatile boolean signaled;
    boolean ended;

    Awaiting(int state) {
      super(state);
    }

    @Override
    final void goOn() {
      while (!signaled) {
        if (park()) {
          return;
        }
      }
      ended = true;
      terminate();
    }

    final void signal() {
      signaled = true;
      unpark();
    }
  }

  private final Awaiting host = new Awaiting(HostModel.YIELDED);

  @Actor
  void domain() {
    host.runNext();
    host.runNext();
  }

  @Actor
  void signal() {
    host.signal();
  }

  @Arbiter
  void look(ZZ_Result r) {
    while (host.runNext()) {}
    r.r1 = host.ended;
    r.r2 = host.queuedTwice;
  }

  /** The mistake: it says only after the slice that the host is no longer in the queue. */
  @JCStressTest
  @JCStressMeta(HostParkVsUnpark.class)
  @State
  public static class Broken {
    private final Awaiting host =
        new Awaiting(HostModel.YIELDED) {
          @Override
          void beginSlice() {}

          @Override
          boolean endSlice() {
            PLACE.compareAndSet(this, QUEUED, OUT);
            return false;
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

    @Arbiter
    void look(ZZ_Result r) {
      while (host.runNext()) {}
      r.r1 = host.ended;
      r.r2 = host.queuedTwice;
    }
  }
}
