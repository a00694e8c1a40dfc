package dev.picos.sched.fifo;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.picos.domains.NewFiber;
import dev.picos.domains.Ready;
import org.jctools.queues.varhandle.MpscUnboundedVarHandleArrayQueue;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A fiber becomes ready, in a thread that is not the domain's, while the domain empties the inbox
 * because of an earlier one: the domain takes it now or knows afterwards that there is one. Every
 * other pair is canceled.
 */
@JCStressTest
@State
@Outcome(id = "2, 0", expect = ACCEPTABLE, desc = "the domain has taken both")
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "the second one comes next")
@Outcome(expect = FORBIDDEN, desc = "one is lost, or came twice")
public class FifoReadyVsNext {
  private static final Ready FIRST = NewFiber.ready();
  private static final Ready SECOND = NewFiber.ready();
  private static int made;

  private final Fifo policy = new Fifo(Integer.MAX_VALUE);
  private final boolean canceled = made++ % 2 == 0;

  public FifoReadyVsNext() {
    policy.ready(FIRST, canceled, null);
  }

  @Actor
  void ready() {
    policy.ready(SECOND, canceled, null);
  }

  @Actor
  void next(II_Result r) {
    r.r1 = take();
  }

  @Arbiter
  void afterwards(II_Result r) {
    r.r2 = policy.isEmpty() ? 0 : take();
  }

  private int take() {
    int taken = 0;
    while (policy.next() != null) {
      taken++;
    }
    return taken;
  }

  /** Gets wrong: clears the flag after it has emptied the inbox, and with it what came between. */
  @JCStressTest
  @JCStressMeta(FifoReadyVsNext.class)
  @State
  public static class Broken {
    private final MpscUnboundedVarHandleArrayQueue<Ready> inbox =
        new MpscUnboundedVarHandleArrayQueue<>(2);
    private volatile boolean arrived = true;

    public Broken() {
      inbox.offer(FIRST);
    }

    @Actor
    void ready() {
      inbox.offer(SECOND);
      arrived = true;
    }

    @Actor
    void next(II_Result r) {
      r.r1 = take();
    }

    @Arbiter
    void afterwards(II_Result r) {
      r.r2 = take();
    }

    private int take() {
      int taken = 0;
      if (arrived) {
        while (inbox.relaxedPoll() != null) {
          taken++;
        }
        arrived = false;
      }
      return taken;
    }
  }
}
