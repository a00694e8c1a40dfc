package dev.picos.examples.tutorial;

import dev.picos.core.Point;

// region preemption
/** Lets other fibers run at every point, while it is on. */
public final class Preemption implements Point.Explorer {
  static boolean on;

  @Override
  public void before(Object target, Point.Kind kind) {
    if (on && Thread.currentThread().isVirtual()) {
      Thread.yield(); // and not Fiber.yield(), which would throw in a fiber that is canceled
    }
  }
}
// endregion
