package dev.picos.examples;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/** A summary as lines of text. */
final class WaitTable {
  private static final int MOST_PINNED = 10;
  private static final int WIDEST = 40;

  private record Column(String title, boolean isNumber, Function<WaitRow, Object> value) {
    /** The title and the cells, all as wide as the widest. */
    List<String> cells(List<WaitRow> rows) {
      List<String> cells = new ArrayList<>(List.of(title));
      rows.forEach(row -> cells.add(Printable.of(value.apply(row).toString(), WIDEST)));
      int width = cells.stream().mapToInt(String::length).max().orElse(0);
      String format = "%" + (isNumber ? "" : "-") + width + "s";
      return cells.stream().map(cell -> String.format(Locale.ROOT, format, cell)).toList();
    }
  }

  private static final List<Column> COLUMNS =
      List.of(
          new Column("scheduler", false, row -> row.key().scheduler()),
          new Column("fiber", false, row -> row.key().fiber()),
          new Column("waited in", false, row -> row.key().place().operation()),
          new Column("called by", false, row -> row.key().place().caller()),
          new Column("times", true, row -> count(row.count())),
          new Column("total", true, WaitRow::total),
          new Column("median", true, WaitRow::median),
          new Column("99 %", true, WaitRow::ninetyNinePercent),
          new Column("longest", true, WaitRow::longest),
          new Column("canceled", true, row -> count(row.canceled())));

  private WaitTable() {}

  static String of(WaitSummary summary) {
    List<String> lines = new ArrayList<>();
    List<List<String>> columns =
        COLUMNS.stream().map(column -> column.cells(summary.shown())).toList();
    for (int i = 0; i <= summary.shown().size(); i++) {
      int line = i;
      lines.add(String.join("  ", columns.stream().map(column -> column.get(line)).toList()));
    }
    if (summary.hidden() > 0) {
      lines.add("and " + count(summary.hidden()) + " more, each with less in total");
    }
    lines.add("");
    lines.add(summary.fibers());
    summary.pinned().entrySet().stream()
        .limit(MOST_PINNED)
        .forEach(pin -> lines.add(Printable.of(pin.getKey()) + ", times " + count(pin.getValue())));
    if (summary.pinned().size() > MOST_PINNED) {
      lines.add("and pinned at " + count(summary.pinned().size() - MOST_PINNED) + " more places");
    }
    return String.join(System.lineSeparator(), lines);
  }

  private static String count(int number) {
    return String.format(Locale.ROOT, "%,d", number);
  }
}
