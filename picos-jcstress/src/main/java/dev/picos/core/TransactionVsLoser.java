package dev.picos.core;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZZ_Result;

/**
 * A transaction runs while another thread tries to complete one of its computations: if that thread
 * learns that the computation is completed, then the polls of both computations say so, too.
 */
@JCStressTest
@State
@Outcome(id = "true, false, true", expect = ACCEPTABLE, desc = "he came first; nothing committed")
@Outcome(id = "false, false, false", expect = ACCEPTABLE, desc = "he lost, and sees it committed")
@Outcome(id = "false, true, .*", expect = FORBIDDEN, desc = "he lost to one that is running")
@Outcome(id = "false, .*, true", expect = FORBIDDEN, desc = "half of the transaction")
public class TransactionVsLoser {
  private final Computation<Integer> a = new Computation<>();
  private final Computation<Integer> b = new Computation<>();

  @Actor
  void commit() {
    Transaction transaction = new Transaction();
    boolean unused =
        transaction.tryReturn(a, 1) && transaction.tryReturn(b, 1) && transaction.tryCommit();
  }

  @Actor
  void complete(ZZZ_Result r) {
    r.r1 = a.tryReturn(2);
    r.r2 = a.isRunning();
    r.r3 = b.isRunning();
  }

  /** The mistake: polls wait for the outcome to be replaced, but completions do not. */
  @JCStressTest
  @JCStressMeta(TransactionVsLoser.class)
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
    void complete(ZZZ_Result r) {
      r.r1 = a.tryComplete(2);
      r.r2 = a.outcome() == 0;
      r.r3 = b.outcome() == 0;
    }
  }
}
