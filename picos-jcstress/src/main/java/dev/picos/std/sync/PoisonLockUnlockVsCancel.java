package dev.picos.std.sync;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import dev.picos.std.awaitable.AwaitableInt;
import dev.picos.std.awaitable.Registration;
import java.util.concurrent.CancellationException;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/**
 * Two fibers acquire a lock, and one of them is canceled just when the lock is released: the other
 * acquires it.
 */
@JCStressTest
@State
@Outcome(
    id = {"true, true", "false, true"},
    expect = ACCEPTABLE,
    desc = "the other has had it, and the one as well or not")
@Outcome(expect = FORBIDDEN, desc = "the other sleeps although the lock is free")
public class PoisonLockUnlockVsCancel {
  private static final RuntimeException REASON = new CancellationException();

  private final Computation<Object> computation = new Computation<>();
  private final PoisonLock lock = new PoisonLock();

  public PoisonLockUnlockVsCancel() {
    lock.lock();
  }

  @Actor
  void cancelAndRelease() {
    computation.tryCancel(REASON);
    lock.unlock();
  }

  @Actor
  void canceled(ZZ_Result r) {
    Fiber fiber = Fiber.current();
    Computation<?> before = fiber.computation();
    fiber.setComputation(computation);
    try {
      lock.lock();
      lock.unlock();
      r.r1 = true;
    } catch (CancellationException thrown) {
      r.r1 = false;
    } finally {
      fiber.setComputation(before);
    }
  }

  @Actor
  void other(ZZ_Result r) {
    r.r2 = Patience.suffices(lock::tryLock);
    if (r.r2) {
      lock.unlock();
    }
  }

  /** The mistake: a canceled waiter keeps the signal to itself. */
  @JCStressTest
  @JCStressMeta(PoisonLockUnlockVsCancel.class)
  @State
  public static class Broken {
    private final Computation<Object> computation = new Computation<>();
    private final AwaitableInt word = new AwaitableInt(1);

    private boolean tryAcquire() {
      while (word.getAndSet(2) != 0) {
        if (!Patience.sleepsUntilWoken(word, 2, now -> now == 0)) {
          return false;
        }
      }
      return true;
    }

    private void release() {
      if (word.getAndSet(0) == 2) {
        word.signal();
      }
    }

    @Actor
    void cancelAndRelease() {
      for (int spins = 0; word.waiterCount() < 2 && spins < 10_000; spins++) {
        Thread.onSpinWait(); // makes it likely that both sleep
      }
      computation.tryCancel(REASON);
      release();
    }

    @Actor
    void canceled(ZZ_Result r) {
      Fiber fiber = Fiber.current();
      Computation<?> before = fiber.computation();
      fiber.setComputation(computation);
      try {
        while (word.getAndSet(2) != 0) {
          Trigger trigger = new Trigger();
          Registration awaiter = word.add(trigger);
          Throwable reason = word.get() == 2 ? trigger.await() : null;
          boolean unused = awaiter.remove();
          if (reason != null) {
            r.r1 = false;
            return;
          }
        }
        release();
        r.r1 = true;
      } finally {
        fiber.setComputation(before);
      }
    }

    @Actor
    void other(ZZ_Result r) {
      r.r2 = tryAcquire();
      if (r.r2) {
        release();
      }
    }
  }
}
