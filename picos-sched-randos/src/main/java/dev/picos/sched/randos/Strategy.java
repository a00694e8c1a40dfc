package dev.picos.sched.randos;

import dev.picos.domains.Ready;
import java.util.List;

/**
 * Chooses which of the fibers that are ready runs next. An instance serves a single run, and is
 * called by one domain at a time.
 */
@FunctionalInterface
public interface Strategy {
  /**
   * Returns the index of the fiber that is to run next.
   *
   * @param ready the fibers that are ready, at least one, in an order that is the same whenever the
   *     schedule has been the same so far. The list must be neither changed nor kept
   * @return an index from 0 to {@code ready.size() - 1}
   */
  int choose(List<Ready> ready);
}
