package dev.picos.std.sync;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A value is read from a bounded broadcast while it is being lost. The results are the value that
 * was read, and how many were missed.
 */
@JCStressTest
@State
@Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "read in time")
@Outcome(id = "2, 1", expect = ACCEPTABLE, desc = "lost by then")
@Outcome(expect = FORBIDDEN, desc = "read what is lost, or missed what was read")
public class BroadcastReadVsForget {
  private final Broadcast<Integer> broadcast = Broadcast.bounded(1);
  private final Broadcast.Reader<Integer> reader = broadcast.tap().reader();

  public BroadcastReadVsForget() {
    broadcast.publish(1);
  }

  @Actor
  void publish() {
    broadcast.publish(2);
  }

  @Actor
  void read(II_Result r) {
    r.r1 = reader.read();
    r.r2 = (int) reader.missed();
  }

  /** The mistake: it looks whether the value is there, and then takes it. */
  @JCStressTest
  @JCStressMeta(BroadcastReadVsForget.class)
  @State
  public static class Broken {
    private volatile boolean lost;
    private volatile int value = 1;

    @Actor
    void publish() {
      lost = true;
      value = 0;
    }

    @Actor
    void read(II_Result r) {
      if (lost) {
        r.r1 = 2;
        r.r2 = 1;
      } else {
        r.r1 = value;
      }
    }
  }
}
