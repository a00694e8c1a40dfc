package dev.picos.sched.multififo;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** A queue grows while two others take from it: each element is taken once, none is lost. */
@JCStressTest
@State
@Outcome(id = "15, 4", expect = ACCEPTABLE, desc = "each of 1, 2, 4 and 8, once")
@Outcome(expect = FORBIDDEN, desc = "one was lost, or taken twice")
public class LaneQueueGrowVsPoll {
  private final LaneQueue<Integer> queue = new LaneQueue<>(2);
  private final Taken one = new Taken();
  private final Taken other = new Taken();
  private final Taken rest = new Taken();

  /** What one has taken. */
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

  /** Starts with a queue that is full. */
  public LaneQueueGrowVsPoll() {
    queue.offer(1);
    queue.offer(2);
  }

  @Actor
  void owner() {
    queue.offer(4);
    queue.offer(8);
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
}
