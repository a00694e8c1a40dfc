package dev.picos.domains;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * One part of the inbox of {@link WheelTimer} and how its thread goes to sleep, without the thread:
 * the same operations in the same order. Every timeout is due before the thread would wake by
 * itself.
 */
class InboxModel {
  static final VarHandle INBOX;
  static final VarHandle SLEEPS_UNTIL;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      INBOX = lookup.findVarHandle(InboxModel.class, "inbox", Item.class);
      SLEEPS_UNTIL = lookup.findVarHandle(InboxModel.class, "sleepsUntil", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  record Item(@Nullable Item below) {}

  volatile @Nullable Item inbox;
  volatile long sleepsUntil = Long.MIN_VALUE;

  /** WheelTimer.put; returns whether it wakes the thread. */
  boolean put() {
    push();
    return wakes();
  }

  /** WheelTimer.clean, of timeouts that are not done; returns whether it wakes the thread. */
  boolean clean() {
    boolean woken = false;
    for (Item item = (Item) INBOX.getAndSet(this, null); item != null; item = item.below) {
      push();
      woken |= wakes();
    }
    return woken;
  }

  final void push() {
    Item before;
    do {
      before = inbox;
    } while (!INBOX.compareAndSet(this, before, new Item(before)));
  }

  final boolean wakes() {
    return 0 < sleepsUntil;
  }

  /** WheelTimer.work, from the point where it has emptied the inbox; returns whether it sleeps. */
  boolean sleeps() {
    sleepsUntil = TimerWheel.NEVER;
    return inbox == null;
  }
}
