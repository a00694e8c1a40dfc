package dev.picos.bench;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * How several do at several tasks: a row for each task, and in it a dot for each who does it, on a
 * logarithmic axis.
 */
record Dots(String title, String axis, List<Row> rows) implements Panel {
  private static final int LEFT = 190;
  private static final int RIGHT = 20;
  private static final int TOP = 40;
  private static final int BOTTOM = 50;
  private static final int ROW = 22;

  record Row(String name, Map<String, Double> dots) {}

  @Override
  public int height() {
    return TOP + rows.size() * ROW + BOTTOM;
  }

  @Override
  public List<String> names() {
    LinkedHashSet<String> names = new LinkedHashSet<>();
    rows.forEach(row -> names.addAll(row.dots.keySet()));
    return List.copyOf(names);
  }

  @Override
  public void draw(Svg svg, UnaryOperator<String> colors) {
    double[] all =
        rows.stream()
            .flatMap(row -> row.dots.values().stream())
            .mapToDouble(Double::doubleValue)
            .toArray();
    Scale x = Scale.around(all, LEFT, WIDTH - RIGHT);
    double bottom = height() - BOTTOM;
    svg.text(LEFT, TOP - 14, "start", title, " font-weight=\"bold\"");
    for (double value : x.round()) {
      svg.grid(x.at(value), TOP, x.at(value), bottom);
      if (Math.abs(Math.log10(value) - Math.rint(Math.log10(value))) < 0.01) {
        svg.text(x.at(value), bottom + 16, "middle", Scale.label(value), "");
      }
    }
    svg.text((LEFT + WIDTH - RIGHT) / 2.0, height() - 14, "middle", axis, "");
    for (int i = 0; i < rows.size(); i++) {
      Row row = rows.get(i);
      double y = TOP + (i + 0.5) * ROW;
      svg.grid(LEFT, y, WIDTH - RIGHT, y);
      svg.text(LEFT - 6, y + 4, "end", row.name, "");
      row.dots.forEach(
          (name, value) ->
              svg.dot(
                  x.at(value),
                  y,
                  5,
                  colors.apply(name),
                  String.format(Locale.ROOT, "%s, %s: %.1f", name, row.name, value)));
    }
  }
}
