package dev.picos.domains;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/**
 * A fiber is parked, but still has an entry in the queue, after somebody looked at its stack. The
 * domain takes the entry while the fiber is signaled: the fiber goes on.
 */
@JCStressTest
@JCStressMeta(HostParkVsUnpark.class)
@State
public class HostStrayEntryVsUnpark {
  private final HostParkVsUnpark.Awaiting host = new HostParkVsUnpark.Awaiting(HostModel.PARKED);

  @Actor
  void domain() {
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

  /**
   * The mistake: it says RUNNING with a store that may become visible after the slice's next read.
   */
  @JCStressTest
  @JCStressMeta(HostParkVsUnpark.class)
  @State
  public static class Broken {
    private final HostParkVsUnpark.Awaiting host =
        new HostParkVsUnpark.Awaiting(HostModel.PARKED) {
          @Override
          void beginSlice() {
            PLACE.setRelease(this, RUNNING);
          }
        };

    @Actor
    void domain() {
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
