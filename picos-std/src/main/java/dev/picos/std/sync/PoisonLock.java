package dev.picos.std.sync;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.internal.Headroom;
import dev.picos.std.awaitable.AwaitableInt;
import dev.picos.std.internal.Deadline;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Mutual exclusion between fibers, by a lock that is poisoned when a fiber fails while holding it.
 *
 * {@snippet :
 * PoisonLock lock = new PoisonLock();
 * lock.runOrPoison(() -> {
 *   from.amount -= amount;
 *   to.amount += amount; // if this fails, nobody will see accounts that do not add up
 * });
 * }
 *
 * <p>A lock that is poisoned stays poisoned: fibers that wait, and fibers that come later, get a
 * {@link PoisonedException}, whose cause is what the fiber failed with. Where a failure leaves no
 * damage, use {@link #runLocked}, which just unlocks.
 *
 * <p>Unfair: a fiber that comes at the right moment takes the lock ahead of those that wait, which
 * makes the lock fast where fibers contend for it; a fiber that waits may be overtaken any number
 * of times. {@link Mutex} is fair. Not reentrant. The lock has no owner: the fiber that unlocks it
 * need not be the one that locked it, and a fiber that locks it twice waits for ever.
 *
 * <p>What a fiber does before it unlocks happens before what another fiber does after it has
 * locked.
 *
 * <p>Progress: everything but the waiting is lock-free; without contention, locking and unlocking
 * take one compare-and-set each, and allocate nothing. At most one waiter at a time is woken to try
 * again. Space: 64 bytes, and some 100 for each waiter; waiters that are canceled are cleaned up in
 * amortised constant time.
 */
public final class PoisonLock {
  // For maintainers.
  //
  //   word         lock                  unlock                      poison
  //   FREE         -> LOCKED             IllegalMonitorState         IllegalState
  //   LOCKED       -> CONTENDED, wait    -> FREE                     -> POISONED, wake all
  //   CONTENDED    wait                  -> FREE, wake one           -> POISONED, wake all
  //   POISONED     throw                 nothing                     nothing
  //
  // CONTENDED means: held, and fibers may sleep. Invariant: while a fiber sleeps, the word is
  // CONTENDED or POISONED, or a fiber that slept is on its way here, or a signal is on its way to
  // one. Proof that it is kept:
  //   1 A fiber that has slept does not know whether others do. Therefore it takes the lock as
  //     CONTENDED, or makes it so before it sleeps again.
  //   2 If a fiber that was signaled is canceled instead, the awaitable passes its signal on to the
  //     next fiber that does not expect the present word. If all expect that, the word is
  //     CONTENDED.
  //
  // CONTENDED does not serve to spare the look for waiters, which is one read. It serves to bound
  // the wake-ups: a fiber that unlocks and locks again and again, while the one that it has woken
  // has not arrived yet, finds its word LOCKED and wakes no other.
  //
  // A thread that poisons writes the cause before the word. So a thread that reads that this is
  // poisoned finds a cause; if several threads try to poison at the same time, it may be that of
  // any of them. Then the poisoning thread cancels `end`. Fibers that await a condition are
  // attached to `end` before they release the lock.
  //
  // Ordering: every change is volatile.
  //
  // Differences from the original: a compare-and-set, instead of adding to the word first and
  // taking back if that was in vain. It costs the same without contention, and leaves no states in
  // between: tryLock never swallows a signal, isLocked is exact, and unlocking a free lock is
  // detected at no cost and changes nothing. (Releasing the hold of another fiber remains
  // undetected, since the lock knows no owners.) A condition cannot be awaited on a lock that is
  // free or poisoned already.

  private static final int FREE = 0;
  private static final int LOCKED = 1;
  private static final int CONTENDED = 2;
  private static final int POISONED = 3;

  private final AwaitableInt word = new AwaitableInt(FREE);

  /** Canceled once this is poisoned, for fibers that await a condition. */
  private final Computation<?> end = new Computation<>();

  /** What this is poisoned with; each thread that tries to poison writes it before the word. */
  private volatile @Nullable Throwable cause;

  /** Makes a free lock. */
  public PoisonLock() {}

  /** Makes a condition to be awaited while this lock is held. */
  public Condition newCondition() {
    return new LockCondition() {
      @Override
      void requireHeld() {
        requireNotPoisoned();
        if (word.get() == FREE) {
          throw notLocked();
        }
      }

      @Override
      void release() {
        unlock();
      }

      @Override
      void acquire() {
        PoisonLock.this.lock();
      }

      @Override
      Object lock() {
        return PoisonLock.this;
      }

      @Override
      Computation<?> end() {
        return end;
      }
    };
  }

  /**
   * Waits until this lock is free, and takes it.
   *
   * <p>Cancelation: none if it is free. Else a fiber that is canceled before or while it waits
   * throws the reason, and does not have the lock.
   *
   * @throws PoisonedException if it is poisoned, or is while the caller waits
   */
  public void lock() {
    if (!word.compareAndSet(FREE, LOCKED)) {
      boolean unused = lockSlowly(null);
    }
  }

  /**
   * Takes this lock if it is free. Never waits; not cancelable.
   *
   * @return whether the caller has it now
   * @throws PoisonedException if it is poisoned
   */
  public boolean tryLock() {
    if (word.compareAndSet(FREE, LOCKED)) {
      return true;
    }
    requireNotPoisoned();
    return false;
  }

  /**
   * As {@link #lock}, but waits no longer than {@code duration}; not at all if that is zero.
   *
   * @return whether the caller has the lock now
   * @throws PoisonedException as {@link #lock}
   * @throws IllegalArgumentException if {@code duration} is negative
   */
  public boolean tryLock(Duration duration) {
    Deadline.require(duration);
    return tryLock() || Deadline.within(duration, this::lockSlowly);
  }

  /**
   * Frees this lock, and wakes one of the fibers that wait. Does nothing if it is poisoned. Not
   * cancelable.
   *
   * @throws IllegalMonitorStateException if it is free, and remains so
   */
  public void unlock() {
    if (word.compareAndSet(LOCKED, FREE)) {
      return;
    }
    Headroom.requireToRelease();
    // A word that is CONTENDED stays so until the lock is unlocked.
    if (word.compareAndSet(CONTENDED, FREE)) {
      word.signal();
    } else if (word.get() != POISONED) {
      throw notLocked();
    }
  }

  /** As {@link #poison(Throwable)}, with no cause. */
  public void poison() {
    requireHeld(poisonIfHeld(null));
  }

  /**
   * Poisons this lock, which is held, for ever. Fibers that wait for it, or await a condition of
   * it, throw a {@link PoisonedException} with {@code cause}, and so do fibers that come later.
   * Does nothing if it is poisoned already. Not cancelable.
   *
   * @throws IllegalStateException if it is free, and remains so
   */
  public void poison(Throwable cause) {
    requireHeld(poisonIfHeld(Objects.requireNonNull(cause, "cause")));
  }

  /** Returns whether this lock is held; {@code true} also if it is poisoned. */
  public boolean isLocked() {
    return word.get() != FREE;
  }

  /** Returns whether this lock is poisoned. */
  public boolean isPoisoned() {
    return word.get() == POISONED;
  }

  /**
   * Runs {@code body} while holding this lock. If {@code body} throws anything, even the reason of
   * a cancelation, the lock is poisoned; otherwise it is unlocked.
   *
   * <p>Cancelation: as {@link #lock}; after that it is up to {@code body}.
   *
   * @return what {@code body} returned
   * @throws E what {@code body} threw
   * @throws PoisonedException as {@link #lock}
   * @throws IllegalMonitorStateException as {@link #unlock}, if {@code body} has unlocked this lock
   *     and returns; if it throws then, nothing is poisoned
   */
  public <T extends @Nullable Object, E extends Exception> T callOrPoison(Body<? extends T, E> body)
      throws E {
    return Holding.call(this::lock, body, this::unlock, this::poisonIfHeld);
  }

  /** As {@link #callOrPoison}, for a block. */
  public <E extends Exception> void runOrPoison(Block<E> block) throws E {
    Holding.run(this::lock, block, this::unlock, this::poisonIfHeld);
  }

  /**
   * Runs {@code body} while holding this lock. It is unlocked however {@code body} ends.
   *
   * <p>Cancelation: as {@link #lock}; after that it is up to {@code body}.
   *
   * @return what {@code body} returned
   * @throws E what {@code body} threw
   * @throws PoisonedException as {@link #lock}
   * @throws IllegalMonitorStateException as {@link #unlock}, if {@code body} has unlocked this lock
   *     and returns
   */
  public <T extends @Nullable Object, E extends Exception> T callLocked(Body<? extends T, E> body)
      throws E {
    return Holding.call(this::lock, body, this::unlock, thrown -> unlock());
  }

  /** As {@link #callLocked}, for a block. */
  public <E extends Exception> void runLocked(Block<E> block) throws E {
    Holding.run(this::lock, block, this::unlock, thrown -> unlock());
  }

  private boolean lockSlowly(@Nullable Computation<?> limit) {
    int mine = LOCKED;
    for (; ; ) {
      int now = word.get();
      if (now == POISONED) {
        throw new PoisonedException(cause);
      }
      if (now == FREE) {
        if (word.compareAndSet(FREE, mine)) {
          return true;
        }
      } else if (now == CONTENDED || word.compareAndSet(LOCKED, CONTENDED)) {
        if (!word.await(CONTENDED, limit)) {
          return false;
        }
        mine = CONTENDED;
      }
      Thread.onSpinWait();
    }
  }

  /** Poisons; returns {@code false} if this lock is free. */
  private boolean poisonIfHeld(@Nullable Throwable with) {
    for (; ; ) {
      int now = word.get();
      if (now == FREE || now == POISONED) {
        return now == POISONED;
      }
      cause = with;
      if (word.compareAndSet(now, POISONED)) {
        try {
          word.broadcast();
        } finally {
          end.tryCancel(Deadline.PASSED);
        }
        return true;
      }
      Thread.onSpinWait();
    }
  }

  private static void requireHeld(boolean held) {
    if (!held) {
      throw new IllegalStateException("not locked: only what is held can be poisoned");
    }
  }

  private void requireNotPoisoned() {
    if (word.get() == POISONED) {
      throw new PoisonedException(cause);
    }
  }

  private static IllegalMonitorStateException notLocked() {
    return new IllegalMonitorStateException("not locked");
  }

  /** Names the state, for people. */
  @Override
  public String toString() {
    int now = word.get();
    int waiting = word.waiterCount();
    return "PoisonLock["
        + (now == FREE ? "free" : now == POISONED ? "poisoned" : "locked")
        + (waiting == 0 ? "" : ", " + waiting + " waiting")
        + "]";
  }
}
