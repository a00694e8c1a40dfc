package dev.picos.domains;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
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
 * domain sees the fiber, or the thread sees that it has to wake the domain. The inbox is the real
 * one, and the announcement is that of {@link Workers}.
 */
@JCStressTest
@State
@Outcome(id = "true, false", expect = ACCEPTABLE, desc = "the domain sleeps, and is woken")
@Outcome(id = "true, true", expect = ACCEPTABLE, desc = "woken, though it does not sleep")
@Outcome(id = "false, true", expect = ACCEPTABLE, desc = "the domain has seen the fiber")
@Outcome(id = "false, false", expect = FORBIDDEN, desc = "the domain sleeps for ever")
public class InboxAddVsSleep {
  private final Inbox inbox = new Inbox(2);
  private final Ready fiber = new Start(new Fiber(new Computation<>()), self -> {});
  private volatile @Nullable Object sleeper;

  @Actor
  void ready(ZZ_Result r) {
    inbox.add(fiber);
    r.r1 = sleeper != null;
  }

  @Actor
  void sleep(ZZ_Result r) {
    sleeper = this;
    r.r2 = !inbox.isEmpty();
  }

  /** The mistake: it announces the sleep with a store that may become visible after the look. */
  @JCStressTest
  @JCStressMeta(InboxAddVsSleep.class)
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

    private final Inbox inbox = new Inbox(2);
    private final Ready fiber = new Start(new Fiber(new Computation<>()), self -> {});
    private volatile @Nullable Object sleeper;

    @Actor
    void ready(ZZ_Result r) {
      inbox.add(fiber);
      r.r1 = sleeper != null;
    }

    @Actor
    void sleep(ZZ_Result r) {
      SLEEPER.setRelease(this, (Object) this);
      r.r2 = !inbox.isEmpty();
    }
  }

  /** The mistake: it does not look once more after it has announced that it sleeps. */
  @JCStressTest
  @JCStressMeta(InboxAddVsSleep.class)
  @State
  public static class NoSecondLookBroken {
    private final Inbox inbox = new Inbox(2);
    private final Ready fiber = new Start(new Fiber(new Computation<>()), self -> {});
    private volatile @Nullable Object sleeper;

    @Actor
    void ready(ZZ_Result r) {
      inbox.add(fiber);
      r.r1 = sleeper != null;
    }

    @Actor
    void sleep(ZZ_Result r) {
      r.r2 = !inbox.isEmpty();
      sleeper = this;
    }
  }
}
