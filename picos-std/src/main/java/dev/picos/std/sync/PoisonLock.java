package dev.picos.std.sync;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.std.awaitable.AwaitableInt;
import dev.picos.std.internal.Deadline;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Mutual exclusion between fibers, by a lock that is poisoned when a fiber fails while it holds it.
 *
 * {@snippet :
 * PoisonLock lock = new PoisonLock();
 * lock.holding(() -> {
 *   from.amount -= amount;
 *   to.amount += amount; // if this fails, nobody will see accounts that do not add up
 * });
 * }
 *
 * <p>Poisoned, it stays so: those who wait, and all who come later, get a {@link
 * PoisonedException}. Where a failure leaves no damage, use {@link #protect(Body) protect}, which
 * just releases.
 *
 * <p>Unfair: a fiber that comes at the right moment takes the lock ahead of those who wait, which
 * is what makes it fast where fibers contend for it; one that waits may be overtaken any number of
 * times. {@link Mutex} is fair. Not reentrant. The lock belongs to nobody: whoever releases it need
 * not be who acquired it, and a fiber that acquires it twice waits for ever.
 *
 * <p>What a fiber does before it releases happens before what another does after it has acquired.
 *
 * <p>Progress: everything but the waiting is lock-free; a lock that nobody contends for takes one
 * compare-and-set to acquire and one to release, and allocates nothing. At most one waiter at a
 * time is woken to try again. Space: 40 bytes, and some 100 for each waiter; waiters that are
 * canceled are cleaned up in amortised constant time.
 */
public final class PoisonLock {
  // For maintainers.
  //
  //   word         acquire               release                     poison
  //   FREE         -> LOCKED             IllegalMonitorState         IllegalState
  //   LOCKED       -> CONTENDED, wait    -> FREE                     -> POISONED, wake all
  //   CONTENDED    wait                  -> FREE, wake one           -> POISONED, wake all
  //   POISONED     throw                 nothing                     nothing
  //
  // CONTENDED says: held, and fibers may sleep. Invariant: while a fiber sleeps the word is
  // CONTENDED or POISONED, or a fiber that slept is on its way here, or a signal is on its way to
  // one. Who has slept does not know whether others do, and therefore takes the lock as CONTENDED
  // or makes it so before it sleeps again: that keeps the invariant. If it is canceled instead, the
  // awaitable passes its signal on to the next that does not expect the present word; and if all
  // expect that, then the word is CONTENDED.
  //
  // CONTENDED is not there to spare the look for waiters, which is one read, but to bound the
  // wake-ups: a fiber that releases and acquires again and again while the one it has woken is not
  // here yet finds its word LOCKED and wakes no other.
  //
  // Ordering: every change is volatile.
  //
  // Differences from the original: compare-and-set instead of adding to the word first and taking
  // it back when that was in vain. It costs the same where nobody contends, and leaves no states in
  // between: tryAcquire never swallows a signal, isLocked is exact, and a release of a free lock is
  // found out at no cost and changes nothing. (That someone else's hold is released remains
  // unnoticed, for the lock knows no owners.) A condition forwards a signal from a canceled
  // waiter, and is not awaited on a lock that is free or poisoned already.

  private static final int FREE = 0;
  private static final int LOCKED = 1;
  private static final int CONTENDED = 2;
  private static final int POISONED = 3;

  private final AwaitableInt word = new AwaitableInt(FREE);

  /** Makes a lock that is free. */
  public PoisonLock() {}

  /** Makes a condition to be awaited while this lock is held. */
  public Condition newCondition() {
    return new Condition(this);
  }

  /**
   * Waits until this lock is free, and takes it.
   *
   * <p>Cancelation: none if it is free. Else a fiber that is canceled before or while it waits
   * throws the reason, and does not have the lock.
   *
   * @throws PoisonedException if it is poisoned, or is while the caller waits
   */
  public void acquire() {
    if (!word.compareAndSet(FREE, LOCKED)) {
      boolean unused = acquireSlowly(null);
    }
  }

  /**
   * Takes this lock if it is free. Never waits; not cancelable.
   *
   * @return whether the caller has it now
   * @throws PoisonedException if it is poisoned
   */
  public boolean tryAcquire() {
    if (word.compareAndSet(FREE, LOCKED)) {
      return true;
    }
    requireNotPoisoned();
    return false;
  }

  /**
   * As {@link #acquire}, but waits no longer than {@code duration}; not at all if that is zero.
   *
   * @return whether the caller has the lock now
   * @throws PoisonedException as {@link #acquire}
   * @throws IllegalArgumentException if {@code duration} is negative
   */
  public boolean tryAcquire(Duration duration) {
    Deadline.require(duration);
    return tryAcquire() || Deadline.within(duration, this::acquireSlowly);
  }

  /**
   * Frees this lock, and wakes one of those who wait. Does nothing if it is poisoned. Not
   * cancelable.
   *
   * @throws IllegalMonitorStateException if it is free, and remains so
   */
  public void release() {
    if (word.compareAndSet(LOCKED, FREE)) {
      return;
    }
    // What is CONTENDED stays so until it is released.
    if (word.compareAndSet(CONTENDED, FREE)) {
      word.signal();
    } else if (word.get() != POISONED) {
      throw notLocked();
    }
  }

  /**
   * Poisons this lock, which is held, for ever. Those who wait for it throw. Does nothing if it is
   * poisoned already. Not cancelable.
   *
   * <p>Those who await a condition go on waiting; they throw once they are signaled, or canceled,
   * as they cannot have the lock again.
   *
   * @throws IllegalStateException if it is free, and remains so
   */
  public void poison() {
    if (!poisonIfHeld()) {
      throw new IllegalStateException("not locked: only what is held can be poisoned");
    }
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
   * Runs {@code body} while holding this lock, which is poisoned if {@code body} throws anything,
   * be it the reason of a cancelation, and else released.
   *
   * <p>Cancelation: as {@link #acquire}; after that it is the body's affair.
   *
   * @throws E what {@code body} threw
   * @throws PoisonedException as {@link #acquire}
   */
  public <T extends @Nullable Object, E extends Exception> T holding(Body<? extends T, E> body)
      throws E {
    Objects.requireNonNull(body, "body");
    acquire();
    T value;
    try {
      value = body.run();
    } catch (Throwable thrown) {
      boolean unused = poisonIfHeld(); // if it is not, body has released it, and that is that
      throw thrown;
    }
    release();
    return value;
  }

  /** As {@link #holding(Body)}, for a block. */
  public <E extends Exception> void holding(Block<E> block) throws E {
    Objects.requireNonNull(block, "block");
    acquire();
    try {
      block.run();
    } catch (Throwable thrown) {
      boolean unused = poisonIfHeld();
      throw thrown;
    }
    release();
  }

  /**
   * Runs {@code body} while holding this lock. It is released however {@code body} ends.
   *
   * <p>Cancelation: as {@link #acquire}; after that it is the body's affair.
   *
   * @throws E what {@code body} threw
   * @throws PoisonedException as {@link #acquire}
   */
  public <T extends @Nullable Object, E extends Exception> T protect(Body<? extends T, E> body)
      throws E {
    Objects.requireNonNull(body, "body");
    acquire();
    try {
      return body.run();
    } finally {
      release();
    }
  }

  /** As {@link #protect(Body)}, for a block. */
  public <E extends Exception> void protect(Block<E> block) throws E {
    Objects.requireNonNull(block, "block");
    acquire();
    try {
      block.run();
    } finally {
      release();
    }
  }

  private boolean acquireSlowly(@Nullable Computation<?> limit) {
    int mine = LOCKED;
    for (; ; ) {
      int now = word.get();
      if (now == POISONED) {
        throw new PoisonedException();
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
  private boolean poisonIfHeld() {
    for (; ; ) {
      int now = word.get();
      if (now == FREE || now == POISONED) {
        return now == POISONED;
      }
      if (word.compareAndSet(now, POISONED)) {
        word.broadcast();
        return true;
      }
      Thread.onSpinWait();
    }
  }

  private void requireNotPoisoned() {
    if (word.get() == POISONED) {
      throw new PoisonedException();
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

  /**
   * Something to wait for while holding a {@link PoisonLock}; made by {@link
   * PoisonLock#newCondition}.
   *
   * {@snippet :
   * Item take() {
   *   return lock.holding(() -> {
   *     while (items.isEmpty()) {
   *       notEmpty.await();
   *     }
   *     return items.remove();
   *   });
   * }
   * }
   *
   * <p>A signal wakes the fiber that has waited longest. As others may have had the lock between
   * the signal and the return of {@link #await()}, and as a wake-up may come without a signal meant
   * for the caller, await in a loop that looks again. Signaling takes no lock, whether or not the
   * caller holds it.
   *
   * <p>Progress: everything but the waiting is lock-free. Space: some 40 bytes, and 100 for each
   * waiter.
   */
  public static final class Condition {
    private final PoisonLock lock;
    private final LockCondition signals = new LockCondition();

    private Condition(PoisonLock lock) {
      this.lock = lock;
    }

    /**
     * Releases the lock, waits for a signal, and takes the lock again. However this ends, the
     * calling fiber has the lock, unless that is poisoned, and forbids cancelation or not as
     * before; in between others may have had it.
     *
     * <p>Cancelation: a fiber that is canceled before or while it waits throws the reason, once it
     * has the lock again. Taking the lock cannot be canceled. A signal that came at the same moment
     * goes to the next waiter.
     *
     * @throws PoisonedException if the lock is poisoned, before or when it is to be taken again;
     *     also instead of the reason of a cancelation
     * @throws IllegalMonitorStateException if nobody holds the lock; nothing is changed then
     */
    public void await() {
      boolean unused = awaitFor(null);
    }

    /**
     * As {@link #await()}, but waits for a signal no longer than {@code duration}, for none at all
     * if that is zero. Taking the lock again is not limited.
     *
     * @return whether it was woken; {@code false} if the time is over
     * @throws PoisonedException as {@link #await()}
     * @throws IllegalMonitorStateException as {@link #await()}
     * @throws IllegalArgumentException if {@code duration} is negative
     */
    public boolean await(Duration duration) {
      Deadline.require(duration);
      return awaitFor(duration);
    }

    private boolean awaitFor(@Nullable Duration duration) {
      lock.requireNotPoisoned();
      return signals.await(lock::release, lock::acquire, duration);
    }

    /** Wakes the fiber that has waited longest, if any waits. Not cancelable. */
    public void signal() {
      signals.signal();
    }

    /** Wakes every fiber that waits, in the order in which they came. Not cancelable. */
    public void signalAll() {
      signals.signalAll();
    }

    /** Names the state, for people. */
    @Override
    public String toString() {
      return "Condition[" + signals.waiterCount() + " waiting, of " + lock + "]";
    }
  }
}
