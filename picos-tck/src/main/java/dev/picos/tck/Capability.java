package dev.picos.tck;

/**
 * What a scheduler may promise beyond what every scheduler must. A capability that is {@linkplain
 * SchedulerContract#capabilities declared} is tested, and one that is not declared is not tested.
 */
public enum Capability {
  /** Two fibers that neither await nor yield run at the same time, on more than one thread. */
  PARALLEL,

  /**
   * What becomes ready first runs first, on one thread; a parent goes on after a spawn, for at
   * least ten spawns.
   */
  FIFO_ORDER,

  /** A fiber that is woken because it is canceled runs ahead of those that are ready. */
  CANCELED_FIRST,

  /**
   * Fibers that yield in a loop get about the same number of turns, and however many fibers wake or
   * spawn each other, others have their turns, too.
   */
  FAIRNESS,

  /**
   * Spawning and setting timeouts in a loop does not keep other ready fibers from running, however
   * many fibers do so.
   */
  QUOTA,

  /** A fiber that blocks in the JDK, in a lock or a queue, leaves its thread to other fibers. */
  BLOCKING,

  /** Time passes when no fiber is ready, and not as the clock of the machine does. */
  VIRTUAL_TIME
}
