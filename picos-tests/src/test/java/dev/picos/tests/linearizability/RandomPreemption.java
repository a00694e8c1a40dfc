package dev.picos.tests.linearizability;

import dev.picos.core.Point;

/**
 * Lets other fibers run at every scheduling point of core and std, while it is on. So a random
 * scheduler finds races within operations, and finds them again by their seed. Needs {@code
 * -Dpicos.explore=true}.
 */
public final class RandomPreemption implements Point.Explorer {
  private static boolean on; // of the one domain that runs the experiment

  /** For the service loader. */
  public RandomPreemption() {}

  static boolean isInstalled() {
    return Boolean.getBoolean("picos.explore");
  }

  /**
   * Runs {@code body}, which starts one run of a random scheduler on one domain, while it is on.
   */
  public static void during(Runnable body) {
    on = true;
    try {
      body.run();
    } finally {
      on = false;
    }
  }

  @Override
  public void before(Object target, Point.Kind kind) {
    if (on && Thread.currentThread().isVirtual()) {
      Thread.yield(); // and not the fiber's, which would throw when it is canceled
    }
  }
}
