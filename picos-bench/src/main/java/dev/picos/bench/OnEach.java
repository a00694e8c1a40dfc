package dev.picos.bench;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Runs fibers. A method of a benchmark that takes one is measured on each of our schedulers, while
 * the rivals beside it, which do not, are measured once.
 */
@State(Scope.Benchmark)
public class OnEach {
  /** Which one. */
  @Param public Ours scheduler = Ours.FIFO;

  private Scheduler created = ThreadScheduler.create();

  /** Makes it. */
  @Setup
  public void create() {
    created = scheduler.create();
  }

  <T> T call(Body<T, RuntimeException> main) {
    return created.call(main);
  }

  void run(Block<RuntimeException> main) {
    created.run(main);
  }
}
