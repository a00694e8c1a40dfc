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

/** Two threads count in a plain field under a lock. */
@JCStressTest
@State
@Outcome(id = "4", expect = ACCEPTABLE, desc = "both counted, and each later one saw the earlier")
@Outcome(expect = FORBIDDEN, desc = "they were in there together, or one did not see the other")
public class PoisonLockLockVsLock {
  private final PoisonLock lock = new PoisonLock();
  private int count;

  @Actor
  void one() {
    countTwice();
  }

  @Actor
  void other() {
    countTwice();
  }

  private void countTwice() {
    for (int i = 0; i < 2; i++) {
      lock.lock();
      count++;
      lock.unlock();
    }
  }

  @Arbiter
  void look(I_Result r) {
    r.r1 = count;
  }

  /** The mistake: it goes in although the lock is held. */
  @JCStressTest
  @JCStressMeta(PoisonLockLockVsLock.class)
  @State
  public static class Broken {
    private final PoisonLock lock = new PoisonLock();
    private int count;

    @Actor
    void one() {
      countTwice();
    }

    @Actor
    void other() {
      countTwice();
    }

    private void countTwice() {
      for (int i = 0; i < 2; i++) {
        boolean acquired = lock.tryLock();
        count++;
        if (acquired) {
          lock.unlock();
        }
      }
    }

    @Arbiter
    void look(I_Result r) {
      r.r1 = count;
    }
  }
}
