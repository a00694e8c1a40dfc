package dev.picos.core;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IIII_Result;

/**
 * {return a, cancel b} against {return b, cancel a}: all of the one, all of the other, or nothing
 * because either aborted the other.
 */
@JCStressTest
@State
@Outcome(id = "1, 0, 1, -1", expect = ACCEPTABLE, desc = "the first")
@Outcome(id = "0, 1, -1, 1", expect = ACCEPTABLE, desc = "the second")
@Outcome(id = "0, 0, 0, 0", expect = ACCEPTABLE, desc = "neither")
@Outcome(id = "1, 1, .*, .*", expect = FORBIDDEN, desc = "both believe that they committed")
public class TransactionTwoAgainstTwo {
  private static final Throwable REASON = new Exception("test", null, false, false) {};

  private final Computation<Integer> a = new Computation<>();
  private final Computation<Integer> b = new Computation<>();

  @Actor
  void first(IIII_Result r) {
    Transaction transaction = new Transaction();
    r.r1 =
        transaction.tryReturn(a, 1) && transaction.tryCancel(b, REASON) && transaction.tryCommit()
            ? 1
            : 0;
  }

  @Actor
  void second(IIII_Result r) {
    Transaction transaction = new Transaction();
    r.r2 =
        transaction.tryReturn(b, 1) && transaction.tryCancel(a, REASON) && transaction.tryCommit()
            ? 1
            : 0;
  }

  @Arbiter
  void peek(IIII_Result r) {
    r.r3 = a.isRunning() ? 0 : a.isCanceled() ? -1 : a.await();
    r.r4 = b.isRunning() ? 0 : b.isCanceled() ? -1 : b.await();
  }

  /** The mistake: it decides by reading and then writing, so that it overlooks being aborted. */
  @JCStressTest
  @JCStressMeta(TransactionTwoAgainstTwo.class)
  @State
  public static class Broken {
    private final ComputationCopy a = new ComputationCopy();
    private final ComputationCopy b = new ComputationCopy();

    private static final class BrokenTransaction extends TransactionCopy {
      @Override
      boolean move(Phase next) {
        boolean started = phase.get() == Phase.STARTED;
        if (started) {
          phase.set(next);
        }
        return started;
      }
    }

    @Actor
    void first(IIII_Result r) {
      TransactionCopy transaction = new BrokenTransaction();
      r.r1 =
          transaction.tryAdd(a, 1) && transaction.tryAdd(b, -1) && transaction.tryCommit() ? 1 : 0;
    }

    @Actor
    void second(IIII_Result r) {
      TransactionCopy transaction = new BrokenTransaction();
      r.r2 =
          transaction.tryAdd(b, 1) && transaction.tryAdd(a, -1) && transaction.tryCommit() ? 1 : 0;
    }

    @Arbiter
    void peek(IIII_Result r) {
      r.r3 = a.outcome();
      r.r4 = b.outcome();
    }
  }
}
