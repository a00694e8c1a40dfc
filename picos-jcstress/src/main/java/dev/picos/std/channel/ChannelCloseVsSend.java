package dev.picos.std.channel;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** An item is sent while the channel is closed and drained: it is drained, or it was not sent. */
@JCStressTest
@State
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "sent and drained")
@Outcome(id = "-1, -1", expect = ACCEPTABLE, desc = "refused")
@Outcome(expect = FORBIDDEN, desc = "sent into a channel that nobody looks at any more")
public class ChannelCloseVsSend {
  private final Channel<Integer> channel = Channel.buffered(1);

  @Actor
  void send(II_Result r) {
    try {
      channel.send(1);
      r.r1 = 1;
    } catch (ChannelClosedException closed) {
      r.r1 = -1;
    }
  }

  @Actor
  void close(II_Result r) {
    channel.close();
    try {
      r.r2 = channel.receive();
    } catch (ChannelClosedException drained) {
      r.r2 = -1;
    }
  }

  /** The mistake: it looks at a flag before it adds to a queue. */
  @JCStressTest
  @JCStressMeta(ChannelCloseVsSend.class)
  @State
  public static class Broken {
    private final Queue<Integer> queue = new ConcurrentLinkedQueue<>();
    private volatile boolean closed;

    @Actor
    void send(II_Result r) {
      if (closed) {
        r.r1 = -1;
      } else {
        queue.add(1);
        r.r1 = 1;
      }
    }

    @Actor
    void close(II_Result r) {
      closed = true;
      Integer drained = queue.poll();
      r.r2 = drained == null ? -1 : drained;
    }
  }
}
