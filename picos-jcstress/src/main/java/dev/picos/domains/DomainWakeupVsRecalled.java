package dev.picos.domains;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/**
 * The lender of a domain has work again while its guest asks whether it is recalled: the guest
 * learns of it now or when it asks next.
 */
@JCStressTest
@State
@Outcome(id = "true, true", expect = ACCEPTABLE, desc = "learns of it now")
@Outcome(id = "false, true", expect = ACCEPTABLE, desc = "learns of it next time")
@Outcome(id = ".*, false", expect = FORBIDDEN, desc = "the guest never learns of it")
public class DomainWakeupVsRecalled {
  private final OfferModel domain = new OfferModel();

  @Actor
  void lender() {
    domain.lenderHasWork = true;
    domain.wakeup();
  }

  @Actor
  void guest(ZZ_Result r) {
    r.r1 = domain.isRecalled();
  }

  @Arbiter
  void next(ZZ_Result r) {
    r.r2 = domain.isRecalled();
  }

  /**
   * The mistake: it looks first and then clears the flag, and with it a wake-up that came in
   * between.
   */
  @JCStressTest
  @JCStressMeta(DomainWakeupVsRecalled.class)
  @State
  public static class Broken {
    private final OfferModel domain =
        new OfferModel() {
          @Override
          boolean lenderWaits() {
            boolean waits = lenderHasWork;
            if (!waits) {
              recalled = false;
            }
            return waits;
          }
        };

    @Actor
    void lender() {
      domain.lenderHasWork = true;
      domain.wakeup();
    }

    @Actor
    void guest(ZZ_Result r) {
      r.r1 = domain.isRecalled();
    }

    @Arbiter
    void next(ZZ_Result r) {
      r.r2 = domain.isRecalled();
    }
  }

  /**
   * The mistake: it lets the lender's predicate clear the flag once more, and look only further
   * out.
   */
  @JCStressTest
  @JCStressMeta(DomainWakeupVsRecalled.class)
  @State
  public static class NestedBroken {
    private final OfferModel domain =
        new OfferModel() {
          @Override
          boolean lenderWaits() {
            recalled = false;
            if (lenderHasWork) {
              recalled = true;
              return true;
            }
            if (recalled) {
              recalled = false; // and nobody further out waits
            }
            return false;
          }
        };

    @Actor
    void lender() {
      domain.lenderHasWork = true;
      domain.wakeup();
    }

    @Actor
    void guest(ZZ_Result r) {
      r.r1 = domain.isRecalled();
    }

    @Arbiter
    void next(ZZ_Result r) {
      r.r2 = domain.isRecalled();
    }
  }
}
