package dev.picos.domains;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Timeouts in the order of their deadlines, roughly: a hierarchical timing wheel.
 *
 * <p>Level 0 has a slot for each of the next 64 ticks, level 1 one for each of the next 64 spans of
 * 64 ticks, and so on. A timeout lies in the lowest level whose present round it falls into; when
 * the time comes to a slot of a higher level, its timeouts move down. So adding and removing take
 * constant time, a timeout moves at most once a level, and for each level a word of bits tells
 * which slot is occupied next.
 *
 * <p>Source: Varghese and Lauck, Hashed and Hierarchical Timing Wheels (1987), scheme 7. A wheel is
 * for one thread.
 */
final class TimerWheel {
  private static final int BITS = 6;
  private static final int SLOTS = 1 << BITS;
  private static final int LEVELS = 8;

  /** The greatest deadline that a wheel can hold. */
  static final long MAX_DEADLINE = (1L << (LEVELS * BITS)) - 1;

  /** Later than every deadline. */
  static final long NEVER = Long.MAX_VALUE;

  private final @Nullable Timeout[] slots = new Timeout[LEVELS * SLOTS];
  private final long[] occupied = new long[LEVELS];
  private long now;

  /** Starts at {@code now}, in ticks. */
  TimerWheel(long now) {
    this.now = now;
  }

  /** Adds a timeout; one whose deadline has passed is due at the next advance. */
  void add(Timeout timeout) {
    long deadline = Math.max(timeout.deadline, now);
    // The highest bit in which the deadline differs from now lies in the level whose round both
    // share.
    int level = (Long.SIZE - 1 - Long.numberOfLeadingZeros((deadline ^ now) | 1)) / BITS;
    int slot = level * SLOTS + (int) (deadline >>> (level * BITS) & (SLOTS - 1));
    Timeout head = slots[slot];
    timeout.slot = (short) slot;
    timeout.next = head;
    if (head != null) {
      head.previous = timeout;
    }
    slots[slot] = timeout;
    occupied[level] |= 1L << slot;
  }

  /** Removes a timeout that was added and has not come out. */
  void remove(Timeout timeout) {
    Timeout previous = timeout.previous;
    Timeout next = timeout.next;
    if (next != null) {
      next.previous = previous;
    }
    if (previous != null) {
      previous.next = next;
    } else {
      slots[timeout.slot] = next;
      if (next == null) {
        occupied[timeout.slot / SLOTS] &= ~(1L << timeout.slot);
      }
    }
    timeout.previous = null;
    timeout.next = null;
    timeout.slot = Timeout.NOWHERE;
  }

  /**
   * Returns the next tick at which there is something to do, such as letting timeouts down a level,
   * or {@link #NEVER} if there is none. No timeout is due before that tick.
   */
  long nextTick() {
    for (int level = 0; level < LEVELS; level++) {
      if (occupied[level] != 0) {
        // What lies in lower levels is earlier, and within a level no slot of the past is occupied.
        return startOf(level, Long.numberOfTrailingZeros(occupied[level]));
      }
    }
    return NEVER;
  }

  private long startOf(int level, int index) {
    long round = -1L << ((level + 1) * BITS);
    return (now & round) | ((long) index << (level * BITS));
  }

  /**
   * Moves to {@code tick}, and hands out every timeout that is due by then, in the order of ticks.
   */
  void advance(long tick, Consumer<Timeout> due) {
    for (long next = nextTick(); next <= tick; next = nextTick()) {
      now = Math.max(now, next);
      empty(due);
    }
    now = tick;
  }

  /** Empties the earliest slot: its timeouts move down, or out if they are due. */
  private void empty(Consumer<Timeout> due) {
    int level = 0;
    while (occupied[level] == 0) {
      level++;
    }
    int slot = level * SLOTS + Long.numberOfTrailingZeros(occupied[level]);
    Timeout timeout = slots[slot];
    while (timeout != null) {
      remove(timeout);
      if (timeout.deadline <= now) {
        due.accept(timeout);
      } else {
        add(timeout);
      }
      timeout = slots[slot];
    }
  }
}
