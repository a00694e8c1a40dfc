package dev.picos.core;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZZ_Result;

/** A commit while a trigger that is being attached aborts the transaction: one of them happens. */
@JCStressTest
@State
@Outcome(id = "true, false, true", expect = ACCEPTABLE, desc = "committed; the trigger is refused")
@Outcome(id = "false, true, false", expect = ACCEPTABLE, desc = "aborted; the trigger is attached")
@Outcome(id = "true, true, .*", expect = FORBIDDEN, desc = "committed and aborted")
public class TransactionCommitVsAbort {
  private final Computation<Integer> computation = new Computation<>();
  private final Transaction transaction = new Transaction();
  private final Trigger trigger = new Trigger();

  public TransactionCommitVsAbort() {
    transaction.tryReturn(computation, 1);
  }

  @Actor
  void commit(ZZZ_Result r) {
    r.r1 = transaction.tryCommit();
  }

  @Actor
  void attach(ZZZ_Result r) {
    r.r2 = computation.tryAttach(trigger);
  }

  @Arbiter
  void look(ZZZ_Result r) {
    r.r3 = !computation.isRunning();
  }

  /** The mistake: the commit reads and then writes, so that it overlooks being aborted. */
  @JCStressTest
  @JCStressMeta(TransactionCommitVsAbort.class)
  @State
  public static class Broken {
    private final ComputationCopy computation = new ComputationCopy();
    private final TransactionCopy transaction =
        new TransactionCopy() {
          @Override
          boolean move(Phase next) {
            boolean started = phase.get() == Phase.STARTED;
            if (started) {
              phase.set(next);
            }
            return started;
          }
        };
    private final Trigger trigger = new Trigger();

    public Broken() {
      transaction.tryAdd(computation, 1);
    }

    @Actor
    void commit(ZZZ_Result r) {
      r.r1 = transaction.tryCommit();
    }

    @Actor
    void attach(ZZZ_Result r) {
      r.r2 = computation.tryAttach(trigger);
    }

    @Arbiter
    void look(ZZZ_Result r) {
      r.r3 = computation.outcome() != 0;
    }
  }
}
