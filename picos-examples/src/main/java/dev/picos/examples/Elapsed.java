package dev.picos.examples;

import java.util.Locale;

/** A time as people read it: three digits, and the unit that suits them. */
record Elapsed(long nanos) {
  private static final String[] UNITS = {"ns", "µs", "ms", "s"};

  @Override
  public String toString() {
    double value = nanos;
    int unit = 0;
    while (value >= 999.5 && unit < UNITS.length - 1) {
      value /= 1_000;
      unit++;
    }
    int decimals = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    return String.format(Locale.ROOT, "%,." + decimals + "f %s", value, UNITS[unit]);
  }
}
