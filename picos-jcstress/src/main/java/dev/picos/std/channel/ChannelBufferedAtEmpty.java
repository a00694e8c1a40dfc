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
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * One item comes to two receivers, one of which does not wait: one of them has it, or it is left.
 */
@JCStressTest
@State
@Outcome(id = "1, 0, 0", expect = ACCEPTABLE, desc = "the one that waits")
@Outcome(id = "2, 1, 0", expect = ACCEPTABLE, desc = "the one that does not; the other the next")
@Outcome(expect = FORBIDDEN, desc = "lost, twice, or waits although there is an item")
public class ChannelBufferedAtEmpty {
  private final Channel<Integer> channel = Channel.buffered(1);

  @Actor
  void select(III_Result r) {
    r.r1 = Event.select(channel.receiveEvent(), Event.never());
  }

  @Actor
  void poll(III_Result r) {
    dev.picos.core.Outcome.Returned<Integer> received = channel.tryReceive();
    r.r2 = received == null ? 0 : received.value();
    if (received != null) {
      channel.send(2);
    }
  }

  @Actor
  void send() {
    channel.send(1);
  }

  @Arbiter
  void rest(III_Result r) {
    r.r3 = channel.tryReceive() == null ? 0 : 1;
  }

  /** The mistake: it looks and then takes. */
  @JCStressTest
  @JCStressMeta(ChannelBufferedAtEmpty.class)
  @State
  public static class Broken {
    private final AtomicInteger slot = new AtomicInteger();

    @Actor
    void select(III_Result r) {
      while (slot.get() == 0) {
        Thread.onSpinWait();
      }
      r.r1 = slot.get();
      slot.set(0);
    }

    @Actor
    void poll(III_Result r) {
      r.r2 = slot.get();
      if (r.r2 != 0) {
        slot.set(2);
      }
    }

    @Actor
    void send() {
      slot.set(1);
    }

    @Arbiter
    void rest(III_Result r) {
      r.r3 = slot.get() == 0 ? 0 : 1;
    }
  }
}
