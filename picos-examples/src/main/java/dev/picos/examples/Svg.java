package dev.picos.examples;

import java.util.Formatter;
import java.util.Locale;

/** A picture that is being drawn. What it looks like is up to the classes of its style sheet. */
final class Svg {
  private final Formatter out = new Formatter(Locale.ROOT);

  Svg(int width, int height, String style) {
    out.format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %1$d %2$d\" width=\"%1$d\""
            + " font-family=\"sans-serif\" font-size=\"12\">%n",
        width, height);
    out.format("<style>%n%s</style>%n", style);
    rectangle("ground", 0, 0, width, height);
  }

  /**
   * Writes {@code text}, whatever is in it.
   *
   * @param anchor which part of it is at {@code x}: start, middle or end
   */
  void text(String style, double x, double y, String anchor, String text) {
    out.format(
        "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>%n",
        style, x, y, anchor, escape(text));
  }

  void rectangle(String style, double x, double y, double width, double height) {
    out.format(
        "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>%n",
        style, x, y, width, height);
  }

  void line(String style, double x1, double y1, double x2, double y2) {
    out.format(
        "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>%n",
        style, x1, y1, x2, y2);
  }

  /** Draws a dot that tells its {@code title} to who points at it. */
  void dot(String style, double x, double y, String title) {
    out.format(
        "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"5\"><title>%s</title></circle>%n",
        style, x, y, escape(title));
  }

  /** Ends the picture and returns it. */
  String end() {
    return out.format("</svg>%n").toString();
  }

  private static String escape(String text) {
    return Printable.of(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
