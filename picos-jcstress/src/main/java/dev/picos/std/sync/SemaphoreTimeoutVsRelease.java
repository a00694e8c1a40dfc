package dev.picos.std.sync;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.picos.core.Trigger;
import dev.picos.std.internal.Deadline;
import java.time.Duration;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZI_Result;

/**
 * A permit is released just when the time of the only waiter is over: it is taken, or still there.
 */
@JCStressTest
@State
@Outcome(id = "true, 0", expect = ACCEPTABLE, desc = "acquired")
@Outcome(id = "false, 1", expect = ACCEPTABLE, desc = "too late, and the permit is available")
@Outcome(id = "false, 0", expect = FORBIDDEN, desc = "lost")
@Outcome(id = "true, 1", expect = FORBIDDEN, desc = "duplicated")
public class SemaphoreTimeoutVsRelease {
  private final Semaphore semaphore = new Semaphore(0);
  private final Deadline deadline = new Deadline(Duration.ofDays(1));

  @Actor
  void acquire(ZI_Result r) {
    r.r1 = semaphore.acquireSlowly(1, deadline.limit());
  }

  @Actor
  void release() {
    semaphore.release();
  }

  @Actor
  void timeOut() {
    deadline.pass();
  }

  @Arbiter
  void look(ZI_Result r) {
    r.r2 = semaphore.availablePermits();
  }

  /**
   * The mistake: it assumes that a waiter that its timeout has woken has not been granted a permit.
   */
  @JCStressTest
  @JCStressMeta(SemaphoreTimeoutVsRelease.class)
  @State
  public static class Broken {
    private final Deadline deadline = new Deadline(Duration.ofDays(1));
    private final Trigger trigger = new Trigger();
    private volatile boolean waits = true;
    private volatile int permits;

    @Actor
    void acquire(ZI_Result r) {
      r.r1 = deadline.await(trigger) == null;
      waits = false;
    }

    @Actor
    void release() {
      if (waits) {
        trigger.signal();
      } else {
        permits = 1;
      }
    }

    @Actor
    void timeOut() {
      deadline.pass();
    }

    @Arbiter
    void look(ZI_Result r) {
      r.r2 = permits;
    }
  }
}
