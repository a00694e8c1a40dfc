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

/**
 * A computation is completed while one of two triggers is being detached, which rebuilds the bag:
 * the computation is completed, either trigger is signaled, and the action of the detached one has
 * run once.
 */
@JCStressTest
@State
@Outcome(id = "true, 1, true", expect = ACCEPTABLE, desc = "all is well")
@Outcome(id = "false, 1, .*", expect = FORBIDDEN, desc = "the completion is gone")
@Outcome(id = "true, 1, false", expect = FORBIDDEN, desc = "the other trigger is gone")
public class ComputationCompleteVsDetach {
  private final Computation<Integer> computation = new Computation<>();
  private final AtomicInteger runs = new AtomicInteger();
  private final Trigger detached =
      Trigger.<AtomicInteger, @Nullable Object>fromAction(
          runs, null, (trigger, runs, y) -> runs.getAndIncrement());
  private final Trigger other = new Trigger();

  public ComputationCompleteVsDetach() {
    Attached.attach(computation, other);
    Attached.attach(computation, detached);
    Attached.addGarbage(computation, 2);
  }

  @Actor
  void complete() {
    computation.tryReturn(1);
  }

  @Actor
  void detach() {
    computation.detach(detached);
  }

  @Arbiter
  void look(ZIZ_Result r) {
    r.r1 = computation.peek() != null;
    r.r2 = runs.get();
    r.r3 = other.isSignaled();
  }

  /** The mistake: it puts the bag without the trigger in the place of whatever is there by then. */
  @JCStressTest
  @JCStressMeta(ComputationCompleteVsDetach.class)
  @State
  public static class Broken {
    private final ComputationCopy computation =
        new ComputationCopy() {
          @Override
          void detach(Trigger trigger) {
            trigger.signal();
            Bag bag = bag();
            if (bag != null) {
              state.set(bag.minus(trigger));
            }
          }
        };
    private final AtomicInteger runs = new AtomicInteger();
    private final Trigger detached =
        Trigger.<AtomicInteger, @Nullable Object>fromAction(
            runs, null, (trigger, runs, y) -> runs.getAndIncrement());
    private final Trigger other = new Trigger();

    public Broken() {
      computation.tryAttach(other);
      computation.tryAttach(detached);
    }

    @Actor
    void complete() {
      computation.tryComplete(1);
    }

    @Actor
    void detach() {
      computation.detach(detached);
    }

    @Arbiter
    void look(ZIZ_Result r) {
      r.r1 = computation.outcome() != 0;
      r.r2 = runs.get();
      r.r3 = other.isSignaled();
    }
  }
}
