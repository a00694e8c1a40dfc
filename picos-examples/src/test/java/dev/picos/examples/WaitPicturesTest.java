package dev.picos.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/** The table and the chart of a summary. */
class WaitPicturesTest {
  private static WaitRow row(String fiber, int canceled, long... nanos) {
    WaitPlace place = new WaitPlace("Channel.receive", "Program.take:12");
    return new WaitRow(new WaitRow.Key("fifo", fiber, place), nanos, canceled);
  }

  private static WaitSummary summary(WaitRow... rows) {
    return new WaitSummary(List.of(rows), 5, 4, 1_003, Map.of("Fiber Pinned, f at P.p", 2));
  }

  /** The texts of a picture, and what its dots tell. */
  private static List<String> textsIn(WaitSummary summary) throws Exception {
    String svg = WaitChart.of(summary, "waits");
    Document document =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new InputSource(new StringReader(svg)));
    List<String> texts = new ArrayList<>();
    for (String tag : List.of("text", "title")) {
      NodeList nodes = document.getElementsByTagName(tag);
      for (int i = 0; i < nodes.getLength(); i++) {
        texts.add(nodes.item(i).getTextContent());
      }
    }
    return texts;
  }

  @Test
  void table_hasARowForEach() {
    String table =
        WaitTable.of(
            summary(row("taker", 1, 1_000, 2_000_000, 3_000_000_000L), row("unnamed", 0, 5)));

    assertThat(table.lines())
        .containsExactly(
            "scheduler  fiber    waited in        called by        times   total   median    99 %"
                + "  longest  canceled",
            "fifo       taker    Channel.receive  Program.take:12      3  3.00 s  2.00 ms  3.00 s"
                + "   3.00 s         1",
            "fifo       unnamed  Channel.receive  Program.take:12      1    5 ns     5 ns    5 ns"
                + "     5 ns         0",
            "",
            "5 fibers started, 4 ended, 1,003 were taken by another domain",
            "Fiber Pinned, f at P.p, times 2");
  }

  @Test
  void chart_hasARowForEach() throws Exception {
    List<String> texts =
        textsIn(summary(row("taker", 1, 1_000, 2_000_000, 3_000_000_000L), row("unnamed", 0, 5)));

    assertThat(texts)
        .contains(
            "taker in Channel.receive at Program.take:12, on fifo, times 3, canceled 1",
            "median: 2.00 ms",
            "longest: 3.00 s",
            "unnamed in Channel.receive at Program.take:12, on fifo, times 1",
            "5 fibers started, 4 ended, 1,003 were taken by another domain");
  }

  @Test
  void rowsBeyondTheTwentieth_areCounted() throws Exception {
    WaitSummary many =
        summary(
            IntStream.range(0, 23)
                .mapToObj(i -> row("fiber" + i, 0, 100 - i))
                .toArray(WaitRow[]::new));

    assertThat(WaitTable.of(many))
        .contains("fiber19 ", "and 3 more, each with less in total")
        .doesNotContain("fiber20");
    assertThat(textsIn(many))
        .contains("and 3 more, each with less")
        .anyMatch(text -> text.startsWith("fiber19 "))
        .noneMatch(text -> text.startsWith("fiber20 "));
  }

  @Test
  void nameOfAFiber_cannotSpoilThem() throws Exception {
    // a name may be long, look like a tag, or have characters that a terminal obeys
    WaitSummary bad = summary(row("<&\"\u001b[2J\n" + "x".repeat(1_000), 0, 5));

    assertThat(WaitTable.of(bad))
        .contains("<&\"\ufffd[2J\ufffdx", "x…  Channel.receive")
        .doesNotContain("\u001b");
    assertThat(textsIn(bad))
        .anyMatch(text -> text.startsWith("<&\"\ufffd[2J\ufffdx") && text.endsWith("x…"));
  }

  @Test
  void noWaits_areAnEmptyPicture() throws Exception {
    // such as of a program whose fibers only compute
    assertThat(WaitTable.of(summary())).startsWith("scheduler  fiber  waited in  called by");
    assertThat(textsIn(summary())).contains("waits");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0 ns",
    "999, 999 ns",
    "1000, 1.00 µs",
    "9999, 10.0 µs",
    "99_949, 99.9 µs",
    "999_499, 999 µs",
    "999_500, 1.00 ms",
    "12_345_678, 12.3 ms",
    "61_000_000_000, 61.0 s",
    "1_676_000_000_000, '1,676 s'"
  })
  void time_hasThreeDigits(String nanos, String text) {
    assertThat(new Elapsed(Long.parseLong(nanos.replace("_", "")))).hasToString(text);
  }
}
