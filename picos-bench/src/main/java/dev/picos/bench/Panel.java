package dev.picos.bench;

import java.util.List;
import java.util.function.UnaryOperator;

/** A part of a chart, with axes of its own. */
interface Panel {
  int WIDTH = 400;

  int height();

  /** Who is compared here. */
  List<String> names();

  /** Draws this from the origin on, each name in its color. */
  void draw(Svg svg, UnaryOperator<String> colors);
}
