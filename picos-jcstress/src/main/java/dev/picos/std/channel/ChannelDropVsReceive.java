package dev.picos.std.channel;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * An item is received from a conflated channel while another is sent: there is always one, and the
 * older one is dropped exactly if it was not received. The results are what was received, what was
 * dropped, and what is left.
 */
@JCStressTest
@State
@Outcome(id = "1, 0, 2", expect = ACCEPTABLE, desc = "received before the other was sent")
@Outcome(id = "2, 1, 0", expect = ACCEPTABLE, desc = "received after that")
@Outcome(expect = FORBIDDEN, desc = "lost, dropped without need, or had twice")
public class ChannelDropVsReceive {
  private int dropped;
  private final Channel<Integer> channel =
      Channel.buffered(1, Overflow.DROP_OLDEST, item -> dropped += item);

  public ChannelDropVsReceive() {
    channel.send(1);
  }

  @Actor
  void send() {
    channel.send(2);
  }

  @Actor
  void receive(III_Result r) {
    r.r1 = received();
  }

  @Arbiter
  void rest(III_Result r) {
    r.r2 = dropped;
    r.r3 = received();
  }

  private int received() {
    var item = channel.tryReceive();
    return item == null ? 0 : item.value();
  }

  /** The mistake: it makes room first. */
  @JCStressTest
  @JCStressMeta(ChannelDropVsReceive.class)
  @State
  public static class Broken {
    private final Queue<Integer> queue = new ConcurrentLinkedQueue<>();
    private int dropped;

    public Broken() {
      queue.add(1);
    }

    @Actor
    void send() {
      dropped = received();
      queue.add(2);
    }

    @Actor
    void receive(III_Result r) {
      r.r1 = received();
    }

    @Arbiter
    void rest(III_Result r) {
      r.r2 = dropped;
      r.r3 = received();
    }

    private int received() {
      Integer item = queue.poll();
      return item == null ? 0 : item;
    }
  }
}
