package dev.picos.domains;

import java.util.concurrent.atomic.AtomicReference;

/** What a {@link Domain} shares with its lenders, without its thread. */
class OfferModel {
  static final Runnable BUSY = () -> {};
  static final Runnable IDLE = () -> {};

  final AtomicReference<Runnable> offer = new AtomicReference<>(IDLE);
  volatile boolean recalled = true;
  volatile boolean lenderHasWork;

  /** Only the guest uses this. */
  boolean looking;

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
    return recalled && !looking && lenderWaits();
  }

  boolean lenderWaits() {
    recalled = false;
    looking = true;
    try {
      if (lendersPredicate()) {
        recalled = true;
        return true;
      }
      return false;
    } finally {
      looking = false;
    }
  }

  /**
   * Workers.sleep: the lender also asks whether its own lenders need the domain; it has none here.
   */
  private boolean lendersPredicate() {
    return lenderHasWork || isRecalled();
  }
}
