package dev.picos.std.sync;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.picos.std.awaitable.AwaitableInt;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** Two permits are released while two threads wait for one each. */
@JCStressTest
@State
@Outcome(id = "true, true", expect = ACCEPTABLE, desc = "each has one")
@Outcome(expect = FORBIDDEN, desc = "one sleeps although there is a permit")
public class PoisonSemaphoreTwoReleases {
  private final PoisonSemaphore semaphore = new PoisonSemaphore(0);

  @Actor
  void releaseTwice() {
    semaphore.release();
    semaphore.release();
  }

  @Actor
  void one(ZZ_Result r) {
    r.r1 = Patience.suffices(semaphore::tryAcquire);
  }

  @Actor
  void other(ZZ_Result r) {
    r.r2 = Patience.suffices(semaphore::tryAcquire);
  }

  /** The mistake: a waiter that was woken and leaves a permit does not wake the next. */
  @JCStressTest
  @JCStressMeta(PoisonSemaphoreTwoReleases.class)
  @State
  public static class Broken {
    private final AwaitableInt word = new AwaitableInt(0);

    @Actor
    void releaseTwice() {
      release();
      release();
    }

    private void release() {
      int now;
      do {
        now = word.get();
      } while (!word.compareAndSet(now, now < 0 ? 1 : now + 1));
      if (now < 0) {
        word.signal();
      }
    }

    @Actor
    void one(ZZ_Result r) {
      r.r1 = tryAcquire();
    }

    @Actor
    void other(ZZ_Result r) {
      r.r2 = tryAcquire();
    }

    private boolean tryAcquire() {
      for (; ; ) {
        int now = word.get();
        if (now > 0) {
          if (word.compareAndSet(now, now - 1)) {
            return true;
          }
        } else if (now < 0 || word.compareAndSet(0, -1)) {
          if (!Patience.sleepsUntilWoken(word, -1, permits -> permits > 0)) {
            return false;
          }
        }
      }
    }
  }
}
