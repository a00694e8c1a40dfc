package dev.picos.core;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A computation is completed while two triggers are attached one after the other: the mode decides
 * the order.
 */
public class ComputationSignalingOrder {
  private ComputationSignalingOrder() {}

  /** Writes down the order in which two triggers are signaled. */
  static class Log {
    private static final Trigger.Action<Log, Integer> WRITE =
        (trigger, log, number) -> log.entries = 10 * log.entries + number;

    final Trigger trigger1 = Trigger.<Log, Integer>fromAction(this, 1, WRITE);
    final Trigger trigger2 = Trigger.<Log, Integer>fromAction(this, 2, WRITE);
    int entries;
  }

  /** They are signaled in the order in which they were attached. */
  @JCStressTest
  @State
  @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "completed before both were attached")
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "completed between the two")
  @Outcome(id = "2, 12", expect = ACCEPTABLE, desc = "completed after both were attached")
  @Outcome(id = "2, 21", expect = FORBIDDEN, desc = "the last came first")
  public static class Fifo {
    private final Computation<Integer> computation = new Computation<>(Computation.Mode.FIFO);
    private final Log log = new Log();

    @Actor
    void complete() {
      computation.tryReturn(1);
    }

    @Actor
    void attach(II_Result r) {
      r.r1 = computation.tryAttach(log.trigger1) ? 1 : 0;
      r.r1 += computation.tryAttach(log.trigger2) ? 1 : 0;
    }

    @Arbiter
    void read(II_Result r) {
      r.r2 = log.entries;
    }
  }

  /** The mistake: it takes the newest first, as the list has them. */
  @JCStressTest
  @JCStressMeta(Fifo.class)
  @State
  public static class FifoBroken {
    private final ComputationCopy computation = new ComputationCopy(Computation.Mode.LIFO);
    private final Log log = new Log();

    @Actor
    void complete() {
      computation.tryComplete(1);
    }

    @Actor
    void attach(II_Result r) {
      r.r1 = computation.tryAttach(log.trigger1) ? 1 : 0;
      r.r1 += computation.tryAttach(log.trigger2) ? 1 : 0;
    }

    @Arbiter
    void read(II_Result r) {
      r.r2 = log.entries;
    }
  }

  /** They are signaled in the reverse order. */
  @JCStressTest
  @State
  @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "completed before both were attached")
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "completed between the two")
  @Outcome(id = "2, 21", expect = ACCEPTABLE, desc = "completed after both were attached")
  @Outcome(id = "2, 12", expect = FORBIDDEN, desc = "the first came first")
  public static class Lifo {
    private final Computation<Integer> computation = new Computation<>(Computation.Mode.LIFO);
    private final Log log = new Log();

    @Actor
    void complete() {
      computation.tryReturn(1);
    }

    @Actor
    void attach(II_Result r) {
      r.r1 = computation.tryAttach(log.trigger1) ? 1 : 0;
      r.r1 += computation.tryAttach(log.trigger2) ? 1 : 0;
    }

    @Arbiter
    void read(II_Result r) {
      r.r2 = log.entries;
    }
  }

  /**
   * The mistake: it empties the bag trigger by trigger, and counts as completed only after that.
   */
  @JCStressTest
  @JCStressMeta(Lifo.class)
  @State
  public static class LifoBroken {
    private final ComputationCopy computation =
        new ComputationCopy(Computation.Mode.LIFO) {
          @Override
          boolean tryComplete(int outcome) {
            for (Bag bag = bag(); bag != null; bag = bag()) {
              Trigger newest = bag.newest;
              if (newest == null) {
                if (swap(bag, outcome)) {
                  return true;
                }
              } else if (swap(bag, bag.older())) {
                newest.signal();
              }
            }
            return false;
          }
        };
    private final Log log = new Log();

    @Actor
    void complete() {
      computation.tryComplete(1);
    }

    @Actor
    void attach(II_Result r) {
      r.r1 = computation.tryAttach(log.trigger1) ? 1 : 0;
      r.r1 += computation.tryAttach(log.trigger2) ? 1 : 0;
    }

    @Arbiter
    void read(II_Result r) {
      r.r2 = log.entries;
    }
  }
}
