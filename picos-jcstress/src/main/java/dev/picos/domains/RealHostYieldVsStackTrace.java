package dev.picos.domains;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/**
 * A fiber yields, and somebody looks at its stack: it goes on, and was never queued twice. The twin
 * is that of {@link HostYieldVsStackTrace}, which has the same race without a thread.
 */
@JCStressTest
@JCStressMeta(HostYieldVsStackTrace.class)
@State
public class RealHostYieldVsStackTrace {
  private final RealHost host =
      new RealHost(
          () -> {
            Thread.yield();
            Thread.yield();
          });

  @Actor
  void domain() {
    host.runSlice();
    host.runToEnd();
  }

  @Actor
  void look() {
    host.thread().getStackTrace();
  }

  @Arbiter
  void end(ZZ_Result r) {
    r.r1 = host.runToEnd();
    r.r2 = host.wasQueuedTwice();
  }
}
