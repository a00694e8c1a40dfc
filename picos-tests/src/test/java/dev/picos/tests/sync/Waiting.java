package dev.picos.tests.sync;

import dev.picos.core.Fiber;

/** Waits in a fiber until others wait, which a primitive tells by its name only. */
final class Waiting {
  private Waiting() {}

  /** Returns once {@code count} fibers wait for {@code primitive}. */
  static void until(Object primitive, int count) {
    while (of(primitive) != count) {
      Fiber.yield();
    }
  }

  /** How many fibers wait for {@code primitive}, those included that have given up lately. */
  static int of(Object primitive) {
    String name = primitive.toString();
    int end = name.indexOf(" waiting");
    int start = end;
    while (start > 0 && Character.isDigit(name.charAt(start - 1))) {
      start--;
    }
    return end < 0 ? 0 : Integer.parseInt(name.substring(start, end));
  }
}
