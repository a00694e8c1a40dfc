package dev.picos.sched.randos;

import dev.picos.domains.Ready;
import java.util.List;

/**
 * Chooses which of the fibers that are ready runs next. One instance serves one run, and is called
 * by one domain at a time.
 */
@FunctionalInterface
public interface Strategy {
  /**
   * Returns the index of the fiber that is to run next.
   *
   * @param ready one or more fibers, in an order that is the same whenever the schedule has been
   *     the same so far; must not be changed or kept
   */
  int choose(List<Ready> ready);
}
