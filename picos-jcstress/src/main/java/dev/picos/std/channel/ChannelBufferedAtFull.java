package dev.picos.std.channel;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/** A sender comes to a full buffer just when an item is taken: it gets the room, and goes on. */
@JCStressTest
@State
@Outcome(id = "1, 7, 1", expect = ACCEPTABLE, desc = "sent into the room that was made")
@Outcome(expect = FORBIDDEN, desc = "waits although there is room, or the order is wrong")
public class ChannelBufferedAtFull {
  private static final Duration LONG = Duration.ofSeconds(10);

  private final Channel<Integer> channel = Channel.buffered(1);

  public ChannelBufferedAtFull() {
    channel.send(7);
  }

  @Actor
  void send(III_Result r) {
    r.r1 = channel.trySend(1, LONG) ? 1 : 0;
  }

  @Actor
  void receive(III_Result r) {
    r.r2 = channel.receive();
  }

  @Arbiter
  void rest(III_Result r) {
    dev.picos.core.Outcome.Returned<Integer> rest = channel.tryReceive();
    r.r3 = rest == null ? 0 : rest.value();
  }

  /** The mistake: the sender does not look again after it has come to wait. */
  @JCStressTest
  @JCStressMeta(ChannelBufferedAtFull.class)
  @State
  public static class Broken {
    private final AtomicInteger room = new AtomicInteger();
    private final AtomicInteger waiting = new AtomicInteger();

    @Actor
    void send(III_Result r) {
      if (!room.compareAndSet(1, 0)) {
        waiting.set(1);
      }
    }

    @Actor
    void receive(III_Result r) {
      r.r2 = 7;
      if (!waiting.compareAndSet(1, 0)) {
        room.set(1);
      }
    }

    @Arbiter
    void rest(III_Result r) {
      r.r1 = waiting.get() == 1 ? 0 : 1;
      r.r3 = r.r1;
    }
  }
}
