package dev.picos.std.sync;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.LZL_Result;

/** A value is published while a sequence is poisoned: it is there, or its publisher knows. */
@JCStressTest
@State
@Outcome(id = "published, true, 1 poison", expect = ACCEPTABLE, desc = "first the value")
@Outcome(id = "refused, true, poison", expect = ACCEPTABLE, desc = "first the poison")
@Outcome(expect = FORBIDDEN, desc = "the value is lost, or comes although refused, or no poison")
public class BroadcastPublishVsPoison {
  private final Broadcast<Integer> broadcast = new Broadcast<>();
  private final Broadcast.Cursor<Integer> start = broadcast.tap();

  @Actor
  void publish(LZL_Result r) {
    try {
      broadcast.publish(1);
      r.r1 = "published";
    } catch (CancellationException poison) {
      r.r1 = "refused";
    }
  }

  @Actor
  void poison(LZL_Result r) {
    r.r2 = broadcast.tryPoison(new CancellationException());
  }

  @Arbiter
  void look(LZL_Result r) {
    StringBuilder sequence = new StringBuilder();
    Broadcast.Cursor<Integer> at = start;
    try {
      while (at.peek() != null) {
        sequence.append(at.read()).append(' ');
        at = at.next();
      }
    } catch (CancellationException poison) {
      sequence.append("poison");
    }
    r.r3 = sequence.toString();
  }

  /** The mistake: it looks for poison, and then publishes where there may be some by now. */
  @JCStressTest
  @JCStressMeta(BroadcastPublishVsPoison.class)
  @State
  public static class Broken {
    private volatile boolean poisoned;
    private volatile @Nullable Integer value;

    /** What a reader that comes along finds: nothing of what comes after the poison. */
    private volatile String sequence = "";

    @Actor
    void publish(LZL_Result r) {
      if (poisoned) {
        r.r1 = "refused";
      } else {
        value = 1;
        r.r1 = "published";
      }
    }

    @Actor
    void poison(LZL_Result r) {
      sequence = value == null ? "poison" : "1 poison";
      poisoned = true;
      r.r2 = true;
    }

    @Arbiter
    void look(LZL_Result r) {
      r.r3 = sequence;
    }
  }
}
