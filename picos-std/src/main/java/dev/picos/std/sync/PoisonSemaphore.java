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
 * A number of permits that fibers take and give back, until it is poisoned.
 *
 * {@snippet :
 * PoisonSemaphore items = new PoisonSemaphore(0);
 *
 * // a producer                     // a consumer
 * queue.add(item);                  items.acquire();
 * items.release();                  process(queue.remove());
 *
 * // when there will be no more items
 * items.poison();
 * }
 *
 * <p>A semaphore that is poisoned stays poisoned: fibers that wait, and fibers that come later, get
 * a {@link PoisonedException}.
 *
 * <p>Unfair: a fiber that comes at the right moment takes a permit ahead of those that wait, which
 * makes the semaphore fast where fibers contend; a fiber that waits may be overtaken any number of
 * times. {@link Semaphore} is fair. Permits have no owner: the fiber that releases one need not be
 * the one that acquired it.
 *
 * <p>What a fiber does before it releases a permit happens before what another fiber does after it
 * has acquired that permit.
 *
 * <p>Progress: everything but the waiting is lock-free, and where no fiber waits, an operation
 * takes one compare-and-set and allocates nothing. At most one waiter at a time is woken, and wakes
 * the next if there are permits left. Space: 48 bytes, and some 100 for each waiter; waiters that
 * are canceled are cleaned up in amortised constant time.
 */
public final class PoisonSemaphore {
  // For maintainers.
  //
  //   word         acquire                release                   poison
  //   n > 0        -> n - 1 *             -> n + 1, or full         -> POISONED, wake all
  //   0            -> CONTENDED, wait     -> 1                      -> POISONED, wake all
  //   CONTENDED    wait                   -> 1, wake one            -> POISONED, wake all
  //   POISONED     throw                  nothing                   nothing
  //
  //   * by a fiber that has slept: 1 -> CONTENDED, n > 1 -> n - 1 and wake one
  //
  // CONTENDED means: no permits, and fibers may sleep. Invariant: while a fiber sleeps, the word is
  // CONTENDED or POISONED, or a fiber that slept is on its way here, or a signal is on its way to
  // one. Proof that it is kept:
  //   1 A fiber that has slept does not know whether others do. Therefore, if it leaves no permits,
  //     because it took the last one or sleeps again, it leaves the word CONTENDED.
  //   2 If it leaves some permits, it wakes the next fiber, since those that released the permits
  //     may have woken none.
  //   3 If a fiber that was signaled is canceled instead, the awaitable passes its signal on to the
  //     next fiber that does not expect the present word. If all expect that, the word is
  //     CONTENDED.
  //
  // So at most one fiber that was woken by a release is on its way at a time, however many permits
  // come and go meanwhile.
  //
  // Ordering: every change is volatile.
  //
  // Differences from the original: a compare-and-set, instead of taking first and giving back if
  // that was in vain. It costs the same without contention, and the number of permits is exact at
  // any time.

  private static final int CONTENDED = -1;
  private static final int POISONED = -2;

  private final AwaitableInt word;

  /** What this is poisoned with; each thread that tries to poison writes it before the word. */
  private volatile @Nullable Throwable cause;

  /**
   * Makes a semaphore with {@code permits} permits.
   *
   * @throws IllegalArgumentException if {@code permits} is negative
   */
  public PoisonSemaphore(int permits) {
    if (permits < 0) {
      throw new IllegalArgumentException("permits must not be negative: " + permits);
    }
    word = new AwaitableInt(permits);
  }

  /**
   * Waits for a permit, and takes it.
   *
   * <p>Cancelation: none if a permit is there. Else a fiber that is canceled before or while it
   * waits throws the reason, and has no permit; a wake-up that came at the same moment goes to the
   * next fiber.
   *
   * @throws PoisonedException if this is poisoned, or is while the caller waits
   */
  public void acquire() {
    if (!tryAcquire()) {
      boolean unused = acquireSlowly(null);
    }
  }

  /**
   * Takes a permit if there is one. Never waits; not cancelable.
   *
   * @return whether the caller has it now
   * @throws PoisonedException if this is poisoned
   */
  public boolean tryAcquire() {
    for (; ; ) {
      int now = word.get();
      if (now <= 0) {
        requireNotPoisoned(now);
        return false;
      }
      if (word.compareAndSet(now, now - 1)) {
        return true;
      }
      Thread.onSpinWait();
    }
  }

  /**
   * As {@link #acquire}, but waits no longer than {@code duration}; not at all if that is zero.
   *
   * @return whether the caller has a permit now
   * @throws PoisonedException as {@link #acquire}
   * @throws IllegalArgumentException if {@code duration} is negative
   */
  public boolean tryAcquire(Duration duration) {
    Deadline.require(duration);
    return tryAcquire() || Deadline.within(duration, this::acquireSlowly);
  }

  /**
   * Adds a permit, and wakes one of the fibers that wait, if necessary. Does nothing if this is
   * poisoned. Not cancelable.
   *
   * @throws IllegalStateException if {@link Integer#MAX_VALUE} permits are available, which remain
   */
  public void release() {
    for (; ; ) {
      int now = word.get();
      if (now == POISONED) {
        return;
      }
      if (now == Integer.MAX_VALUE) {
        throw new IllegalStateException("overflow: no more permits than " + Integer.MAX_VALUE);
      }
      if (now == CONTENDED) {
        Headroom.requireToRelease();
      }
      if (word.compareAndSet(now, now == CONTENDED ? 1 : now + 1)) {
        if (now == CONTENDED) {
          word.signal();
        }
        return;
      }
      Thread.onSpinWait();
    }
  }

  /** As {@link #poison(Throwable)}, with no cause. */
  public void poison() {
    poisonWith(null);
  }

  /**
   * Poisons this semaphore for ever. Fibers that wait for a permit throw a {@link
   * PoisonedException} with {@code cause}, and so do fibers that come later. Does nothing if it is
   * poisoned already. Not cancelable.
   */
  public void poison(Throwable cause) {
    poisonWith(Objects.requireNonNull(cause, "cause"));
  }

  private void poisonWith(@Nullable Throwable with) {
    if (word.get() == POISONED) {
      return;
    }
    cause = with; // before the word, which publishes it
    if (word.getAndSet(POISONED) != POISONED) {
      word.broadcast();
    }
  }

  /**
   * Runs {@code body} with a permit, which is released however {@code body} ends.
   *
   * <p>Cancelation: as {@link #acquire}; after that it is up to {@code body}.
   *
   * @return what {@code body} returned
   * @throws E what {@code body} threw
   * @throws PoisonedException as {@link #acquire}
   */
  public <T extends @Nullable Object, E extends Exception> T callWithPermit(
      Body<? extends T, E> body) throws E {
    return Holding.call(this::acquire, body, this::release, thrown -> release());
  }

  /** As {@link #callWithPermit}, for a block. */
  public <E extends Exception> void runWithPermit(Block<E> block) throws E {
    Holding.run(this::acquire, block, this::release, thrown -> release());
  }

  /** Returns how many permits are available; 0 if this is poisoned. */
  public int availablePermits() {
    return Math.max(word.get(), 0);
  }

  /** Returns whether this semaphore is poisoned. */
  public boolean isPoisoned() {
    return word.get() == POISONED;
  }

  private boolean acquireSlowly(@Nullable Computation<?> limit) {
    boolean slept = false;
    for (; ; ) {
      int now = word.get();
      requireNotPoisoned(now);
      if (now > 0) {
        if (word.compareAndSet(now, now == 1 && slept ? CONTENDED : now - 1)) {
          if (now > 1 && slept) {
            word.signal();
          }
          return true;
        }
      } else if (now == CONTENDED || word.compareAndSet(0, CONTENDED)) {
        if (!word.await(CONTENDED, limit)) {
          return false;
        }
        slept = true;
      }
      Thread.onSpinWait();
    }
  }

  private void requireNotPoisoned(int word) {
    if (word == POISONED) {
      throw new PoisonedException(cause);
    }
  }

  /** Names the state, for people. */
  @Override
  public String toString() {
    int now = word.get();
    int waiting = word.waiterCount();
    return "PoisonSemaphore["
        + (now == POISONED ? "poisoned" : Math.max(now, 0) + " available")
        + (waiting == 0 ? "" : ", " + waiting + " waiting")
        + "]";
  }
}
