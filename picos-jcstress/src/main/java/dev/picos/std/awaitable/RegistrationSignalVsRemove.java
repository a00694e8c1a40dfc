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

/** The older of two waiters is canceled while a signal comes: the other one gets it. */
@JCStressTest
@State
@Outcome(id = "true, true", expect = ACCEPTABLE, desc = "removed; the signal went to the other")
@Outcome(id = "false, true", expect = ACCEPTABLE, desc = "signaled; it signaled the other")
@Outcome(id = "true, false", expect = FORBIDDEN, desc = "the signal is lost")
@Outcome(id = "false, false", expect = FORBIDDEN, desc = "the signal is lost")
public class RegistrationSignalVsRemove {
  private final AwaitableInt awaitable = new AwaitableInt(0);
  private final Registration older = awaitable.add(new Trigger());
  private final Trigger other = new Trigger();

  public RegistrationSignalVsRemove() {
    Registration unused = awaitable.add(other);
  }

  @Actor
  void signal() {
    awaitable.signal();
  }

  @Actor
  void remove(ZZ_Result r) {
    r.r1 = older.remove();
    if (!r.r1) {
      awaitable.signal();
    }
  }

  @Arbiter
  void look(ZZ_Result r) {
    r.r2 = other.isSignaled();
  }

  /** The mistake: a canceled waiter keeps the signal to itself. */
  @JCStressTest
  @JCStressMeta(RegistrationSignalVsRemove.class)
  @State
  public static class Broken {
    private final AwaitableInt awaitable = new AwaitableInt(0);
    private final Registration older = awaitable.add(new Trigger());
    private final Trigger other = new Trigger();

    public Broken() {
      Registration unused = awaitable.add(other);
    }

    @Actor
    void signal() {
      awaitable.signal();
    }

    @Actor
    void remove(ZZ_Result r) {
      r.r1 = older.remove();
    }

    @Arbiter
    void look(ZZ_Result r) {
      r.r2 = other.isSignaled();
    }
  }
}
