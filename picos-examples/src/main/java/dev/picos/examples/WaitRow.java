package dev.picos.examples;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Locale;

/**
 * The waits of the fibers of one name, at one place.
 *
 * @param key whose they are
 * @param nanos how long each of them took, in ascending order; there is at least one
 * @param canceled how many ended with a canceled fiber
 */
@SuppressWarnings("ArrayRecordComponent") // rows are never compared
record WaitRow(Key key, long[] nanos, int canceled) {
  static final Comparator<WaitRow> LONGEST_FIRST =
      Comparator.comparingLong((WaitRow row) -> row.total().nanos()).reversed();

  /**
   * What the waits of a row have in common.
   *
   * @param fiber its name, {@code unnamed} if it has none, and {@code ?} if that is not told
   */
  record Key(String scheduler, String fiber, WaitPlace place) {}

  int count() {
    return nanos.length;
  }

  Elapsed total() {
    return new Elapsed(Arrays.stream(nanos).sum());
  }

  Elapsed median() {
    return quantile(0.5);
  }

  Elapsed ninetyNinePercent() {
    return quantile(0.99);
  }

  Elapsed longest() {
    return quantile(1);
  }

  private Elapsed quantile(double share) {
    return new Elapsed(nanos[Math.max(0, (int) Math.ceil(share * nanos.length) - 1)]);
  }

  /** Everything but the times. */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%s in %s, on %s, times %,d%s",
        key.fiber,
        key.place,
        key.scheduler,
        count(),
        canceled == 0 ? "" : String.format(Locale.ROOT, ", canceled %,d", canceled));
  }
}
