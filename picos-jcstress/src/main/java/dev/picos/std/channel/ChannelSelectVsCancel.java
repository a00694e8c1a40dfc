package dev.picos.std.channel;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.std.event.Event;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A fiber that waits in a select is canceled while somebody sends: it has the item, or it does not.
 */
@JCStressTest
@State
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "received")
@Outcome(id = "-1, 0", expect = ACCEPTABLE, desc = "canceled; still with its sender")
@Outcome(expect = FORBIDDEN, desc = "lost, or received and still with its sender")
public class ChannelSelectVsCancel {
  private static final RuntimeException REASON =
      new RuntimeException("reason", null, false, false) {
        private static final long serialVersionUID = 1L;
      };

  private final Channel<Integer> channel = Channel.rendezvous();
  private final Computation<Object> computation = new Computation<>();

  @Actor
  void select(II_Result r) {
    Fiber fiber = Fiber.current();
    Computation<?> before = fiber.computation();
    fiber.setComputation(computation);
    try {
      r.r1 = Event.select(channel.receiveEvent(), Event.never());
    } catch (RuntimeException canceled) {
      r.r1 = canceled == REASON ? -1 : -2;
    } finally {
      fiber.setComputation(before);
    }
  }

  @Actor
  void cancel() {
    computation.tryCancel(REASON);
  }

  @Actor
  void send(II_Result r) {
    r.r2 = channel.trySend(1) ? 1 : 0;
  }

  /** The mistake: it gives up without checking whether it has been given something. */
  @JCStressTest
  @JCStressMeta(ChannelSelectVsCancel.class)
  @State
  public static class Broken {
    private final AtomicInteger offer = new AtomicInteger();
    private volatile boolean canceled;

    @Actor
    void select(II_Result r) {
      while (offer.get() == 0 && !canceled) {
        Thread.onSpinWait();
      }
      r.r1 = canceled ? -1 : offer.get();
      offer.set(-1);
    }

    @Actor
    void cancel() {
      canceled = true;
    }

    @Actor
    void send(II_Result r) {
      r.r2 = offer.compareAndSet(0, 1) ? 1 : 0;
    }
  }
}
