package dev.picos.examples;

import java.util.Locale;

/** One line of the table. */
record EchoReport(
    String scheduler,
    int clients,
    long echoed,
    long expected,
    double messagesPerSecond,
    double p50Micros,
    double p99Micros,
    long fibersOpen,
    long socketsOpen,
    String problem) {

  static final String HEADER =
      String.format(
          Locale.ROOT,
          "%-12s %8s %11s %12s %10s %10s %12s %13s",
          "scheduler",
          "clients",
          "messages",
          "messages/s",
          "p50 µs",
          "p99 µs",
          "fibers open",
          "sockets open");

  boolean isWell() {
    return problem.isEmpty() && echoed == expected && fibersOpen == 0 && socketsOpen == 0;
  }

  @Override
  public String toString() {
    String line =
        String.format(
            Locale.ROOT,
            "%-12s %8d %,11d %,12.0f %10.1f %10.1f %12d %13d",
            scheduler,
            clients,
            echoed,
            messagesPerSecond,
            p50Micros,
            p99Micros,
            fibersOpen,
            socketsOpen);
    if (isWell()) {
      return line;
    }
    return line
        + "  <- "
        + (problem.isEmpty() ? "expected " + expected + " messages and nothing open" : problem);
  }
}
