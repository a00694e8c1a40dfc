package dev.picos.std.sync;

import dev.picos.core.Computation;
import dev.picos.std.awaitable.AwaitableLong;
import dev.picos.std.internal.Deadline;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A place where a fixed number of fibers wait for each other, again and again, phase after phase.
 *
 * {@snippet :
 * PoisonBarrier barrier = new PoisonBarrier(workers);
 *
 * // each worker
 * for (int step = 0; step < steps; step++) {
 *   compute(step, mine);
 *   barrier.await(); // until all have computed this step
 * }
 * }
 *
 * <p>It is poisoned when a party gives up its wait, because it is canceled or its time is over,
 * since the others would wait for it in vain; and when a fiber {@linkplain #poison poisons} it. It
 * stays poisoned: fibers that wait, and fibers that come later, get a {@link PoisonedException}.
 *
 * <p>What any party does before it arrives happens before what all parties do after that phase.
 *
 * <p>Progress: everything but the waiting is lock-free; arriving takes one compare-and-set. Space:
 * 48 bytes, and some 100 for each waiter.
 */
public final class PoisonBarrier {
  // For maintainers.
  //
  //   word: poisoned, 1 bit | phase, 31 bits | arrived, 32 bits
  //
  //   word                       await                                poison
  //   phase p, n arrived         -> n + 1 arrived; wait until the     -> the same and poisoned,
  //                              phase is another, or poisoned        wake all
  //   phase p, all but one       -> phase p + 1, none arrived;        the same
  //                              wake all
  //   poisoned                   throw                                nothing
  //
  // A poisoned barrier keeps the phase that it was poisoned in. So every party can tell how its own
  // phase ended, however late it looks: the phase was completed if, and only if, the present one is
  // another. The present phase cannot have come round to the same number again, since each phase
  // needs all parties, including this one.
  //
  // A party that is canceled poisons the barrier if its phase is not over. The same word decides
  // whether the phase is over; so exactly one of the two happens.
  //
  // Ordering: every change is volatile. Each arrival sees those before it, and a party that is
  // woken sees the last one.
  //
  // Differences from the original: poisoning leaves the phase alone, where it used to flip it back
  // and could strand a party that had not looked yet. The last party to arrive begins the next
  // phase in one step, not two. So there is no moment at which one more party would be too many; it
  // counts for the next phase. A party that is canceled when its phase is complete returns.

  private static final long POISON = Long.MIN_VALUE;

  private final AwaitableLong word = new AwaitableLong(0);
  private final int parties;

  /** What this is poisoned with; each thread that tries to poison writes it before the word. */
  private volatile @Nullable Throwable cause;

  /**
   * Makes a barrier for {@code parties} fibers.
   *
   * @throws IllegalArgumentException if {@code parties} is not positive
   */
  public PoisonBarrier(int parties) {
    if (parties < 1) {
      throw new IllegalArgumentException("parties must be positive: " + parties);
    }
    this.parties = parties;
  }

  /** Returns the number of fibers that this barrier is for. */
  public int parties() {
    return parties;
  }

  /**
   * Arrives, and waits until all parties have. The last one does not wait.
   *
   * <p>Cancelation: none for the last one. Else a fiber that is canceled before or while it waits
   * poisons this barrier and throws the reason; or it returns, if the last one has just arrived.
   *
   * @throws PoisonedException if this is poisoned, or is poisoned before the last party arrives
   */
  public void await() {
    int phase = arrive();
    if (phase >= 0) {
      boolean unused = waitOut(phase, null);
    }
  }

  /**
   * As {@link #await()}, but waits no longer than {@code duration}; not at all if that is zero.
   *
   * @return whether all parties have arrived; if not, the time is over and this barrier is poisoned
   * @throws PoisonedException as {@link #await()}
   * @throws IllegalArgumentException if {@code duration} is negative; the caller has not arrived
   *     then
   */
  public boolean await(Duration duration) {
    Deadline.require(duration);
    int phase = arrive();
    return phase < 0 || waitOut(phase, duration);
  }

  /** As {@link #poison(Throwable)}, with no cause. */
  public void poison() {
    poisonNow(null);
  }

  /**
   * Poisons this barrier for ever. Fibers that wait throw a {@link PoisonedException} with {@code
   * cause}, and so do fibers that come later. Does nothing if it is poisoned already. Not
   * cancelable.
   */
  public void poison(Throwable cause) {
    poisonNow(Objects.requireNonNull(cause, "cause"));
  }

  private void poisonNow(@Nullable Throwable with) {
    while (!poison(phaseOf(word.get()), with)) {
      Thread.onSpinWait();
    }
  }

  /** Returns whether this barrier is poisoned. */
  public boolean isPoisoned() {
    return word.get() < 0;
  }

  /** Arrives; returns the phase whose end to wait for, or -1 for the last party to arrive. */
  private int arrive() {
    for (; ; ) {
      long now = word.get();
      requireNotPoisoned(now);
      boolean last = arrivedOf(now) == parties - 1;
      if (word.compareAndSet(now, last ? firstOf(phaseOf(now) + 1) : now + 1)) {
        if (!last) {
          return phaseOf(now);
        }
        word.broadcast();
        return -1;
      }
      Thread.onSpinWait();
    }
  }

  private boolean waitOut(int phase, @Nullable Duration duration) {
    try {
      if (duration == null
          ? waitOutUntil(phase, null)
          : Deadline.within(duration, limit -> waitOutUntil(phase, limit))) {
        return true;
      }
    } catch (Throwable thrown) {
      if (poison(phase, thrown)) {
        throw thrown;
      }
      return true;
    }
    return !poison(phase, null);
  }

  private boolean waitOutUntil(int phase, @Nullable Computation<?> limit) {
    for (; ; ) {
      long now = word.get();
      if (phaseOf(now) != phase) {
        return true;
      }
      requireNotPoisoned(now);
      if (!word.await(now, limit)) {
        return false;
      }
    }
  }

  /** Poisons; returns {@code false} if {@code phase} is over. */
  private boolean poison(int phase, @Nullable Throwable with) {
    for (; ; ) {
      long now = word.get();
      if (phaseOf(now) != phase) {
        return false;
      }
      if (now < 0) {
        return true;
      }
      cause = with; // before the word, which publishes it
      if (word.compareAndSet(now, now | POISON)) {
        word.broadcast();
        return true;
      }
      Thread.onSpinWait();
    }
  }

  private void requireNotPoisoned(long word) {
    if (word < 0) {
      throw new PoisonedException(cause);
    }
  }

  private static int phaseOf(long word) {
    return (int) (word >>> 32) & Integer.MAX_VALUE;
  }

  private static int arrivedOf(long word) {
    return (int) word;
  }

  private static long firstOf(int phase) {
    return (long) (phase & Integer.MAX_VALUE) << 32;
  }

  /** Names the state, for people. */
  @Override
  public String toString() {
    long now = word.get();
    return "PoisonBarrier["
        + (now < 0 ? "poisoned, " : "")
        + arrivedOf(now)
        + " of "
        + parties
        + " arrived, "
        + word.waiterCount()
        + " waiting]";
  }
}
