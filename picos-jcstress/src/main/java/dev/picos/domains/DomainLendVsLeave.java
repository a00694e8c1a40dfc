package dev.picos.domains;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZI_Result;

/**
 * A domain is lent while it stops waiting: the task runs once if it was accepted, and otherwise
 * never.
 */
@JCStressTest
@State
@Outcome(id = "true, 1", expect = ACCEPTABLE, desc = "accepted, and run")
@Outcome(id = "false, 0", expect = ACCEPTABLE, desc = "refused, and not run")
@Outcome(id = "true, 0", expect = FORBIDDEN, desc = "accepted, but nobody runs it")
public class DomainLendVsLeave {
  private final OfferModel domain = new OfferModel();
  private int runs;

  @Actor
  void lend(ZI_Result r) {
    r.r1 = domain.tryLend(() -> runs++);
  }

  @Actor
  void leave() {
    domain.leaveIdle();
  }

  @Arbiter
  void count(ZI_Result r) {
    r.r2 = runs;
  }

  /** The mistake: it looks whether there is a task and then writes, without exchanging. */
  @JCStressTest
  @JCStressMeta(DomainLendVsLeave.class)
  @State
  public static class Broken {
    private final OfferModel domain =
        new OfferModel() {
          @Override
          void leaveIdle() {
            Runnable task = offer.get();
            offer.set(BUSY);
            if (task != IDLE) {
              task.run();
            }
          }
        };
    private int runs;

    @Actor
    void lend(ZI_Result r) {
      r.r1 = domain.tryLend(() -> runs++);
    }

    @Actor
    void leave() {
      domain.leaveIdle();
    }

    @Arbiter
    void count(ZI_Result r) {
      r.r2 = runs;
    }
  }
}
