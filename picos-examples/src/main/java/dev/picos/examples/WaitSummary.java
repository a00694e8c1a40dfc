package dev.picos.examples;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import jdk.jfr.consumer.RecordingFile;

/**
 * What a flight recording tells of fibers: who has waited for what, and how long.
 *
 * @param rows the longest total first
 * @param started how many fibers have had their first turn
 * @param ended how many fibers have ended
 * @param stolen how many times a domain has taken a fiber from another one
 * @param pinned how many times a fiber kept its carrier thread, by who did and where
 */
record WaitSummary(
    List<WaitRow> rows, int started, int ended, int stolen, Map<String, Integer> pinned) {

  private static final int MOST_ROWS = 20;

  static WaitSummary of(Path recording) throws IOException {
    RecordingReader reader = new RecordingReader();
    try (RecordingFile file = new RecordingFile(recording)) {
      while (file.hasMoreEvents()) {
        reader.add(file.readEvent());
      }
    }
    return reader.summary();
  }

  /** Whether the recording tells of no fiber, most likely since nobody has asked it to. */
  boolean isEmpty() {
    return rows.isEmpty() && started == 0 && ended == 0;
  }

  /** The rows that people look at. */
  List<WaitRow> shown() {
    return rows.subList(0, Math.min(rows.size(), MOST_ROWS));
  }

  /** How many rows there are beside those that are shown. */
  int hidden() {
    return rows.size() - shown().size();
  }

  /** How many fibers there were, in words. */
  String fibers() {
    return started == 0 && ended == 0
        ? "when fibers started and ended was not recorded"
        : String.format(
            Locale.ROOT,
            "%,d fibers started, %,d ended, %,d were taken by another domain",
            started,
            ended,
            stolen);
  }
}
