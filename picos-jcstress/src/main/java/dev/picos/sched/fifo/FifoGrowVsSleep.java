package dev.picos.sched.fifo;

import java.lang.invoke.VarHandle;
import org.jctools.queues.varhandle.MpscUnboundedVarHandleArrayQueue;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/**
 * The same as {@link FifoReadyVsSleep} while the inbox grows, when it publishes with an ordered
 * store only: with the fence of {@code Execution.wakeup} the domain sees the fiber, or the thread
 * sees that it has to wake the domain. The queue is that of the real inbox, with chunks of one.
 */
@JCStressTest
@JCStressMeta(FifoReadyVsSleep.class)
@State
public class FifoGrowVsSleep {
  private static final Object FIRST = new Object();
  private static final Object SECOND = new Object();

  private final MpscUnboundedVarHandleArrayQueue<Object> inbox =
      new MpscUnboundedVarHandleArrayQueue<>(2);
  private volatile @Nullable Object sleeper;

  public FifoGrowVsSleep() {
    inbox.offer(FIRST);
  }

  @Actor
  void ready(ZZ_Result r) {
    inbox.offer(SECOND);
    VarHandle.fullFence();
    r.r1 = sleeper != null;
  }

  @Actor
  void sleep(ZZ_Result r) {
    boolean all = inbox.relaxedPoll() == FIRST && inbox.relaxedPoll() == null;
    sleeper = this;
    r.r2 = !all || !inbox.isEmpty();
  }

  /** Gets wrong: relies on the queue for the fence. */
  @JCStressTest
  @JCStressMeta(FifoReadyVsSleep.class)
  @State
  public static class Broken {
    private final MpscUnboundedVarHandleArrayQueue<Object> inbox =
        new MpscUnboundedVarHandleArrayQueue<>(2);
    private volatile @Nullable Object sleeper;

    public Broken() {
      inbox.offer(FIRST);
    }

    @Actor
    void ready(ZZ_Result r) {
      inbox.offer(SECOND);
      r.r1 = sleeper != null;
    }

    @Actor
    void sleep(ZZ_Result r) {
      boolean all = inbox.relaxedPoll() == FIRST && inbox.relaxedPoll() == null;
      sleeper = this;
      r.r2 = !all || !inbox.isEmpty();
    }
  }
}
