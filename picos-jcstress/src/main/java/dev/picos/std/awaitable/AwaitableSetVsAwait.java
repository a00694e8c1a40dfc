package dev.picos.std.awaitable;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.picos.core.Trigger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** A value is changed and its change is signaled while somebody begins to wait for it. */
@JCStressTest
@State
@Outcome(id = "true, false", expect = ACCEPTABLE, desc = "saw the change in time")
@Outcome(id = "false, true", expect = ACCEPTABLE, desc = "did not, and was woken")
@Outcome(id = "true, true", expect = ACCEPTABLE, desc = "both")
@Outcome(id = "false, false", expect = FORBIDDEN, desc = "sleeps although the value is another one")
public class AwaitableSetVsAwait {
  private final AwaitableInt awaitable = new AwaitableInt(0);
  private final Trigger trigger = new Trigger();

  @Actor
  void set() {
    awaitable.set(1);
    awaitable.signal();
  }

  @Actor
  void await(ZZ_Result r) {
    Registration unused = awaitable.add(trigger);
    r.r1 = awaitable.get() == 1;
  }

  @Arbiter
  void look(ZZ_Result r) {
    r.r2 = trigger.isSignaled();
  }

  /** The mistake: it looks before it waits. */
  @JCStressTest
  @JCStressMeta(AwaitableSetVsAwait.class)
  @State
  public static class Broken {
    private final AwaitableInt awaitable = new AwaitableInt(0);
    private final Trigger trigger = new Trigger();

    @Actor
    void set() {
      awaitable.set(1);
      awaitable.signal();
    }

    @Actor
    void await(ZZ_Result r) {
      r.r1 = awaitable.get() == 1;
      Registration unused = awaitable.add(trigger);
    }

    @Arbiter
    void look(ZZ_Result r) {
      r.r2 = trigger.isSignaled();
    }
  }
}
