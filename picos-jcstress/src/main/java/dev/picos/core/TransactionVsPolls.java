package dev.picos.core;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/**
 * The two computations of a transaction are polled one after the other: neither is seen completed
 * without the other.
 */
@JCStressTest
@State
@Outcome(id = "false, false", expect = ACCEPTABLE, desc = "before the commit")
@Outcome(id = "false, true", expect = ACCEPTABLE, desc = "the commit came between the polls")
@Outcome(id = "true, true", expect = ACCEPTABLE, desc = "after the commit")
@Outcome(id = "true, false", expect = FORBIDDEN, desc = "half of the transaction")
public class TransactionVsPolls {
  private final Computation<Integer> a = new Computation<>();
  private final Computation<Integer> b = new Computation<>();

  @Actor
  void commit() {
    Transaction transaction = new Transaction();
    boolean unused =
        transaction.tryReturn(a, 1) && transaction.tryReturn(b, 1) && transaction.tryCommit();
  }

  @Actor
  void poll(ZZ_Result r) {
    r.r1 = !a.isRunning();
    r.r2 = !b.isRunning();
  }

  /**
   * The mistake: a tentative outcome counts once it has been replaced, which happens one by one.
   */
  @JCStressTest
  @JCStressMeta(TransactionVsPolls.class)
  @State
  public static class Broken {
    private final ComputationCopy a = new Polled();
    private final ComputationCopy b = new Polled();

    private static final class Polled extends ComputationCopy {
      @Override
      int outcome() {
        return state.getAcquire() instanceof Integer outcome ? outcome : 0;
      }
    }

    @Actor
    void commit() {
      TransactionCopy transaction = new TransactionCopy();
      boolean unused =
          transaction.tryAdd(a, 1) && transaction.tryAdd(b, 1) && transaction.tryCommit();
    }

    @Actor
    void poll(ZZ_Result r) {
      r.r1 = a.outcome() != 0;
      r.r2 = b.outcome() != 0;
    }
  }
}
