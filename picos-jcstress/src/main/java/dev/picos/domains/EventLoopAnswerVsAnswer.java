package dev.picos.domains;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * Two tasks that an executor was given for one call run at the same time, in two of its threads;
 * and whoever answers the call leaves another one behind, which is to be answered by the same two.
 */
@JCStressTest
@State
@Outcome(id = "2, 2", expect = ACCEPTABLE, desc = "each call is answered once")
@Outcome(expect = FORBIDDEN, desc = "a call is answered twice, or never, or two at the same time")
public class EventLoopAnswerVsAnswer {
  private final Execution execution = new Execution(new Fifo("stress", Integer.MAX_VALUE));
  private final EventLoop loop = new EventLoop(execution, Runnable::run, this::answer);
  private int answers; // which several threads at a time would not count right
  private volatile boolean isOver;

  public EventLoopAnswerVsAnswer() {
    loop.isNeeded();
  }

  private void answer(Domain here) {
    answers++;
    if (answers == 1) {
      loop.isNeeded();
    } else {
      isOver = true;
    }
  }

  @Actor
  void task(II_Result r) {
    runToTheEnd();
  }

  @Actor
  void sameTask(II_Result r) {
    runToTheEnd();
  }

  private void runToTheEnd() {
    while (!isOver) {
      loop.run();
    }
  }

  @Arbiter
  void count(II_Result r) {
    r.r1 = answers;
    loop.run();
    r.r2 = answers;
  }
}
