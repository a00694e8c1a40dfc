package dev.picos.domains;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/**
 * A thread that cleans the inbox has taken out a timeout that another thread has set, while the
 * timer's thread goes to sleep: the timeout is seen, or the timer's thread is woken when it is put
 * back.
 */
@JCStressTest
@State
@Outcome(id = "true, true", expect = ACCEPTABLE, desc = "the thread sleeps, and is woken")
@Outcome(id = ".*, false", expect = ACCEPTABLE, desc = "the thread has seen it")
@Outcome(id = "false, true", expect = FORBIDDEN, desc = "the thread sleeps through the deadline")
public class WheelTimerCleanVsSleep {
  private final InboxModel timer = new InboxModel();

  public WheelTimerCleanVsSleep() {
    timer.put(); // the thread is awake and need not be woken
  }

  @Actor
  void clean(ZZ_Result r) {
    r.r1 = timer.clean();
  }

  @Actor
  void sleep(ZZ_Result r) {
    r.r2 = timer.sleeps();
  }

  /** The mistake: it puts back what it keeps, but leaves waking to the thread that had set it. */
  @JCStressTest
  @JCStressMeta(WheelTimerCleanVsSleep.class)
  @State
  public static class Broken {
    private final InboxModel timer =
        new InboxModel() {
          @Override
          boolean clean() {
            for (Item item = (Item) INBOX.getAndSet(this, null); item != null; ) {
              push();
              item = item.below();
            }
            return false;
          }
        };

    public Broken() {
      timer.put();
    }

    @Actor
    void clean(ZZ_Result r) {
      r.r1 = timer.clean();
    }

    @Actor
    void sleep(ZZ_Result r) {
      r.r2 = timer.sleeps();
    }
  }
}
