package dev.picos.bench;

import java.util.Formatter;
import java.util.Locale;

/** A picture that is being drawn. */
final class Svg {
  private final Formatter out = new Formatter(Locale.ROOT);

  Svg(double width, double height) {
    out.format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %1$.0f %2$.0f\" width=\"%1$.0f\""
            + " font-family=\"sans-serif\" font-size=\"12\">%n",
        width, height);
    out.format("<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>%n");
  }

  /** Runs {@code body}, which draws from this point on as if it were the origin. */
  void at(double x, double y, Runnable body) {
    out.format("<g transform=\"translate(%.0f %.0f)\">%n", x, y);
    body.run();
    out.format("</g>%n");
  }

  /**
   * Writes {@code text}.
   *
   * @param anchor which part of it is at {@code x}: start, middle or end
   * @param more attributes, with a space in front of each
   */
  void text(double x, double y, String anchor, String text, String more) {
    out.format(
        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s>%s</text>%n", x, y, anchor, more, text);
  }

  /** Draws a line that the eye follows without seeing it. */
  void grid(double x1, double y1, double x2, double y2) {
    out.format(
        "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#dddddd\"/>%n",
        x1, y1, x2, y2);
  }

  /** Draws a line through points, of which each is {@code "x,y"}. */
  void line(Iterable<String> points, String color) {
    out.format(
        "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>%n",
        String.join(" ", points), color);
  }

  /** Draws a dot that tells its {@code title} to who points at it. */
  void dot(double x, double y, double radius, String color, String title) {
    out.format(
        "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"%s\"><title>%s</title></circle>%n",
        x, y, radius, color, title);
  }

  void box(double x, double y, String color) {
    out.format(
        "<rect x=\"%.0f\" y=\"%.0f\" width=\"18\" height=\"10\" fill=\"%s\"/>%n", x, y, color);
  }

  /** Ends the picture and returns it. */
  String end() {
    return out.format("</svg>%n").toString();
  }
}
