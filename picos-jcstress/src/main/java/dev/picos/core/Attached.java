package dev.picos.core;

/** Brings the bag of a computation to the point where the next change rebuilds it. */
final class Attached {
  private Attached() {}

  /** Adds so much garbage to {@code live} attached triggers that one more change clears it out. */
  static void addGarbage(Computation<?> computation, int live) {
    Trigger[] garbage = new Trigger[live + 1];
    for (int i = 0; i < garbage.length; i++) {
      garbage[i] = new Trigger();
      attach(computation, garbage[i]);
    }
    for (Trigger trigger : garbage) {
      computation.detach(trigger);
    }
  }

  static void attach(Computation<?> computation, Trigger trigger) {
    if (!computation.tryAttach(trigger)) {
      throw new IllegalStateException("refused");
    }
  }
}
