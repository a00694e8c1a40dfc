package dev.picos.domains;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * An action that is run after some time, in the timer's thread, and that can be set over and over
 * again, even by itself: that takes no memory.
 */
final class Alarm extends Timeout {
  private final Runnable action;
  private final AtomicBoolean isSet = new AtomicBoolean();

  Alarm(Runnable action) {
    this.action = action;
  }

  boolean isSet() {
    return isSet.get();
  }

  /** Returns whether the caller is to set this, since it was not set. */
  boolean trySet() {
    return isSet.compareAndSet(false, true);
  }

  @Override
  void expire() {
    isSet.set(false);
    action.run();
  }
}
