package dev.picos.tests;

import java.util.stream.LongStream;

/**
 * The seeds that tests try one after the other, of those that have a range of them. Long runs take
 * others each time, by the system property {@code picos.tests.firstSeed}.
 */
public final class Seeds {
  /** How many a test tries that finds more in more orders; {@code picos.tests.seeds} changes it. */
  public static final int COUNT = Integer.getInteger("picos.tests.seeds", 300);

  private static final long FIRST = Long.getLong("picos.tests.firstSeed", 1);

  private Seeds() {}

  /** Returns {@link #COUNT} seeds. */
  public static LongStream all() {
    return some(COUNT);
  }

  /** Returns {@code count} seeds. */
  public static LongStream some(int count) {
    return LongStream.range(FIRST, FIRST + count);
  }
}
