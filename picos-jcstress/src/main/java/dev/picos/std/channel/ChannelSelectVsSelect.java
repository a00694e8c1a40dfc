package dev.picos.std.channel;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.picos.std.event.Event;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** Two selects, each of which offers to send where the other receives: they meet on one channel. */
@JCStressTest
@State
@Outcome(id = "0, 1", expect = ACCEPTABLE, desc = "the first sent")
@Outcome(id = "2, 0", expect = ACCEPTABLE, desc = "the second sent")
@Outcome(expect = FORBIDDEN, desc = "an item was lost, or came from nowhere")
public class ChannelSelectVsSelect {
  private final Channel<Integer> a = Channel.rendezvous();
  private final Channel<Integer> b = Channel.rendezvous();

  @Actor
  void first(II_Result r) {
    r.r1 = Event.select(a.sendEvent(1).map(sent -> 0), b.receiveEvent());
  }

  @Actor
  void second(II_Result r) {
    r.r2 = Event.select(b.sendEvent(2).map(sent -> 0), a.receiveEvent());
  }

  /** The mistake: each takes what the other offers, although its own offer may have been taken. */
  @JCStressTest
  @JCStressMeta(ChannelSelectVsSelect.class)
  @State
  public static class Broken {
    private final AtomicInteger a = new AtomicInteger();
    private final AtomicInteger b = new AtomicInteger();

    @Actor
    void first(II_Result r) {
      a.set(1);
      r.r1 = b.getAndSet(0);
    }

    @Actor
    void second(II_Result r) {
      b.set(2);
      r.r2 = a.getAndSet(0);
    }
  }
}
