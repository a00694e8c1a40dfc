package dev.picos.domains;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import java.util.concurrent.atomic.AtomicBoolean;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZZ_Result;

/**
 * Two threads make fibers ready while the last domain of an execution puts it to sleep: one domain
 * comes, or stays, and only one. The inbox is the real one, and the rest as in {@link Workers}.
 */
@JCStressTest
@State
@Outcome(id = "true, false, false", expect = ACCEPTABLE, desc = "the first thread brings a domain")
@Outcome(id = "false, true, false", expect = ACCEPTABLE, desc = "the second thread brings one")
@Outcome(id = "false, false, true", expect = ACCEPTABLE, desc = "the last domain stays")
@Outcome(expect = FORBIDDEN, desc = "nobody works for the execution, or two domains as one")
public class WorkersSleepVsWake {
  private final Inbox inbox = new Inbox(2);
  private final AtomicBoolean asleep = new AtomicBoolean();

  private static Ready newFiber() {
    return new Start(new Fiber(new Computation<>()), fiber -> {});
  }

  private boolean wake() {
    inbox.add(newFiber());
    return asleep.get() && asleep.compareAndSet(true, false);
  }

  private boolean stays() {
    asleep.set(true);
    return !inbox.isEmpty() && asleep.compareAndSet(true, false);
  }

  @Actor
  void first(ZZZ_Result r) {
    r.r1 = wake();
  }

  @Actor
  void second(ZZZ_Result r) {
    r.r2 = wake();
  }

  @Actor
  void sleep(ZZZ_Result r) {
    r.r3 = stays();
  }

  /** The mistake: the last domain stays without asking whether another one has been called in. */
  @JCStressTest
  @JCStressMeta(WorkersSleepVsWake.class)
  @State
  public static class Broken {
    private final Inbox inbox = new Inbox(2);
    private final AtomicBoolean asleep = new AtomicBoolean();

    private boolean wake() {
      inbox.add(newFiber());
      return asleep.get() && asleep.compareAndSet(true, false);
    }

    private boolean stays() {
      asleep.set(true);
      if (inbox.isEmpty()) {
        return false;
      }
      asleep.set(false);
      return true;
    }

    @Actor
    void first(ZZZ_Result r) {
      r.r1 = wake();
    }

    @Actor
    void second(ZZZ_Result r) {
      r.r2 = wake();
    }

    @Actor
    void sleep(ZZZ_Result r) {
      r.r3 = stays();
    }
  }
}
