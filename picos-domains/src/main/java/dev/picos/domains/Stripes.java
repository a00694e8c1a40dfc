package dev.picos.domains;

/**
 * The parts of something that many threads change at once. Each thread changes a part of its own,
 * or one that it shares with few others, so processors do not take one cache line from each other.
 *
 * @param count how many parts there are, a power of two
 */
record Stripes(int count) {
  private static final int MOST = 16;

  /** How far two parts of an array are apart, whatever it holds: two cache lines at least. */
  private static final int SPACING = 32;

  /** As many as the given number of threads can use at the same time, or a few more, up to 16. */
  static Stripes forThreads(int threads) {
    return new Stripes(Math.min(MOST, Integer.highestOneBit(Math.max(1, 2 * threads - 1))));
  }

  /** The length of an array with a place for each part. */
  int length() {
    return (count + 1) * SPACING;
  }

  /** The place of a part, from 0 on, in an array. */
  int place(int part) {
    return (part + 1) * SPACING;
  }

  /** The place of the calling thread's part, which is always the same. */
  int ownPlace() {
    return place((int) Thread.currentThread().threadId() & (count - 1));
  }
}
