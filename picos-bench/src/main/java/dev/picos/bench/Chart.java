package dev.picos.bench;

import java.util.LinkedHashSet;
import java.util.List;

/**
 * A picture of measurements, as SVG.
 *
 * @param title what is measured
 * @param panels from left to right, two in a row
 */
record Chart(String title, List<Panel> panels) {
  private static final int LEFT = 60;
  private static final int HEAD = 70;

  /** Told apart by people who see colors differently, too (Okabe and Ito). */
  private static final List<String> COLORS =
      List.of("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9");

  String svg() {
    List<String> names = names();
    int rowHeight = panels.stream().mapToInt(Panel::height).max().orElse(0);
    int rows = (panels.size() + 1) / 2;
    Svg svg = new Svg(2.0 * Panel.WIDTH, HEAD + rows * rowHeight);
    svg.text(Panel.WIDTH, 24, "middle", title, " font-size=\"16\"");
    for (int i = 0; i < names.size(); i++) {
      double x = LEFT + i * (2.0 * Panel.WIDTH - LEFT) / names.size();
      svg.box(x, 38, color(names, names.get(i)));
      svg.text(x + 24, 47, "start", names.get(i), "");
    }
    for (int i = 0; i < panels.size(); i++) {
      Panel panel = panels.get(i);
      svg.at(
          i % 2 * Panel.WIDTH,
          HEAD + i / 2 * rowHeight,
          () -> panel.draw(svg, name -> color(names, name)));
    }
    return svg.end();
  }

  private List<String> names() {
    LinkedHashSet<String> names = new LinkedHashSet<>();
    panels.forEach(panel -> names.addAll(panel.names()));
    return List.copyOf(names);
  }

  private static String color(List<String> names, String name) {
    return COLORS.get(names.indexOf(name) % COLORS.size());
  }
}
