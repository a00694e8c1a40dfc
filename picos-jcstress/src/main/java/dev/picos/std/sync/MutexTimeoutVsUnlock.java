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
import org.openjdk.jcstress.infra.results.ZZ_Result;

/**
 * A mutex is unlocked just when the time of its only waiter is over: the waiter has it, or it is
 * free.
 */
@JCStressTest
@State
@Outcome(id = "true, false", expect = ACCEPTABLE, desc = "locked")
@Outcome(id = "false, true", expect = ACCEPTABLE, desc = "too late, and the mutex is free")
@Outcome(id = "false, false", expect = FORBIDDEN, desc = "locked for ever, by nobody")
@Outcome(id = "true, true", expect = FORBIDDEN, desc = "locked by two")
public class MutexTimeoutVsUnlock {
  private final Mutex mutex = Mutex.unchecked();
  private final Deadline deadline = new Deadline(Duration.ofDays(1));

  public MutexTimeoutVsUnlock() {
    mutex.lock();
  }

  @Actor
  void lock(ZZ_Result r) {
    r.r1 = mutex.lockSlowly(mutex.caller(), deadline.limit());
  }

  @Actor
  void unlock() {
    mutex.unlock();
  }

  @Actor
  void timeOut() {
    deadline.pass();
  }

  @Arbiter
  void look(ZZ_Result r) {
    r.r2 = mutex.tryLock();
  }

  /** The mistake: it looks whether the waiter has given up, and then hands over, in two steps. */
  @JCStressTest
  @JCStressMeta(MutexTimeoutVsUnlock.class)
  @State
  public static class Broken {
    private final Deadline deadline = new Deadline(Duration.ofDays(1));
    private final Trigger trigger = new Trigger();
    private volatile boolean gaveUp;
    private volatile boolean granted;
    private volatile boolean free;

    @Actor
    void lock(ZZ_Result r) {
      boolean timedOut = deadline.await(trigger) != null;
      if (timedOut && !granted) {
        gaveUp = true;
      } else {
        r.r1 = true;
      }
    }

    @Actor
    void unlock() {
      if (gaveUp) {
        free = true;
      } else {
        granted = true;
        trigger.signal();
      }
    }

    @Actor
    void timeOut() {
      deadline.pass();
    }

    @Arbiter
    void look(ZZ_Result r) {
      r.r2 = free;
    }
  }
}
