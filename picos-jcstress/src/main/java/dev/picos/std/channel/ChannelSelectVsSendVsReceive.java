package dev.picos.std.channel;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.picos.std.event.Event;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IIII_Result;

/**
 * A select offers to send on one channel and to receive from another; one party comes for each, if
 * it need not wait. At most one of the two is served, and the select returns what belongs to that
 * one.
 */
@JCStressTest
@State
@Outcome(id = "0, 1, 0, 0", expect = ACCEPTABLE, desc = "it sent")
@Outcome(id = "2, 0, 1, 0", expect = ACCEPTABLE, desc = "it received")
@Outcome(id = "-1, 0, 0, 0", expect = ACCEPTABLE, desc = "both came too early")
@Outcome(expect = FORBIDDEN, desc = "both, or an item was lost, or something is left")
public class ChannelSelectVsSendVsReceive {
  private final Channel<Integer> a = Channel.rendezvous();
  private final Channel<Integer> b = Channel.rendezvous();
  private final Event<Integer> late = new Late().event();
  private final AtomicInteger done = new AtomicInteger();

  private final class Late {
    /** This is ready once both others have come. */
    Event<Integer> event() {
      return Event.fromRequest(
          offer -> {
            while (done.get() < 2 && offer.isOpen()) {
              Thread.onSpinWait();
            }
            boolean unused = offer.tryCommit(-1);
            return null;
          });
    }
  }

  @Actor
  void select(IIII_Result r) {
    r.r1 = Event.select(a.sendEvent(1).map(sent -> 0), b.receiveEvent(), late);
  }

  @Actor
  void receive(IIII_Result r) {
    dev.picos.core.Outcome.Returned<Integer> received = a.tryReceive();
    r.r2 = received == null ? 0 : received.value();
    done.incrementAndGet();
  }

  @Actor
  void send(IIII_Result r) {
    r.r3 = b.trySend(2) ? 1 : 0;
    done.incrementAndGet();
  }

  @Arbiter
  void left(IIII_Result r) {
    r.r4 = a.tryReceive() != null || b.trySend(3) ? 1 : 0;
  }

  /** The mistake: it offers in two places that know nothing of each other. */
  @JCStressTest
  @JCStressMeta(ChannelSelectVsSendVsReceive.class)
  @State
  public static class Broken {
    private final AtomicInteger a = new AtomicInteger(1);
    private final AtomicInteger b = new AtomicInteger();

    @Actor
    void select(IIII_Result r) {
      int received = b.getAndSet(-1);
      r.r1 = received == 2 ? 2 : a.getAndSet(0) == 1 ? -1 : 0;
    }

    @Actor
    void receive(IIII_Result r) {
      r.r2 = a.getAndSet(0);
    }

    @Actor
    void send(IIII_Result r) {
      r.r3 = b.compareAndSet(0, 2) ? 1 : 0;
    }

    @Arbiter
    void left(IIII_Result r) {
      r.r4 = 0;
    }
  }
}
