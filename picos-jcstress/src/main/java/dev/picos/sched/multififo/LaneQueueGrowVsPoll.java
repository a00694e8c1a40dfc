package dev.picos.sched.multififo;

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
 * A queue grows while two others take from it: each element is taken once, and none is lost. The
 * queue is full at first, and what is added would fill it once more.
 */
@JCStressTest
@State
@Outcome(id = "31, 5", expect = ACCEPTABLE, desc = "each of 1, 2, 4, 8 and 16, once")
@Outcome(expect = FORBIDDEN, desc = "one was lost, or taken twice")
public class LaneQueueGrowVsPoll {
  private final LaneQueue<Integer> queue = new LaneQueue<>(2);
  private final Taken one = new Taken();
  private final Taken other = new Taken();
  private final Taken rest = new Taken();

  /** What one of them has taken. */
  static final class Taken {
    int sum;
    int count;

    void add(Integer element) {
      if (element != null) {
        sum += element;
        count++;
      }
    }
  }

  public LaneQueueGrowVsPoll() {
    queue.offer(1);
    queue.offer(2);
  }

  @Actor
  void owner() {
    queue.offer(4);
    queue.offer(8);
    queue.offer(16);
  }

  @Actor
  void one() {
    one.add(queue.poll());
    one.add(queue.poll());
  }

  @Actor
  void other() {
    other.add(queue.poll());
    other.add(queue.poll());
  }

  @Arbiter
  void count(II_Result r) {
    for (Integer element = queue.poll(); element != null; element = queue.poll()) {
      rest.add(element);
    }
    r.r1 = one.sum + other.sum + rest.sum;
    r.r2 = one.count + other.count + rest.count;
  }

  /** The mistake: it goes on to the successor without a second look. */
  @JCStressTest
  @JCStressMeta(LaneQueueGrowVsPoll.class)
  @State
  public static class Broken {
    private final Ring<Integer> first = new Ring<>(2);
    private final Ring<Integer> second = new Ring<>(4);
    private final Taken one = new Taken();
    private final Taken other = new Taken();
    private final Taken rest = new Taken();
    private volatile boolean linked;
    private volatile boolean left;

    public Broken() {
      offer(1);
      offer(2);
    }

    private void offer(Integer element) {
      if (linked || !first.offer(element)) {
        second.offer(element);
        linked = true;
      }
    }

    private Integer poll() {
      Integer element = left ? null : first.poll();
      if (element != null || !linked) {
        return element;
      }
      left = true;
      return second.poll();
    }

    @Actor
    void owner() {
      offer(4);
      offer(8);
      offer(16);
    }

    @Actor
    void one() {
      one.add(poll());
      one.add(poll());
    }

    @Actor
    void other() {
      other.add(poll());
      other.add(poll());
    }

    @Arbiter
    void count(II_Result r) {
      for (Integer element = poll(); element != null; element = poll()) {
        rest.add(element);
      }
      r.r1 = one.sum + other.sum + rest.sum;
      r.r2 = one.count + other.count + rest.count;
    }
  }
}
