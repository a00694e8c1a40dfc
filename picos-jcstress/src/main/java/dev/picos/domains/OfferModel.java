package dev.picos.domains;

import java.util.concurrent.atomic.AtomicReference;

/** What a {@link Domain} shares with those who lend it, without its thread. */
class OfferModel {
  static final Runnable BUSY = () -> {};
  static final Runnable IDLE = () -> {};

  final AtomicReference<Runnable> offer = new AtomicReference<>(IDLE);
  volatile boolean recalled = true;
  volatile boolean lenderHasWork;

  /** Domain.tryLend. */
  boolean tryLend(Runnable task) {
    return offer.get() == IDLE && offer.compareAndSet(IDLE, task);
  }

  /** Domain.leaveIdle. */
  void leaveIdle() {
    Runnable task = offer.getAndSet(BUSY);
    if (task != IDLE) {
      task.run();
    }
  }

  /** Domain.wakeup. */
  void wakeup() {
    recalled = true;
  }

  /** Domain.isRecalled. */
  boolean isRecalled() {
    return recalled && lenderWaits();
  }

  boolean lenderWaits() {
    recalled = false;
    if (lenderHasWork) {
      recalled = true;
      return true;
    }
    return false;
  }
}
