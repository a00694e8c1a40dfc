package dev.picos.bench;

import java.util.ArrayList;
import java.util.Formatter;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Panels of lines over logarithmic axes, as SVG.
 *
 * @param title what is measured
 * @param panels from left to right, two in a row
 */
record Chart(String title, List<Panel> panels) {
  private static final int WIDTH = 400;
  private static final int HEIGHT = 280;
  private static final int LEFT = 60;
  private static final int RIGHT = 20;
  private static final int TOP = 40;
  private static final int BOTTOM = 50;
  private static final int HEAD = 70;

  /** Told apart by people who see colors differently, too (Okabe and Ito). */
  private static final List<String> COLORS =
      List.of("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9");

  record Point(double x, double y) {}

  record Line(String name, List<Point> points) {}

  record Panel(String title, String axis, List<Line> lines) {}

  /** A logarithmic scale from the first value to the last, onto pixels. */
  private record Scale(double first, double last, double from, double to) {
    double at(double value) {
      return from + (to - from) * Math.log(value / first) / Math.log(last / first);
    }
  }

  String svg() {
    int rows = (panels.size() + 1) / 2;
    Formatter svg = new Formatter(Locale.ROOT);
    svg.format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\""
            + " font-family=\"sans-serif\" font-size=\"12\">%n",
        2 * WIDTH, HEAD + rows * HEIGHT, 2 * WIDTH);
    svg.format("<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>%n");
    text(svg, WIDTH, 24, "middle", title, " font-size=\"16\"");
    List<String> names = names();
    for (int i = 0; i < names.size(); i++) {
      double x = LEFT + i * (2.0 * WIDTH - LEFT) / names.size();
      svg.format(
          "<rect x=\"%.0f\" y=\"38\" width=\"18\" height=\"10\" fill=\"%s\"/>%n",
          x, color(names.get(i)));
      text(svg, x + 24, 47, "start", names.get(i), "");
    }
    for (int i = 0; i < panels.size(); i++) {
      svg.format("<g transform=\"translate(%d %d)\">%n", i % 2 * WIDTH, HEAD + i / 2 * HEIGHT);
      draw(svg, panels.get(i));
      svg.format("</g>%n");
    }
    return svg.format("</svg>%n").toString();
  }

  private List<String> names() {
    Set<String> names = new LinkedHashSet<>();
    panels.forEach(panel -> panel.lines.forEach(line -> names.add(line.name)));
    return new ArrayList<>(names);
  }

  private String color(String name) {
    return COLORS.get(names().indexOf(name) % COLORS.size());
  }

  private void draw(Formatter svg, Panel panel) {
    double[] xs =
        panel.lines.stream()
            .flatMap(line -> line.points.stream())
            .mapToDouble(Point::x)
            .distinct()
            .sorted()
            .toArray();
    double[] ys =
        panel.lines.stream()
            .flatMap(line -> line.points.stream())
            .mapToDouble(Point::y)
            .sorted()
            .toArray();
    Scale x = new Scale(xs[0], xs[xs.length - 1], LEFT, WIDTH - RIGHT);
    Scale y = new Scale(below(ys[0]), above(ys[ys.length - 1]), HEIGHT - BOTTOM, TOP);
    text(svg, LEFT, TOP - 14, "start", panel.title, " font-weight=\"bold\"");
    for (double value = y.first; value <= y.last * 1.01; value = above(value * 1.01)) {
      grid(svg, LEFT, y.at(value), WIDTH - RIGHT, y.at(value));
      text(svg, LEFT - 6, y.at(value) + 4, "end", number(value), "");
    }
    for (double value : xs) {
      grid(svg, x.at(value), TOP, x.at(value), HEIGHT - BOTTOM);
      text(svg, x.at(value), HEIGHT - BOTTOM + 16, "middle", number(value), "");
    }
    text(svg, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 14, "middle", panel.axis, "");
    for (Line line : panel.lines) {
      Formatter points = new Formatter(Locale.ROOT);
      for (Point point : line.points) {
        points.format("%.1f,%.1f ", x.at(point.x), y.at(point.y));
      }
      svg.format(
          "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>%n",
          points, color(line.name));
      for (Point point : line.points) {
        svg.format(
            "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"><title>%s: %.1f</title></circle>%n",
            x.at(point.x), y.at(point.y), color(line.name), line.name, point.y);
      }
    }
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

  private static String number(double value) {
    return value >= 1e6
        ? String.format(Locale.ROOT, "%,.0f M", value / 1e6)
        : String.format(Locale.ROOT, value < 1 ? "%.1f" : "%,.0f", value);
  }

  private static void grid(Formatter svg, double x1, double y1, double x2, double y2) {
    svg.format(
        "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#dddddd\"/>%n",
        x1, y1, x2, y2);
  }

  private static void text(
      Formatter svg, double x, double y, String anchor, String text, String more) {
    svg.format(
        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s>%s</text>%n", x, y, anchor, more, text);
  }
}
