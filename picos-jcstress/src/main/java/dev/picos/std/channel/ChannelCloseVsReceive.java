package dev.picos.std.channel;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** A receiver waits while the channel is closed and somebody sends: it learns of one of the two. */
@JCStressTest
@State
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "received")
@Outcome(id = "-1, 0", expect = ACCEPTABLE, desc = "sent too early")
@Outcome(id = "-1, -1", expect = ACCEPTABLE, desc = "closed to both")
@Outcome(expect = FORBIDDEN, desc = "lost, or received and not sent")
public class ChannelCloseVsReceive {
  private final Channel<Integer> channel = Channel.rendezvous();

  @Actor
  void receive(II_Result r) {
    try {
      r.r1 = channel.receive();
    } catch (ChannelClosedException closed) {
      r.r1 = -1;
    }
  }

  @Actor
  void close() {
    channel.close();
  }

  @Actor
  void send(II_Result r) {
    try {
      r.r2 = channel.trySend(1) ? 1 : 0;
    } catch (ChannelClosedException closed) {
      r.r2 = -1;
    }
  }

  /**
   * The mistake: it tells a waiter that the channel is closed without checking whether the waiter
   * was given something.
   */
  @JCStressTest
  @JCStressMeta(ChannelCloseVsReceive.class)
  @State
  public static class Broken {
    private final AtomicInteger waiter = new AtomicInteger();

    @Actor
    void receive(II_Result r) {
      while (waiter.get() == 0) {
        Thread.onSpinWait();
      }
      r.r1 = waiter.get();
    }

    @Actor
    void close() {
      waiter.set(-1);
    }

    @Actor
    void send(II_Result r) {
      r.r2 = waiter.compareAndSet(0, 1) ? 1 : 0;
    }
  }
}
