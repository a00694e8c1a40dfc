package dev.picos.sched.fifo;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.picos.domains.NewFiber;
import dev.picos.domains.Ready;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/**
 * A fiber becomes ready, in a thread that is not the domain's, while the domain goes to sleep: the
 * domain sees the fiber, or the thread sees that it has to wake the domain. The policy is the real
 * one, the announcement that of {@code Execution}. Every other fiber is canceled.
 */
@JCStressTest
@State
@Outcome(id = "true, false", expect = ACCEPTABLE, desc = "the domain sleeps, and is woken")
@Outcome(id = "true, true", expect = ACCEPTABLE, desc = "woken, though it does not sleep")
@Outcome(id = "false, true", expect = ACCEPTABLE, desc = "the domain has seen the fiber")
@Outcome(id = "false, false", expect = FORBIDDEN, desc = "the domain sleeps for ever")
public class FifoReadyVsSleep {
  private static final Ready FIBER = NewFiber.ready();
  private static int made;

  private final Fifo policy = new Fifo(Integer.MAX_VALUE);
  private final boolean canceled = made++ % 2 == 0;
  private volatile @Nullable Object sleeper;

  @Actor
  void ready(ZZ_Result r) {
    policy.ready(FIBER, canceled, null);
    VarHandle.fullFence(); // as Execution.wakeup does
    r.r1 = sleeper != null;
  }

  @Actor
  void sleep(ZZ_Result r) {
    sleeper = this;
    r.r2 = !policy.isEmpty();
  }

  /** Gets wrong: announces the sleep with a store that may become visible after the look. */
  @JCStressTest
  @JCStressMeta(FifoReadyVsSleep.class)
  @State
  public static class WeakBroken {
    private static final VarHandle SLEEPER;

    static {
      try {
        SLEEPER = MethodHandles.lookup().findVarHandle(WeakBroken.class, "sleeper", Object.class);
      } catch (ReflectiveOperationException e) {
        throw new ExceptionInInitializerError(e);
      }
    }

    private final Fifo policy = new Fifo(Integer.MAX_VALUE);
    private volatile @Nullable Object sleeper;

    @Actor
    void ready(ZZ_Result r) {
      policy.ready(FIBER, false, null);
      VarHandle.fullFence();
      r.r1 = sleeper != null;
    }

    @Actor
    void sleep(ZZ_Result r) {
      SLEEPER.setRelease(this, (Object) this);
      r.r2 = !policy.isEmpty();
    }
  }

  /** Gets wrong: does not look once more after it has announced that it sleeps. */
  @JCStressTest
  @JCStressMeta(FifoReadyVsSleep.class)
  @State
  public static class NoSecondLookBroken {
    private final Fifo policy = new Fifo(Integer.MAX_VALUE);
    private volatile @Nullable Object sleeper;

    @Actor
    void ready(ZZ_Result r) {
      policy.ready(FIBER, false, null);
      VarHandle.fullFence();
      r.r1 = sleeper != null;
    }

    @Actor
    void sleep(ZZ_Result r) {
      r.r2 = !policy.isEmpty();
      sleeper = this;
    }
  }
}
