package dev.picos.core;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZZ_Result;

/**
 * A transaction runs, and a trigger is attached to its computation meanwhile: the trigger is
 * signaled if the transaction commits after it was attached; if it was attached in between, nothing
 * is committed.
 */
@JCStressTest
@State
@Outcome(id = "true, true, true", expect = ACCEPTABLE, desc = "attached before the transaction")
@Outcome(id = "true, false, false", expect = ACCEPTABLE, desc = "refused after the commit")
@Outcome(id = "false, true, false", expect = ACCEPTABLE, desc = "attached; the transaction aborted")
@Outcome(id = "true, true, false", expect = FORBIDDEN, desc = "attached, but nobody signals it")
@Outcome(id = "false, false, .*", expect = FORBIDDEN, desc = "refused by what is running")
public class TransactionVsAttach {
  private final Computation<Integer> computation = new Computation<>();
  private final Trigger trigger = new Trigger();

  @Actor
  void commit(ZZZ_Result r) {
    Transaction transaction = new Transaction();
    r.r1 = transaction.tryReturn(computation, 1) && transaction.tryCommit();
  }

  @Actor
  void attach(ZZZ_Result r) {
    r.r2 = computation.tryAttach(trigger);
  }

  @Arbiter
  void look(ZZZ_Result r) {
    r.r3 = trigger.isSignaled();
  }

  /** The mistake: it rolls back the transaction that is in its way without having aborted it. */
  @JCStressTest
  @JCStressMeta(TransactionVsAttach.class)
  @State
  public static class Broken {
    private final ComputationCopy computation =
        new ComputationCopy() {
          @Override
          @Nullable Bag bag() {
            Object now = state.get();
            if (now instanceof TransactionCopy.Tentative tentative
                && !tentative.transaction().isCommitted()) {
              swap(tentative, tentative.before());
              now = state.get();
            }
            return now instanceof Bag bag ? bag : null;
          }
        };
    private final Trigger trigger = new Trigger();

    @Actor
    void commit(ZZZ_Result r) {
      TransactionCopy transaction = new TransactionCopy();
      r.r1 = transaction.tryAdd(computation, 1) && transaction.tryCommit();
    }

    @Actor
    void attach(ZZZ_Result r) {
      r.r2 = computation.tryAttach(trigger);
    }

    @Arbiter
    void look(ZZZ_Result r) {
      r.r3 = trigger.isSignaled();
    }
  }
}
