package dev.picos.std.sync;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.picos.std.awaitable.AwaitableInt;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.Z_Result;

/** Two readers leave while a writer comes. */
@JCStressTest
@State
@Outcome(id = "true", expect = ACCEPTABLE, desc = "the writer writes")
@Outcome(id = "false", expect = FORBIDDEN, desc = "the writer sleeps although nobody reads")
public class PoisonRwLockLastReaderVsWriter {
  private final PoisonRwLock lock = new PoisonRwLock();

  public PoisonRwLockLastReaderVsWriter() {
    lock.lockShared();
    lock.lockShared();
  }

  @Actor
  void one() {
    lock.unlockShared();
  }

  @Actor
  void other() {
    lock.unlockShared();
  }

  @Actor
  void writer(Z_Result r) {
    r.r1 = Patience.suffices(lock::tryLock);
  }

  /** The mistake: a reader looks whether writers sleep before it leaves, and not as it leaves. */
  @JCStressTest
  @JCStressMeta(PoisonRwLockLastReaderVsWriter.class)
  @State
  public static class Broken {
    private static final int SLEEP = 1;
    private static final int READER = 2;
    private static final int WRITER = 64;

    private final AwaitableInt word = new AwaitableInt(2 * READER);

    @Actor
    void one() {
      releaseShared();
    }

    @Actor
    void other() {
      releaseShared();
    }

    private void releaseShared() {
      boolean asleep = (word.get() & SLEEP) != 0;
      boolean last = word.getAndAdd(-READER) / READER == 1;
      if (last && asleep) {
        word.signal();
      }
    }

    @Actor
    void writer(Z_Result r) {
      r.r1 = tryAcquire();
    }

    private boolean tryAcquire() {
      for (; ; ) {
        int now = word.get();
        if (now < READER) {
          if (word.compareAndSet(now, WRITER)) {
            return true;
          }
        } else if (word.compareAndSet(now, now | SLEEP)) {
          if (!Patience.sleepsUntilWoken(word, now | SLEEP, later -> later < READER)) {
            return false;
          }
        }
      }
    }
  }
}
