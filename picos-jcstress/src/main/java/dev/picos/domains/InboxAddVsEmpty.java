package dev.picos.domains;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressMeta;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A fiber becomes ready, in a thread that is not the domain's, while the domain empties the inbox
 * because of an earlier one: the domain takes it now or knows afterwards that there is one.
 */
@JCStressTest
@State
@Outcome(id = "2, 0", expect = ACCEPTABLE, desc = "the domain has taken both")
@Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "the second one comes next")
@Outcome(expect = FORBIDDEN, desc = "one is lost, or came twice")
public class InboxAddVsEmpty {
  private final Ready first = newFiber();
  private final Ready second = newFiber();

  private static final Execution EXECUTION = new Execution(new Taken());

  private final Inbox inbox = new Inbox(2);
  private final Taken taken = new Taken();
  private final Seat seat = Seat.all(EXECUTION, List.of(taken)).get(0);

  private static Ready newFiber() {
    return new Start(new Fiber(new Computation<>()), fiber -> {});
  }

  /** A policy that only counts. */
  private static final class Taken implements Policy {
    int count;

    @Override
    public void ready(Ready fiber, boolean first) {
      count++;
    }

    @Override
    public @Nullable Ready next() {
      return null;
    }

    @Override
    public boolean isEmpty() {
      return true;
    }

    @Override
    public boolean spend(Operation operation) {
      return false;
    }
  }

  public InboxAddVsEmpty() {
    inbox.add(first);
  }

  @Actor
  void ready() {
    inbox.add(second);
  }

  @Actor
  void next(II_Result r) {
    r.r1 = take();
  }

  @Arbiter
  void afterwards(II_Result r) {
    r.r2 = inbox.isEmpty() ? 0 : take();
  }

  private int take() {
    taken.count = 0;
    inbox.emptyInto(seat);
    return taken.count;
  }

  /**
   * The same for a fiber that has been woken: the domain takes it now, or knows afterwards that it
   * must not wait outside.
   */
  @JCStressTest
  @JCStressMeta(InboxAddVsEmpty.class)
  @State
  public static class Woken {
    private final InboxAddVsEmpty with = new InboxAddVsEmpty();

    @Actor
    void wake() {
      with.inbox.addWoken(with.second);
    }

    @Actor
    void next(II_Result r) {
      r.r1 = with.take();
    }

    @Arbiter
    void afterwards(II_Result r) {
      r.r2 = with.inbox.isUrgent() ? with.take() : 0;
    }
  }

  /**
   * The mistake: it clears the flag after it has emptied the inbox, and so forgets what came in
   * between.
   */
  @JCStressTest
  @JCStressMeta(InboxAddVsEmpty.class)
  @State
  public static class Broken {
    private static final Ready FIBER = newFiber();

    private final ConcurrentLinkedQueue<Ready> inbox = new ConcurrentLinkedQueue<>();
    private volatile boolean arrived = true;

    public Broken() {
      inbox.add(FIBER);
    }

    @Actor
    void ready() {
      inbox.add(FIBER);
      arrived = true;
    }

    @Actor
    void next(II_Result r) {
      r.r1 = take();
    }

    @Arbiter
    void afterwards(II_Result r) {
      r.r2 = take();
    }

    private int take() {
      int taken = 0;
      if (arrived) {
        while (inbox.poll() != null) {
          taken++;
        }
        arrived = false;
      }
      return taken;
    }
  }
}
