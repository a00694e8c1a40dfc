package dev.picos.std.sync;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.std.awaitable.AwaitableLong;
import dev.picos.std.internal.Deadline;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A lock that many fibers hold at once to read, or one exclusively to write; poisoned when a writer
 * fails, and frozen when there is nothing more to write.
 *
 * {@snippet :
 * PoisonRwLock lock = new PoisonRwLock();
 * lock.holding(() -> {
 *   names.put(id, name);
 *   ids.put(name, id); // if this fails, nobody will see one without the other
 * });
 * String name = lock.sharing(() -> names.get(id));
 * lock.freeze(); // from here on everyone only reads
 * }
 *
 * <p>Poisoned, it stays so: those who wait, and all who come later, get a {@link
 * PoisonedException}, whatever they ask for. Where the failure of a writer leaves no damage, use
 * {@link #protect(Body) protect}, which just releases. Frozen, it stays so as well: it is shared by
 * everyone for ever, and who asks for it exclusively gets a {@link FrozenException}. Sharing a
 * frozen lock takes one read and writes nothing, so any number of threads can do so without getting
 * in each other's way.
 *
 * <p>Unfair: whoever comes at the right moment takes the lock ahead of those who wait. Readers
 * overtake writers that wait: as long as there is always one more of them, a writer starves. Holds
 * belong to nobody: who releases need not be who acquired. A fiber may share the lock several
 * times; one that holds it in any way and then asks for it exclusively, or holds it exclusively and
 * then asks to share it, waits for ever.
 *
 * <p>What a writer does before it releases happens before what others do after they have acquired;
 * what a reader does, before what the next writer does.
 *
 * <p>Progress: everything but the waiting is lock-free; where nobody waits, one compare-and-set to
 * acquire and one to release, which allocate nothing. Space: 40 bytes, and some 100 for each
 * waiter; waiters that are canceled are cleaned up in amortised constant time.
 */
public final class PoisonRwLock {
  // For maintainers.
  //
  //   word        acquire         acquireShared   release, shared or not       freeze   poison
  //   0: free     -> WRITER       -> READER       IllegalMonitorState          -> FROZEN  error
  //   n * READER  wait, as        -> + READER     shared: -> - READER; the     -> FROZEN  error
  //               WRITERS_SLEEP                   last wakes one, if flagged
  //   WRITER      wait, as        wait, as        exclusive: -> 0; wakes all   wait     -> POISONED
  //               WRITERS_SLEEP   READERS_SLEEP   if readers, one if only
  //                                               writers are flagged
  //   FROZEN      throw           done            nothing                      nothing  error
  //   POISONED    throw           throw           nothing                      throw    nothing
  //
  // The two flags are set only on a word that is held, and are cleared when that becomes free;
  // READERS_SLEEP only beside WRITER. FROZEN and POISONED are whole words: from there nobody counts
  // any more, and everyone who sleeps is woken.
  //
  // Invariants: while a reader sleeps, the word is WRITER with READERS_SLEEP, or everyone is about
  // to be woken by a broadcast. While a writer sleeps, the word is held with WRITERS_SLEEP, or a
  // broadcast is on its way, or a signal, or a fiber that slept is on its way here. As a signal may
  // go to a reader, in whose place a writer then goes on sleeping, every fiber that slept sets
  // WRITERS_SLEEP, whether it is a writer or a reader, and whether it takes the lock or sleeps
  // again: that keeps the invariant. If it is canceled instead, the awaitable passes its signal on
  // to the next that does not expect the present word; and whoever expects it had set a flag in it.
  //
  // READERS_SLEEP asks for a broadcast because all readers can go on; leaving one asleep beside
  // another that shares could be a deadlock of the two.
  //
  // Why two flags if looking for waiters is one read: as in PoisonLock, they bound the wake-ups.
  //
  // Ordering: every change is volatile. Nobody counts up to 2^57 holds, so there is no overflow.
  //
  // Differences from the original: compare-and-set instead of adding first and taking back. It
  // leaves no states in between: the try forms fail only because the lock is held, and the release
  // of what is not held is found out at no cost and changes nothing. What is shared of a
  // frozen lock is not counted. holding() poisons only what is still held, so that its body's
  // FrozenException comes out. A condition forwards a signal from a canceled waiter,
  // and is not awaited on a lock that is not held.

  private static final long WRITERS_SLEEP = 1;
  private static final long READERS_SLEEP = 2;
  private static final long READER = 4;
  private static final long FROZEN = 1L << 60;
  private static final long WRITER = 1L << 61;
  private static final long POISONED = 1L << 62;

  private final AwaitableLong word = new AwaitableLong(0);

  /** Makes a lock that is free. */
  public PoisonRwLock() {}

  /** Makes a condition to be awaited while this lock is held, shared or exclusively. */
  public Condition newCondition() {
    return new Condition(this);
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
  public void acquire() {
    if (!word.compareAndSet(0, WRITER)) {
      boolean unused = acquireSlowly(null);
    }
  }

  /**
   * Takes this lock exclusively if nobody holds it. Never waits; not cancelable.
   *
   * @return whether the caller has it now
   * @throws FrozenException if it is frozen
   * @throws PoisonedException if it is poisoned
   */
  public boolean tryAcquire() {
    if (word.compareAndSet(0, WRITER)) {
      return true;
    }
    requireNotEnded(word.get());
    return false;
  }

  /**
   * As {@link #acquire}, but waits no longer than {@code duration}; not at all if that is zero.
   *
   * @return whether the caller has the lock now
   * @throws FrozenException as {@link #acquire}
   * @throws PoisonedException as {@link #acquire}
   * @throws IllegalArgumentException if {@code duration} is negative
   */
  public boolean tryAcquire(Duration duration) {
    Deadline.require(duration);
    return tryAcquire() || Deadline.within(duration, this::acquireSlowly);
  }

  /**
   * Frees this lock, which is held exclusively, and wakes those who wait as need be. Does nothing
   * if it is frozen or poisoned. Not cancelable.
   *
   * @throws IllegalMonitorStateException if it is not held exclusively; nothing is changed then
   */
  public void release() {
    for (; ; ) {
      long now = word.get();
      if (!isExclusive(now)) {
        if (now == FROZEN || now == POISONED) {
          return;
        }
        throw notExclusive();
      }
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
  public void acquireShared() {
    if (!tryAcquireShared()) {
      boolean unused = acquireSharedSlowly(null);
    }
  }

  /**
   * Shares this lock if nobody holds it exclusively. Never waits; not cancelable.
   *
   * @return whether the caller shares it now
   * @throws PoisonedException if it is poisoned
   */
  public boolean tryAcquireShared() {
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
   * As {@link #acquireShared}, but waits no longer than {@code duration}; not at all if that is
   * zero.
   *
   * @return whether the caller shares the lock now
   * @throws PoisonedException as {@link #acquireShared}
   * @throws IllegalArgumentException if {@code duration} is negative
   */
  public boolean tryAcquireShared(Duration duration) {
    Deadline.require(duration);
    return tryAcquireShared() || Deadline.within(duration, this::acquireSharedSlowly);
  }

  /**
   * Gives up one share of this lock; the last wakes one of those who wait. Does nothing if it is
   * frozen or poisoned. Not cancelable.
   *
   * @throws IllegalMonitorStateException if it is not shared; nothing is changed then
   */
  public void releaseShared() {
    for (; ; ) {
      long now = word.get();
      if (!isShared(now)) {
        if (now == FROZEN || now == POISONED) {
          return;
        }
        throw notShared();
      }
      boolean last = now - READER < READER;
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
   * Waits until nobody holds this lock exclusively, and has it shared by everyone for ever. Those
   * who wait for it exclusively throw. Does nothing if it is frozen already. Those who await a
   * condition go on waiting for a signal.
   *
   * <p>Cancelation: as {@link #acquireShared}; a fiber that throws has not frozen the lock.
   *
   * @throws PoisonedException as {@link #acquireShared}
   */
  public void freeze() {
    acquireShared();
    long now = word.get();
    while (now != FROZEN && !word.compareAndSet(now, FROZEN)) {
      Thread.onSpinWait();
      now = word.get();
    }
    word.broadcast();
  }

  /**
   * Poisons this lock, which is held exclusively, for ever. Those who wait for it throw. Does
   * nothing if it is poisoned already. Not cancelable.
   *
   * <p>Those who await a condition go on waiting; they throw once they are signaled, or canceled,
   * as they cannot have the lock again.
   *
   * @throws IllegalStateException if it is not held exclusively; nothing is changed then
   */
  public void poison() {
    if (!poisonIfHeld()) {
      throw new IllegalStateException("not write locked: only what is held can be poisoned");
    }
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
   * Runs {@code body} while holding this lock exclusively. It is poisoned if {@code body} throws
   * anything, be it the reason of a cancelation, and else released.
   *
   * <p>Cancelation: as {@link #acquire}; after that it is the body's affair.
   *
   * @throws E what {@code body} threw
   * @throws FrozenException as {@link #acquire}
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
      boolean unused = poisonIfHeld(); // if it is not, nothing can have been left half done
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
   * Runs {@code body} while holding this lock exclusively. It is released however {@code body}
   * ends.
   *
   * <p>Cancelation: as {@link #acquire}; after that it is the body's affair.
   *
   * @throws E what {@code body} threw
   * @throws FrozenException as {@link #acquire}
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

  /**
   * Runs {@code body} while sharing this lock. Its share is given up however {@code body} ends.
   *
   * <p>Cancelation: as {@link #acquireShared}; after that it is the body's affair.
   *
   * @throws E what {@code body} threw
   * @throws PoisonedException as {@link #acquireShared}
   */
  public <T extends @Nullable Object, E extends Exception> T sharing(Body<? extends T, E> body)
      throws E {
    Objects.requireNonNull(body, "body");
    acquireShared();
    try {
      return body.run();
    } finally {
      releaseShared();
    }
  }

  /** As {@link #sharing(Body)}, for a block. */
  public <E extends Exception> void sharing(Block<E> block) throws E {
    Objects.requireNonNull(block, "block");
    acquireShared();
    try {
      block.run();
    } finally {
      releaseShared();
    }
  }

  private boolean acquireSlowly(@Nullable Computation<?> limit) {
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

  private boolean acquireSharedSlowly(@Nullable Computation<?> limit) {
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

  /** Wakes those who the word, which has just become free, said may sleep. */
  private void wake(long before) {
    if ((before & READERS_SLEEP) != 0) {
      word.broadcast();
    } else if ((before & WRITERS_SLEEP) != 0) {
      word.signal();
    }
  }

  /** Poisons; returns {@code false} if this lock is not held exclusively. */
  private boolean poisonIfHeld() {
    for (; ; ) {
      long now = word.get();
      if (!isExclusive(now)) {
        return now == POISONED;
      }
      if (word.compareAndSet(now, POISONED)) {
        word.broadcast();
        return true;
      }
      Thread.onSpinWait();
    }
  }

  private static boolean isExclusive(long word) {
    return (word & WRITER) != 0;
  }

  private static boolean isShared(long word) {
    return READER <= word && word < FROZEN;
  }

  private static void requireNotEnded(long word) {
    requireNotPoisoned(word);
    if (word == FROZEN) {
      throw new FrozenException();
    }
  }

  private static void requireNotPoisoned(long word) {
    if (word == POISONED) {
      throw new PoisonedException();
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

  /**
   * Something to wait for while holding a {@link PoisonRwLock}, shared or exclusively; made by
   * {@link PoisonRwLock#newCondition}.
   *
   * <p>A signal wakes the fiber that has waited longest. As others may have had the lock between
   * the signal and the end of the wait, and as a wake-up may come without a signal meant for the
   * caller, await in a loop that looks again. Signaling takes no lock, whether or not the caller
   * holds it.
   *
   * <p>Progress: everything but the waiting is lock-free. Space: some 60 bytes, and 100 for each
   * waiter.
   */
  public static final class Condition {
    private final PoisonRwLock lock;
    private final LockCondition signals = new LockCondition();

    private Condition(PoisonRwLock lock) {
      this.lock = lock;
    }

    /**
     * Releases the lock, which the caller holds exclusively, waits for a signal, and takes the lock
     * exclusively again. However this ends, the calling fiber has the lock, unless that is frozen
     * or poisoned, and forbids cancelation or not as before; in between others may have had it.
     *
     * <p>Cancelation: a fiber that is canceled before or while it waits throws the reason, once it
     * has the lock again. Taking the lock cannot be canceled. A signal that came at the same moment
     * goes to the next waiter.
     *
     * @throws FrozenException if the lock is frozen, before or when it is to be taken again; also
     *     instead of the reason of a cancelation
     * @throws PoisonedException if the lock is poisoned, likewise
     * @throws IllegalMonitorStateException if nobody holds the lock exclusively; nothing is changed
     *     then
     */
    public void await() {
      boolean unused = awaitFor(null);
    }

    /**
     * As {@link #await()}, but waits for a signal no longer than {@code duration}, for none at all
     * if that is zero. Taking the lock again is not limited.
     *
     * @return whether it was woken; {@code false} if the time is over
     * @throws FrozenException as {@link #await()}
     * @throws PoisonedException as {@link #await()}
     * @throws IllegalMonitorStateException as {@link #await()}
     * @throws IllegalArgumentException if {@code duration} is negative
     */
    public boolean await(Duration duration) {
      Deadline.require(duration);
      return awaitFor(duration);
    }

    private boolean awaitFor(@Nullable Duration duration) {
      requireNotEnded(lock.word.get());
      return signals.await(lock::release, lock::acquire, duration);
    }

    /**
     * Gives up one share of the lock, waits for a signal, and shares the lock again. However this
     * ends, the calling fiber has as many shares as before, unless the lock is poisoned, and
     * forbids cancelation or not as before; in between others may have had the lock exclusively.
     *
     * <p>Cancelation: a fiber that is canceled before or while it waits throws the reason, once it
     * shares the lock again. Sharing it cannot be canceled. A signal that came at the same moment
     * goes to the next waiter.
     *
     * @throws PoisonedException if the lock is poisoned, before or when it is to be shared again;
     *     also instead of the reason of a cancelation
     * @throws IllegalMonitorStateException if nobody shares the lock; nothing is changed then
     */
    public void awaitShared() {
      boolean unused = awaitSharedFor(null);
    }

    /**
     * As {@link #awaitShared()}, but waits for a signal no longer than {@code duration}, for none
     * at all if that is zero. Sharing the lock again is not limited.
     *
     * @return whether it was woken; {@code false} if the time is over
     * @throws PoisonedException as {@link #awaitShared()}
     * @throws IllegalMonitorStateException as {@link #awaitShared()}
     * @throws IllegalArgumentException if {@code duration} is negative
     */
    public boolean awaitShared(Duration duration) {
      Deadline.require(duration);
      return awaitSharedFor(duration);
    }

    private boolean awaitSharedFor(@Nullable Duration duration) {
      requireNotPoisoned(lock.word.get());
      return signals.await(lock::releaseShared, lock::acquireShared, duration);
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
