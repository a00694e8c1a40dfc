package dev.picos.bench;

import java.util.Locale;
import java.util.stream.DoubleStream;

/** A logarithmic scale from the first value to the last, onto pixels. */
record Scale(double first, double last, double from, double to) {
  /** One with round ends around all of {@code values}. */
  static Scale around(double[] values, double from, double to) {
    double least = DoubleStream.of(values).min().orElse(1);
    double most = DoubleStream.of(values).max().orElse(10);
    return new Scale(below(least), above(most), from, to);
  }

  double at(double value) {
    return from + (to - from) * Math.log(value / first) / Math.log(last / first);
  }

  /** The round values on it: 1, 2, 5, 10, and so on. */
  double[] round() {
    return DoubleStream.iterate(first, value -> value <= last * 1.01, value -> above(value * 1.01))
        .toArray();
  }

  /** How {@code value} is written at the axis. */
  static String label(double value) {
    return value >= 1e6
        ? String.format(Locale.ROOT, "%,.0f M", value / 1e6)
        : String.format(Locale.ROOT, value < 1 ? "%.1f" : "%,.0f", value);
  }

  /** The greatest of ..., 1, 2, 5, 10, 20, ... that is not above {@code value}. */
  private static double below(double value) {
    double power = Math.pow(10, Math.floor(Math.log10(value)));
    double digit = value / power;
    return power * (digit >= 5 ? 5 : digit >= 2 ? 2 : 1);
  }

  /** The least of them that is not below {@code value}. */
  private static double above(double value) {
    double power = Math.pow(10, Math.floor(Math.log10(value)));
    double digit = value / power;
    return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
  }
}
