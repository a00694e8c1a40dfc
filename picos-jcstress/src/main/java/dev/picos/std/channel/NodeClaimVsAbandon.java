package dev.picos.std.channel;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.picos.core.Outcome;
import dev.picos.std.event.Event;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * A waiting receiver is given an item by one party that is bound elsewhere and by another that is
 * not, and gives up: exactly one of the three succeeds.
 */
@JCStressTest
@State
@org.openjdk.jcstress.annotations.Outcome(id = "1, 0, 0", expect = ACCEPTABLE, desc = "the first")
@org.openjdk.jcstress.annotations.Outcome(id = "0, 1, 0", expect = ACCEPTABLE, desc = "the second")
@org.openjdk.jcstress.annotations.Outcome(id = "0, 0, 1", expect = ACCEPTABLE, desc = "gave up")
@org.openjdk.jcstress.annotations.Outcome(expect = FORBIDDEN, desc = "lost or given twice")
public class NodeClaimVsAbandon {
  private final Node.Waiter<Object> waiter = new Node.Waiter<>(false, null);

  @Actor
  void claim(III_Result r) {
    Outcome.Returned<Object> given =
        Event.fromRequest(
                offer -> {
                  boolean unused = waiter.decide(Node.WAITING, "item", offer, Node.DONE);
                  return null;
                })
            .poll();
    r.r1 = given == null ? 0 : 1;
  }

  @Actor
  void give(III_Result r) {
    boolean given = false;
    while (!given && waiter.word() == Node.WAITING) {
      given = waiter.decide(Node.WAITING, "other item", null, null);
    }
    r.r2 = given ? 1 : 0;
  }

  @Actor
  void giveUp(III_Result r) {
    r.r3 = waiter.abandon() ? 1 : 0;
  }

  /** The mistake: it looks whether somebody waits, commits to its own offer, and then gives. */
  @JCStressTest
  @JCStressMeta(NodeClaimVsAbandon.class)
  @State
  public static class Broken {
    private final AtomicInteger word = new AtomicInteger();

    @Actor
    void claim(III_Result r) {
      if (word.get() == 0) {
        r.r1 = 1;
        boolean unused = word.compareAndSet(0, 1);
      }
    }

    @Actor
    void give(III_Result r) {
      r.r2 = word.compareAndSet(0, 2) ? 1 : 0;
    }

    @Actor
    void giveUp(III_Result r) {
      r.r3 = word.compareAndSet(0, 3) ? 1 : 0;
    }
  }
}
