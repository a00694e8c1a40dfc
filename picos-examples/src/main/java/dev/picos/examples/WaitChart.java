package dev.picos.examples;

import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/**
 * A summary as a picture: for each row a bar that is as long as all of its waits, and beside it, on
 * a logarithmic axis, how long one of them takes.
 */
final class WaitChart {
  private static final int WIDTH = 960;
  private static final int LEFT = 20;
  private static final int HEAD = 90;
  private static final int ROW = 44;
  private static final int FOOT = 76;
  private static final int BARS_END = 380;
  private static final int AXIS = 490;
  private static final int AXIS_END = WIDTH - 40;
  private static final int MOST_CHARACTERS = 140;

  // For people who see colors differently, too (Okabe and Ito).
  private static final String STYLE =
      """
        .ground { fill: #ffffff }
        text { fill: #24292f }
        .title { font-size: 16px }
        .note { fill: #57606a; font-size: 11px }
        .grid { stroke: #d0d7de }
        .range { stroke: #57606a; stroke-width: 2 }
        .bar { fill: #0072b2 }
        .median { fill: #009e73 }
        .most { fill: #e69f00 }
        .longest { fill: #d55e00 }
        @media (prefers-color-scheme: dark) {
          .ground { fill: #0d1117 }
          text { fill: #e6edf3 }
          .note { fill: #9198a1 }
          .grid { stroke: #30363d }
          .range { stroke: #9198a1 }
          .bar { fill: #56b4e9 }
        }
      """;

  /** What is marked on the axis of a row. */
  private record Mark(String style, String name, Function<WaitRow, Elapsed> of) {}

  private static final List<Mark> MARKS =
      List.of(
          new Mark("median", "median", WaitRow::median),
          new Mark("most", "99 %", WaitRow::ninetyNinePercent),
          new Mark("longest", "longest", WaitRow::longest));

  private final WaitSummary summary;
  private final List<WaitRow> rows;
  private final int bottom;
  private final Svg svg;

  /** The powers of ten, in nanoseconds, that the axis goes from and to. */
  private final int first;

  private final int last;

  private WaitChart(WaitSummary summary) {
    this.summary = summary;
    rows = summary.shown();
    bottom = HEAD + rows.size() * ROW;
    svg = new Svg(WIDTH, bottom + FOOT, STYLE);
    double least = rows.stream().mapToDouble(row -> power(row.median())).min().orElse(3);
    double most = rows.stream().mapToDouble(row -> power(row.longest())).max().orElse(9);
    first = (int) Math.floor(least);
    last = Math.max(first + 1, (int) Math.ceil(most));
  }

  static String of(WaitSummary summary, String title) {
    WaitChart chart = new WaitChart(summary);
    chart.drawFrame(title);
    for (int i = 0; i < chart.rows.size(); i++) {
      chart.drawRow(chart.rows.get(i), HEAD + i * ROW);
    }
    return chart.svg.end();
  }

  private void drawFrame(String title) {
    svg.text("title", LEFT, 30, "start", title);
    svg.text("note", LEFT, 60, "start", "all waits together");
    svg.text("note", AXIS, 60, "start", "one wait");
    for (int i = 0; i < MARKS.size(); i++) {
      int x = AXIS + 80 + 80 * i;
      svg.dot(MARKS.get(i).style, x, 56, MARKS.get(i).name);
      svg.text("note", x + 9, 60, "start", MARKS.get(i).name);
    }
    for (int power = first; power <= last; power++) {
      double x = AXIS + (AXIS_END - AXIS) * (power - first) / (double) (last - first);
      svg.line("grid", x, HEAD - 10, x, bottom);
      svg.text(
          "note", x, bottom + 16, "middle", new Elapsed((long) Math.pow(10, power)).toString());
    }
    if (summary.hidden() > 0) {
      String more = String.format(Locale.ROOT, "and %,d more, each with less", summary.hidden());
      svg.text("note", LEFT, bottom + 36, "start", more);
    }
    svg.text("note", LEFT, bottom + 56, "start", summary.fibers());
  }

  private void drawRow(WaitRow row, int top) {
    String name = Printable.of(row.toString(), MOST_CHARACTERS);
    svg.text("name", LEFT, top + 14, "start", name);
    int middle = top + 28;
    long most = Math.max(1, rows.get(0).total().nanos());
    double length = Math.max(1, (BARS_END - LEFT) * (double) row.total().nanos() / most);
    svg.rectangle("bar", LEFT, middle - 6, length, 12);
    svg.text("note", LEFT + length + 6, middle + 4, "start", row.total().toString());
    svg.line("range", x(row.median()), middle, x(row.longest()), middle);
    for (Mark mark : MARKS) {
      Elapsed elapsed = mark.of.apply(row);
      svg.dot(mark.style, x(elapsed), middle, mark.name + ": " + elapsed);
    }
  }

  private double x(Elapsed elapsed) {
    return AXIS + (AXIS_END - AXIS) * (power(elapsed) - first) / (last - first);
  }

  private static double power(Elapsed elapsed) {
    return Math.log10((double) Math.max(1, elapsed.nanos()));
  }
}
