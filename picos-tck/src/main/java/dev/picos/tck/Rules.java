package dev.picos.tck;

import dev.picos.core.Scheduler;

/** What a group of rules knows of the scheduler that it tests. */
interface Rules {
  /** Makes another scheduler of the kind that is tested. */
  Scheduler scheduler();

  /** The time when the rule that is running has to stop waiting, by {@link System#nanoTime}. */
  long deadline();

  /** Called when a fiber or a thread of the rule has waited in vain and gives up. */
  void gaveUp(String what);

  /**
   * How often a rule repeats something for which {@code usual} repetitions have been found to be
   * enough.
   */
  int rounds(int usual);
}
