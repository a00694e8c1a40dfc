package dev.picos.bench;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.function.UnaryOperator;

/**
 * How something grows with something else: a line for each who is compared, over logarithmic axes.
 */
record Lines(String title, String axis, List<Line> lines) implements Panel {
  private static final int HEIGHT = 280;
  private static final int LEFT = 60;
  private static final int RIGHT = 20;
  private static final int TOP = 40;
  private static final int BOTTOM = 50;

  record Point(double x, double y) {}

  record Line(String name, List<Point> points) {}

  @Override
  public int height() {
    return HEIGHT;
  }

  @Override
  public List<String> names() {
    return lines.stream().map(Line::name).toList();
  }

  private double[] all(ToDoubleFunction<Point> coordinate) {
    return lines.stream()
        .flatMap(line -> line.points.stream())
        .mapToDouble(coordinate)
        .distinct()
        .sorted()
        .toArray();
  }

  @Override
  public void draw(Svg svg, UnaryOperator<String> colors) {
    double[] xs = all(Point::x);
    Scale x = new Scale(xs[0], xs[xs.length - 1], LEFT, WIDTH - RIGHT);
    Scale y = Scale.around(all(Point::y), HEIGHT - BOTTOM, TOP);
    svg.text(LEFT, TOP - 14, "start", title, " font-weight=\"bold\"");
    for (double value : y.round()) {
      svg.grid(LEFT, y.at(value), WIDTH - RIGHT, y.at(value));
      svg.text(LEFT - 6, y.at(value) + 4, "end", Scale.label(value), "");
    }
    for (double value : xs) {
      svg.grid(x.at(value), TOP, x.at(value), HEIGHT - BOTTOM);
      svg.text(x.at(value), HEIGHT - BOTTOM + 16, "middle", Scale.label(value), "");
    }
    svg.text((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 14, "middle", axis, "");
    for (Line line : lines) {
      String color = colors.apply(line.name);
      svg.line(
          line.points.stream()
              .map(point -> String.format(Locale.ROOT, "%.1f,%.1f", x.at(point.x), y.at(point.y)))
              .toList(),
          color);
      for (Point point : line.points) {
        String title = String.format(Locale.ROOT, "%s: %.1f", line.name, point.y);
        svg.dot(x.at(point.x), y.at(point.y), 3, color, title);
      }
    }
  }
}
