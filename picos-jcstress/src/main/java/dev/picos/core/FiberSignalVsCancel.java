package dev.picos.core;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IZ_Result;

/** A suspended fiber is both signaled and canceled: it is resumed once. */
@JCStressTest
@State
@Outcome(id = "1, true", expect = ACCEPTABLE, desc = "resumed once")
@Outcome(id = "0, .*", expect = FORBIDDEN, desc = "nobody resumes it")
@Outcome(id = "2, .*", expect = FORBIDDEN, desc = "resumed twice")
public class FiberSignalVsCancel {
  private static final Throwable REASON = new Exception("test", null, false, false) {};

  private final Computation<Integer> computation = new Computation<>();
  private final Fiber fiber = new Fiber(computation);
  private final Trigger trigger = new Trigger();
  private final AtomicInteger resumed = new AtomicInteger();

  public FiberSignalVsCancel() {
    if (!Suspension.<AtomicInteger, @Nullable Object>tryBegin(
        fiber, trigger, resumed, null, (trigger, resumed, y) -> resumed.getAndIncrement())) {
      throw new IllegalStateException("not suspended");
    }
  }

  @Actor
  void signal() {
    trigger.signal();
  }

  @Actor
  void cancel() {
    computation.tryCancel(REASON);
  }

  @Arbiter
  void count(IZ_Result r) {
    r.r1 = resumed.get();
    r.r2 = trigger.isSignaled();
  }

  /** The mistake: the cancelation resumes the fiber itself if the trigger is not signaled yet. */
  @JCStressTest
  @JCStressMeta(FiberSignalVsCancel.class)
  @State
  public static class Broken {
    private final ComputationCopy computation = new ComputationCopy();
    private final TriggerCopy trigger = new TriggerCopy();
    private final AtomicInteger resumed = new AtomicInteger();

    public Broken() {
      trigger.onSignal(resumed::getAndIncrement);
      computation.tryAttach(
          Trigger.<TriggerCopy, AtomicInteger>fromAction(
              trigger,
              resumed,
              (attached, trigger, resumed) -> {
                if (!trigger.isSignaled()) {
                  trigger.state.set(TriggerCopy.SIGNALED);
                  resumed.getAndIncrement();
                }
              }));
    }

    @Actor
    void signal() {
      trigger.signal();
    }

    @Actor
    void cancel() {
      computation.tryComplete(-1);
    }

    @Arbiter
    void count(IZ_Result r) {
      r.r1 = resumed.get();
      r.r2 = trigger.isSignaled();
    }
  }
}
