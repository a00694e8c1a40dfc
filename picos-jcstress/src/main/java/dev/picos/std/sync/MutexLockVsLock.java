package dev.picos.std.sync;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** Two threads count in a plain field under a mutex. */
@JCStressTest
@State
@Outcome(id = "2", expect = ACCEPTABLE, desc = "both counted, and the later one saw the earlier")
@Outcome(expect = FORBIDDEN, desc = "they were in there together, or one did not see the other")
public class MutexLockVsLock {
  private final Mutex mutex = new Mutex();
  private int count;

  @Actor
  void lock() {
    mutex.lock();
    count++;
    mutex.unlock();
  }

  @Actor
  void tryLock() {
    while (!mutex.tryLock()) {
      Thread.onSpinWait();
    }
    count++;
    mutex.unlock();
  }

  @Arbiter
  void look(I_Result r) {
    r.r1 = count;
  }

  /** The mistake: it goes in although the mutex is locked. */
  @JCStressTest
  @JCStressMeta(MutexLockVsLock.class)
  @State
  public static class Broken {
    private final Mutex mutex = new Mutex();
    private int count;

    @Actor
    void lock() {
      mutex.lock();
      count++;
      mutex.unlock();
    }

    @Actor
    void dontLock() {
      count++;
    }

    @Arbiter
    void look(I_Result r) {
      r.r1 = count;
    }
  }
}
