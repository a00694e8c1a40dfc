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
import org.openjdk.jcstress.infra.results.ZIZ_Result;

/** A fiber is canceled while it suspends: it is resumed, or does not suspend. */
@JCStressTest
@State
@Outcome(id = "true, 1, true", expect = ACCEPTABLE, desc = "suspended, and resumed once")
@Outcome(id = "false, 0, true", expect = ACCEPTABLE, desc = "did not suspend")
@Outcome(id = "true, 0, .*", expect = FORBIDDEN, desc = "suspended for ever")
@Outcome(id = "false, 1, .*", expect = FORBIDDEN, desc = "resumed though it did not suspend")
public class FiberSuspendVsCancel {
  private static final Throwable REASON = new Exception("test", null, false, false) {};

  private final Computation<Integer> computation = new Computation<>();
  private final Fiber fiber = new Fiber(computation);
  private final Trigger trigger = new Trigger();
  private final AtomicInteger resumed = new AtomicInteger();

  @Actor
  void suspend(ZIZ_Result r) {
    r.r1 =
        Suspension.<AtomicInteger, @Nullable Object>tryBegin(
            fiber, trigger, resumed, null, (trigger, resumed, y) -> resumed.getAndIncrement());
  }

  @Actor
  void cancel() {
    computation.tryCancel(REASON);
  }

  @Arbiter
  void count(ZIZ_Result r) {
    r.r2 = resumed.get();
    r.r3 = trigger.isSignaled();
  }

  /** The mistake: it looks whether the fiber is canceled, and takes the attachment for granted. */
  @JCStressTest
  @JCStressMeta(FiberSuspendVsCancel.class)
  @State
  public static class Broken {
    private final ComputationCopy computation = new ComputationCopy();
    private final Trigger trigger = new Trigger();
    private final AtomicInteger resumed = new AtomicInteger();

    @Actor
    void suspend(ZIZ_Result r) {
      if (computation.outcome() != 0) {
        trigger.dispose();
        return;
      }
      computation.tryAttach(trigger);
      r.r1 =
          trigger.<AtomicInteger, @Nullable Object>onSignal(
              resumed, null, (trigger, resumed, y) -> resumed.getAndIncrement());
    }

    @Actor
    void cancel() {
      computation.tryComplete(-1);
    }

    @Arbiter
    void count(ZIZ_Result r) {
      r.r2 = resumed.get();
      r.r3 = trigger.isSignaled();
    }
  }
}
