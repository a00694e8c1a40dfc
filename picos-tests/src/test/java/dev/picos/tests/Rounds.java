package dev.picos.tests;

/** How often a test does what may go wrong once in a while. */
public final class Rounds {
  private static final boolean LONG = Boolean.getBoolean("picos.test.long");

  private Rounds() {}

  static boolean areMany() {
    return LONG;
  }

  /** Returns {@code everyday}, or {@code atLength} with {@code -Dpicos.test.long=true}. */
  public static int of(int everyday, int atLength) {
    return LONG ? atLength : everyday;
  }
}
