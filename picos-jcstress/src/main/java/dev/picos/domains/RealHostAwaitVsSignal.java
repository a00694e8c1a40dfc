package dev.picos.domains;

import dev.picos.core.Trigger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/**
 * A fiber awaits a trigger that is signaled meanwhile: it goes on, and was never queued twice. The
 * twin is that of {@link HostParkVsUnpark}, which has the same race without a thread.
 */
@JCStressTest
@JCStressMeta(HostParkVsUnpark.class)
@State
public class RealHostAwaitVsSignal {
  private final Trigger trigger = new Trigger();
  private final RealHost host =
      new RealHost(
          () -> {
            Throwable reason = trigger.await();
            if (reason != null) {
              throw new IllegalStateException(reason);
            }
          });

  @Actor
  void domain() {
    host.runSlice();
  }

  @Actor
  void signal() {
    trigger.signal();
  }

  @Arbiter
  void look(ZZ_Result r) {
    r.r1 = host.runToEnd();
    r.r2 = host.wasQueuedTwice();
  }
}
