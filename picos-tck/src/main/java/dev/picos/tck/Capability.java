package dev.picos.tck;

/**
 * What a scheduler may promise beyond what every scheduler must. A capability that {@linkplain
 * SchedulerContract#capabilities declared} is tested, and one that is not is not.
 */
public enum Capability {
  /** Two fibers that neither await nor yield run at the same time, on more than one thread. */
  PARALLEL,

  /**
   * What becomes ready first runs first, on one thread; a parent goes on after a spawn, at least
   * for ten.
   */
  FIFO_ORDER,

  /** A fiber that is woken because it is canceled runs ahead of those that are ready. */
  CANCELED_FIRST,

  /** Fibers that yield in a loop get about the same number of turns. */
  FAIRNESS,

  /** Spawning and setting timeouts in a loop does not keep other ready fibers from running. */
  QUOTA,

  /** A fiber that blocks in the JDK, in a lock or a queue, leaves its thread to other fibers. */
  BLOCKING,

  /** Time passes when no fiber is ready, and not by the clock of the machine. */
  VIRTUAL_TIME
}
