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

/**
 * A writer leaves and comes back for a moment while a reader and another writer come: whichever of
 * them takes the wake-up of the other, both get the lock.
 */
@JCStressTest
@State
@Outcome(id = "true, true", expect = ACCEPTABLE, desc = "both have had it")
@Outcome(expect = FORBIDDEN, desc = "one sleeps although nobody has the lock")
public class PoisonRwLockReaderVsWriters {
  private final PoisonRwLock lock = new PoisonRwLock();

  public PoisonRwLockReaderVsWriters() {
    lock.lock();
  }

  @Actor
  void writer() {
    lock.unlock();
    if (lock.tryLock()) {
      lock.unlock();
    }
  }

  @Actor
  void reader(ZZ_Result r) {
    r.r1 = Patience.suffices(lock::tryLockShared);
    if (r.r1) {
      lock.unlockShared();
    }
  }

  @Actor
  void otherWriter(ZZ_Result r) {
    r.r2 = Patience.suffices(lock::tryLock);
    if (r.r2) {
      lock.unlock();
    }
  }

  /** The mistake: only the oldest sleeper is woken, and it forgets that others may sleep. */
  @JCStressTest
  @JCStressMeta(PoisonRwLockReaderVsWriters.class)
  @State
  public static class Broken {
    private static final int SLEEP = 1;
    private static final int READER = 2;
    private static final int WRITER = 64;

    private final AwaitableInt word = new AwaitableInt(WRITER);

    private void release(int mine) {
      int now;
      int after;
      do {
        now = word.get();
        after = now - mine < READER ? 0 : now - mine;
      } while (!word.compareAndSet(now, after));
      if (after == 0 && (now & SLEEP) != 0) {
        word.signal();
      }
    }

    private static boolean isFree(int word, int mine) {
      return mine == WRITER ? word == 0 : word < WRITER;
    }

    private boolean tryAcquire(int mine) {
      for (; ; ) {
        int now = word.get();
        if (isFree(now, mine)) {
          if (word.compareAndSet(now, now + mine)) {
            return true;
          }
        } else if (word.compareAndSet(now, now | SLEEP)) {
          if (!Patience.sleepsUntilWoken(word, now | SLEEP, later -> isFree(later, mine))) {
            return false;
          }
        }
      }
    }

    @Actor
    void writer() {
      release(WRITER);
      if (word.compareAndSet(0, WRITER)) {
        release(WRITER);
      }
    }

    @Actor
    void reader(ZZ_Result r) {
      r.r1 = tryAcquire(READER);
      if (r.r1) {
        release(READER);
      }
    }

    @Actor
    void otherWriter(ZZ_Result r) {
      r.r2 = tryAcquire(WRITER);
      if (r.r2) {
        release(WRITER);
      }
    }
  }
}
