package dev.picos.std.sync;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.internal.Headroom;
import dev.picos.std.awaitable.AwaitableLong;
import dev.picos.std.internal.Deadline;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A lock that many fibers hold at once to read, or one fiber exclusively to write; it is poisoned
 * when a writer fails, and frozen when there is nothing more to write.
 *
 * {@snippet :
 * PoisonRwLock lock = new PoisonRwLock();
 * lock.runOrPoison(() -> {
 *   names.put(id, name);
 *   ids.put(name, id); // if this fails, nobody will see one without the other
 * });
 * String name = lock.callLockedShared(() -> names.get(id));
 * lock.freeze(); // from here on everyone only reads
 * }
 *
 * <p>A lock that is poisoned stays poisoned: fibers that wait, and fibers that come later, get a
 * {@link PoisonedException}, whatever they ask for. Where the failure of a writer leaves no damage,
 * use {@link #runLocked}, which just unlocks. A lock that is frozen stays frozen: all fibers share
 * it for ever, and a fiber that asks for it exclusively gets a {@link FrozenException}. Sharing a
 * frozen lock takes one read and writes nothing, so that any number of threads can do so without
 * getting in each other's way.
 *
 * <p>Unfair: a fiber that comes at the right moment takes the lock ahead of those that wait.
 * Readers overtake writers that wait: as long as there is always another reader, a writer starves.
 * The lock has no owner: the fiber that unlocks it need not be the one that locked it. A fiber may
 * share the lock several times. A fiber that holds it in any way and then asks for it exclusively,
 * or holds it exclusively and then asks to share it, waits for ever.
 *
 * <p>What a writer does before it unlocks happens before what other fibers do after they have
 * locked; what a reader does before it unlocks happens before what the next writer does.
 *
 * <p>Progress: everything but the waiting is lock-free; where no fiber waits, locking and unlocking
 * take one compare-and-set each, and allocate nothing. Space: 40 bytes, and some 100 for each
 * waiter; waiters that are canceled are cleaned up in amortised constant time.
 */
public final class PoisonRwLock {
  // For maintainers.
  //
  //   word        lock            lockShared      unlock, shared or not        freeze   poison
  //   0: free     -> WRITER       -> READER       IllegalMonitorState          -> FROZEN  error
  //   n * READER  wait, as        -> + READER     shared: -> - READER; the     -> FROZEN  error
  //               WRITERS_SLEEP                   last wakes one, if flagged
  //   WRITER      wait, as        wait, as        exclusive: -> 0; wakes all   wait     -> POISONED
  //               WRITERS_SLEEP   READERS_SLEEP   if readers, one if only
  //                                               writers are flagged
  //   FROZEN      throw           done            nothing                      nothing  error
  //   POISONED    throw           throw           nothing                      throw    nothing
  //
  // The two flags are set only on a word that is held, and are cleared when it becomes free.
  // READERS_SLEEP is set only beside WRITER. FROZEN and POISONED are whole words: after that, holds
  // are not counted any more, and every fiber that sleeps is woken.
  //
  // Invariant for readers: while a reader sleeps, the word is WRITER with READERS_SLEEP, or a
  // broadcast is about to wake all fibers.
  //
  // Invariant for writers: while a writer sleeps, the word is held with WRITERS_SLEEP, or a
  // broadcast or a signal is on its way, or a fiber that slept is on its way here. Proof that it is
  // kept:
  //   1 A signal may go to a reader while a writer goes on sleeping. Therefore every fiber that
  //     slept sets WRITERS_SLEEP, whether it is a writer or a reader, and whether it takes the lock
  //     or sleeps again.
  //   2 If a fiber that was signaled is canceled instead, the awaitable passes its signal on to the
  //     next fiber that does not expect the present word. A fiber that does expect it has set a
  //     flag in it.
  //
  // READERS_SLEEP asks for a broadcast because all readers can go on. If one were left asleep while
  // another shares the lock, the two could be in a deadlock.
  //
  // Poisoning is as in PoisonLock.
  //
  // The two flags bound the wake-ups, as in PoisonLock; looking for waiters alone would be one
  // read.
  //
  // Ordering: every change is volatile. There are never 2^57 holds, so the count does not overflow.
  //
  // Differences from the original: a compare-and-set, instead of adding first and taking back. It
  // leaves no states in between: the try forms fail only because the lock is held, and unlocking a
  // lock that is not held is detected at no cost and changes nothing. Shares of a frozen lock are
  // not counted. runOrPoison() poisons only a lock that is still held, so that a FrozenException of
  // its body comes out. A condition cannot be awaited on a lock that is not held.

  private static final long WRITERS_SLEEP = 1;
  private static final long READERS_SLEEP = 2;
  private static final long READER = 4;
  private static final long FROZEN = 1L << 60;
  private static final long WRITER = 1L << 61;
  private static final long POISONED = 1L << 62;

  private final AwaitableLong word = new AwaitableLong(0);

  /** Canceled once this is poisoned, for fibers that await a condition. */
  private final Computation<?> end = new Computation<>();

  /** What this is poisoned with; each thread that tries to poison writes it before the word. */
  private volatile @Nullable Throwable cause;

  /** Makes a free lock. */
  public PoisonRwLock() {}

  /** Makes a condition to be awaited while this lock is held exclusively. */
  public Condition newCondition() {
    return new LockCondition() {
      @Override
      void requireHeld() {
        long now = word.get();
        requireNotEnded(now);
        if (!isExclusive(now)) {
          throw notExclusive();
        }
      }

      @Override
      void release() {
        unlock();
      }

      @Override
      void acquire() {
        PoisonRwLock.this.lock();
      }

      @Override
      Object lock() {
        return PoisonRwLock.this;
      }

      @Override
      Computation<?> end() {
        return end;
      }
    };
  }

  /** Makes a condition to be awaited while this lock is shared. */
  public Condition newSharedCondition() {
    return new LockCondition() {
      @Override
      void requireHeld() {
        long now = word.get();
        requireNotPoisoned(now);
        if (!isShared(now) && now != FROZEN) {
          throw notShared();
        }
      }

      @Override
      void release() {
        unlockShared();
      }

      @Override
      void acquire() {
        lockShared();
      }

      @Override
      Object lock() {
        return PoisonRwLock.this;
      }

      @Override
      Computation<?> end() {
        return end;
      }
    };
  }

  /**
   * Waits until nobody holds this lock, and takes it exclusively.
   *
   * <p>Cancelation: none if nobody holds it. Else a fiber that is canceled before or while it waits
   * throws the reason, and does not have the lock.
   *
   * @throws FrozenException if it is frozen, or is while the caller waits
   * @throws PoisonedException if it is poisoned, or is while the caller waits
   */
  public void lock() {
    if (!word.compareAndSet(0, WRITER)) {
      boolean unused = lockSlowly(null);
    }
  }

  /**
   * Takes this lock exclusively if nobody holds it. Never waits; not cancelable.
   *
   * @return whether the caller has it now
   * @throws FrozenException if it is frozen
   * @throws PoisonedException if it is poisoned
   */
  public boolean tryLock() {
    if (word.compareAndSet(0, WRITER)) {
      return true;
    }
    requireNotEnded(word.get());
    return false;
  }

  /**
   * As {@link #lock}, but waits no longer than {@code duration}; not at all if that is zero.
   *
   * @return whether the caller has the lock now
   * @throws FrozenException as {@link #lock}
   * @throws PoisonedException as {@link #lock}
   * @throws IllegalArgumentException if {@code duration} is negative
   */
  public boolean tryLock(Duration duration) {
    Deadline.require(duration);
    return tryLock() || Deadline.within(duration, this::lockSlowly);
  }

  /**
   * Frees this lock, which is held exclusively, and wakes fibers that wait, if there are any. Does
   * nothing if it is frozen or poisoned. Not cancelable.
   *
   * @throws IllegalMonitorStateException if it is not held exclusively; nothing is changed then
   */
  public void unlock() {
    for (; ; ) {
      long now = word.get();
      if (!isExclusive(now)) {
        if (now == FROZEN || now == POISONED) {
          return;
        }
        throw notExclusive();
      }
      requireStackToWake(now);
      if (word.compareAndSet(now, 0)) {
        wake(now);
        return;
      }
      Thread.onSpinWait();
    }
  }

  /**
   * Waits until nobody holds this lock exclusively, and shares it.
   *
   * <p>Cancelation: none if nobody holds it exclusively. Else a fiber that is canceled before or
   * while it waits throws the reason, and does not share the lock.
   *
   * @throws PoisonedException if it is poisoned, or is while the caller waits
   */
  public void lockShared() {
    if (!tryLockShared()) {
      boolean unused = lockSharedSlowly(null);
    }
  }

  /**
   * Shares this lock if nobody holds it exclusively. Never waits; not cancelable.
   *
   * @return whether the caller shares it now
   * @throws PoisonedException if it is poisoned
   */
  public boolean tryLockShared() {
    for (; ; ) {
      long now = word.get();
      if (now >= FROZEN) {
        requireNotPoisoned(now);
        return now == FROZEN;
      }
      if (word.compareAndSet(now, now + READER)) {
        return true;
      }
      Thread.onSpinWait();
    }
  }

  /**
   * As {@link #lockShared}, but waits no longer than {@code duration}; not at all if that is zero.
   *
   * @return whether the caller shares the lock now
   * @throws PoisonedException as {@link #lockShared}
   * @throws IllegalArgumentException if {@code duration} is negative
   */
  public boolean tryLockShared(Duration duration) {
    Deadline.require(duration);
    return tryLockShared() || Deadline.within(duration, this::lockSharedSlowly);
  }

  /**
   * Gives up one share of this lock; the last one wakes one of the fibers that wait. Does nothing
   * if it is frozen or poisoned. Not cancelable.
   *
   * @throws IllegalMonitorStateException if it is not shared; nothing is changed then
   */
  public void unlockShared() {
    for (; ; ) {
      long now = word.get();
      if (!isShared(now)) {
        if (now == FROZEN || now == POISONED) {
          return;
        }
        throw notShared();
      }
      boolean last = now - READER < READER;
      if (last) {
        requireStackToWake(now);
      }
      if (word.compareAndSet(now, last ? 0 : now - READER)) {
        if (last) {
          wake(now);
        }
        return;
      }
      Thread.onSpinWait();
    }
  }

  /**
   * Waits until nobody holds this lock exclusively, and freezes it: all fibers share it for ever.
   * Fibers that wait for it exclusively throw. Fibers that await a condition go on waiting for a
   * signal. Does nothing if it is frozen already.
   *
   * <p>Cancelation: as {@link #lockShared}; a fiber that throws has not frozen the lock.
   *
   * @throws PoisonedException as {@link #lockShared}
   */
  public void freeze() {
    lockShared();
    long now = word.get();
    while (now != FROZEN && !word.compareAndSet(now, FROZEN)) {
      Thread.onSpinWait();
      now = word.get();
    }
    word.broadcast();
  }

  /** As {@link #poison(Throwable)}, with no cause. */
  public void poison() {
    requireHeld(poisonIfHeld(null));
  }

  /**
   * Poisons this lock, which is held exclusively, for ever. Fibers that wait for it, or await a
   * condition of it, throw a {@link PoisonedException} with {@code cause}, and so do fibers that
   * come later. Does nothing if it is poisoned already. Not cancelable.
   *
   * @throws IllegalStateException if it is not held exclusively; nothing is changed then
   */
  public void poison(Throwable cause) {
    requireHeld(poisonIfHeld(Objects.requireNonNull(cause, "cause")));
  }

  /** Returns whether this lock is held exclusively; {@code true} also if it is poisoned. */
  public boolean isLocked() {
    return word.get() >= WRITER;
  }

  /**
   * Returns whether this lock is shared; {@code true} also if it is frozen, whether or not anyone
   * reads at present, and {@code false} if it is poisoned.
   */
  public boolean isLockedShared() {
    long now = word.get();
    return isShared(now) || now == FROZEN;
  }

  /** Returns whether this lock is frozen. */
  public boolean isFrozen() {
    return word.get() == FROZEN;
  }

  /** Returns whether this lock is poisoned. */
  public boolean isPoisoned() {
    return word.get() == POISONED;
  }

  /**
   * Runs {@code body} while holding this lock exclusively. If {@code body} throws anything, even
   * the reason of a cancelation, the lock is poisoned; otherwise it is unlocked.
   *
   * <p>Cancelation: as {@link #lock}; after that it is up to {@code body}.
   *
   * @return what {@code body} returned
   * @throws E what {@code body} threw
   * @throws FrozenException as {@link #lock}
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
   * Runs {@code body} while holding this lock exclusively. It is unlocked however {@code body}
   * ends.
   *
   * <p>Cancelation: as {@link #lock}; after that it is up to {@code body}.
   *
   * @return what {@code body} returned
   * @throws E what {@code body} threw
   * @throws FrozenException as {@link #lock}
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

  /**
   * Runs {@code body} while sharing this lock. Its share is given up however {@code body} ends.
   *
   * <p>Cancelation: as {@link #lockShared}; after that it is up to {@code body}.
   *
   * @return what {@code body} returned
   * @throws E what {@code body} threw
   * @throws PoisonedException as {@link #lockShared}
   * @throws IllegalMonitorStateException as {@link #unlockShared}, if {@code body} has given up the
   *     share and returns
   */
  public <T extends @Nullable Object, E extends Exception> T callLockedShared(
      Body<? extends T, E> body) throws E {
    return Holding.call(this::lockShared, body, this::unlockShared, thrown -> unlockShared());
  }

  /** As {@link #callLockedShared}, for a block. */
  public <E extends Exception> void runLockedShared(Block<E> block) throws E {
    Holding.run(this::lockShared, block, this::unlockShared, thrown -> unlockShared());
  }

  private boolean lockSlowly(@Nullable Computation<?> limit) {
    long slept = 0;
    for (; ; ) {
      long now = word.get();
      requireNotEnded(now);
      if (now == 0) {
        if (word.compareAndSet(0, WRITER | slept)) {
          return true;
        }
      } else {
        long busy = now | WRITERS_SLEEP;
        if (now == busy || word.compareAndSet(now, busy)) {
          if (!word.await(busy, limit)) {
            return false;
          }
          slept = WRITERS_SLEEP;
        }
      }
      Thread.onSpinWait();
    }
  }

  private boolean lockSharedSlowly(@Nullable Computation<?> limit) {
    long slept = 0;
    for (; ; ) {
      long now = word.get();
      requireNotPoisoned(now);
      if (now == FROZEN) {
        return true;
      }
      if (now < FROZEN) {
        if (word.compareAndSet(now, (now + READER) | slept)) {
          return true;
        }
      } else {
        long busy = now | READERS_SLEEP | slept;
        if (now == busy || word.compareAndSet(now, busy)) {
          if (!word.await(busy, limit)) {
            return false;
          }
          slept = WRITERS_SLEEP;
        }
      }
      Thread.onSpinWait();
    }
  }

  private static void requireStackToWake(long before) {
    if ((before & (READERS_SLEEP | WRITERS_SLEEP)) != 0) {
      Headroom.requireToRelease();
    }
  }

  /** Wakes the fibers that may sleep, according to what the word was before it became free. */
  private void wake(long before) {
    if ((before & READERS_SLEEP) != 0) {
      word.broadcast();
    } else if ((before & WRITERS_SLEEP) != 0) {
      word.signal();
    }
  }

  /** Poisons; returns {@code false} if this lock is not held exclusively. */
  private boolean poisonIfHeld(@Nullable Throwable with) {
    for (; ; ) {
      long now = word.get();
      if (!isExclusive(now)) {
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
      throw new IllegalStateException("not write locked: only what is held can be poisoned");
    }
  }

  private static boolean isExclusive(long word) {
    return (word & WRITER) != 0;
  }

  private static boolean isShared(long word) {
    return READER <= word && word < FROZEN;
  }

  private void requireNotEnded(long word) {
    requireNotPoisoned(word);
    if (word == FROZEN) {
      throw new FrozenException();
    }
  }

  private void requireNotPoisoned(long word) {
    if (word == POISONED) {
      throw new PoisonedException(cause);
    }
  }

  private static IllegalMonitorStateException notExclusive() {
    return new IllegalMonitorStateException("not write locked");
  }

  private static IllegalMonitorStateException notShared() {
    return new IllegalMonitorStateException("not shared");
  }

  /** Names the state, for people. */
  @Override
  public String toString() {
    long now = word.get();
    int waiting = word.waiterCount();
    String state;
    if (isShared(now)) {
      state = "shared by " + now / READER;
    } else if (isExclusive(now)) {
      state = "locked";
    } else {
      state = now == FROZEN ? "frozen" : now == POISONED ? "poisoned" : "free";
    }
    return "PoisonRwLock[" + state + (waiting == 0 ? "" : ", " + waiting + " waiting") + "]";
  }
}
