package dev.picos.bench;

import dev.picos.bench.Arguments.Drawing;
import dev.picos.bench.GrowthBenchmark.Life;
import dev.picos.bench.Lines.Line;
import dev.picos.bench.Lines.Point;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * Measures {@link GrowthBenchmark} from ten to a million fibers, and from one to eight domains, and
 * draws a chart of it into the file that the first argument names. Takes about 17 minutes; a second
 * argument of {@code quick} makes it a trial of a few.
 */
public final class Growth {
  private static final String[] FIBERS = {"10", "100", "1000", "10000", "100000", "1000000"};
  private static final String[] DOMAINS = {"1", "2", "4", "8"};
  private static final String[] METHODS = {"picosFifo", "picosMultififo", "jdk", "kotlin"};
  private static final String[] SEVERAL = {"picosMultififo", "jdk", "kotlin"};

  private final boolean quick;

  private Growth(boolean quick) {
    this.quick = quick;
  }

  /** Runs it. */
  public static void main(String[] args) throws RunnerException, IOException {
    Drawing drawing = Arguments.orExit(() -> Arguments.drawing("growth", args));
    Growth growth = new Growth(drawing.quick());
    List<Panel> panels = new ArrayList<>();
    for (Life life : Life.values()) {
      panels.add(growth.byFibers(life));
      panels.add(growth.byDomains(life));
    }
    Chart chart = new Chart("Nanoseconds a fiber", panels);
    Files.writeString(drawing.file(), chart.svg());
    System.out.println("drawn to " + drawing.file());
  }

  private static String what(Life life) {
    return switch (life) {
      case END -> "end at once";
      case YIELD -> "yield once";
      case AWAIT -> "wait for a latch";
    };
  }

  private Lines byFibers(Life life) throws RunnerException {
    String title = "fibers that " + what(life) + ", one domain";
    return panel(title, "fibers alive", FIBERS, METHODS, life, "1");
  }

  private Lines byDomains(Life life) throws RunnerException {
    String processors = Runtime.getRuntime().availableProcessors() + " processors";
    String title = "10,000 fibers that " + what(life) + ", " + processors;
    return panel(title, "domains", DOMAINS, SEVERAL, life, "10000");
  }

  private Lines panel(
      String title, String axis, String[] values, String[] methods, Life life, String other)
      throws RunnerException {
    boolean domains = axis.equals("domains");
    List<Line> lines = new ArrayList<>();
    for (String method : methods) {
      List<Point> points = new ArrayList<>();
      for (RunResult result :
          run(
              method,
              life,
              domains ? new String[] {other} : values,
              domains ? values : new String[] {other})) {
        points.add(
            new Point(
                Double.parseDouble(result.getParams().getParam(domains ? "domains" : "fibers")),
                result.getPrimaryResult().getScore()));
      }
      lines.add(new Line(method, points));
    }
    return new Lines(title, axis, lines);
  }

  private Collection<RunResult> run(String method, Life life, String[] fibers, String[] domains)
      throws RunnerException {
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include(GrowthBenchmark.class.getSimpleName() + "." + method + "$")
            .param("life", life.name())
            .param("fibers", fibers)
            .param("domains", domains)
            .forks(1)
            .jvmArgsAppend("-Xms4g", "-Xmx4g")
            .warmupIterations(quick ? 1 : 4)
            .measurementIterations(quick ? 1 : 4)
            .warmupTime(TimeValue.milliseconds(quick ? 1 : 500))
            .measurementTime(TimeValue.milliseconds(quick ? 1 : 500));
    return new Runner(options.build()).run();
  }
}
