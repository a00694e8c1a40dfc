package dev.picos.domains;

import java.util.concurrent.atomic.AtomicInteger;

/** {@link Timeout}'s algorithm, for twins to override one step of with a mistake. */
class TimeoutCopy {
  static final int INBOX = 0;
  static final int WHEEL = 1;
  static final int DONE = 2;
  static final int LINKED = 3;

  final AtomicInteger state;
  boolean wasPut;
  boolean fired;
  short slot = Timeout.NOWHERE;

  TimeoutCopy(int state) {
    this.state = new AtomicInteger(state);
  }

  /** Also writes down the slot, as {@link TimerWheel#add} does. */
  boolean tryEnterWheel() {
    boolean entered = move(INBOX, WHEEL);
    if (entered) {
      slot = 1;
    }
    return entered;
  }

  boolean isGarbage() {
    return state.getAcquire() == DONE;
  }

  void remove() {
    if (!move(INBOX, DONE)) {
      wasPut = move(WHEEL, LINKED);
    }
  }

  void fire() {
    fired = move(WHEEL, DONE);
  }

  boolean move(int before, int after) {
    return state.compareAndSet(before, after);
  }

  /** A typical mistake: it looks, and then writes without comparing. */
  static class Unchecked extends TimeoutCopy {
    Unchecked(int state) {
      super(state);
    }

    @Override
    boolean move(int before, int after) {
      boolean same = state.get() == before;
      if (same) {
        state.set(after);
      }
      return same;
    }
  }
}
