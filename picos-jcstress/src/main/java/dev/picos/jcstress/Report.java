package dev.picos.jcstress;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jcstress.infra.collectors.TestResult;
import org.openjdk.jcstress.infra.grading.ReportUtils;

/** A line for each test on the console, and everything that is known about it in another place. */
final class Report {
  private final PrintStream console;
  private final PrintStream details;
  private final int total;
  private final List<String> failures = new ArrayList<>();
  private int finished;
  private long lastTime = System.nanoTime();

  Report(PrintStream console, PrintStream details, int total) {
    this.console = console;
    this.details = details;
    this.total = total;
  }

  /** Reports a test, which passes if nothing forbidden and nothing unforeseen happened. */
  void test(String name, TestResult result) {
    boolean passed = ReportUtils.statusToPassed(result);
    line(name, passed, passed ? "ok" : "FAILED", result);
    if (!passed) {
      print(result, console);
    }
  }

  /** Reports a twin, which passes if something forbidden happened. */
  void twin(String name, TestResult result) {
    boolean caught = Stress.isCaught(result);
    line(name, caught, caught ? "caught" : "MISSED", result);
  }

  private void line(String name, boolean passed, String verdict, TestResult result) {
    finished++;
    if (!passed) {
      failures.add(name);
    }
    long now = System.nanoTime();
    console.printf(
        "%3d/%d  %-6s  %-70s %5.1f s %,13d samples%n",
        finished, total, verdict, name, (now - lastTime) / 1e9, result.getTotalCount());
    lastTime = now;
    print(result, details);
  }

  private static void print(TestResult result, PrintStream to) {
    PrintWriter writer = new PrintWriter(to, true, StandardCharsets.UTF_8);
    ReportUtils.printResult(writer, result, true);
    writer.flush();
  }

  int failed() {
    return failures.size();
  }

  void summary(String headline) {
    console.println();
    console.println(headline);
    failures.forEach(name -> console.println("failed: " + name));
    console.printf("%d passed, %d failed%n", finished - failed(), failed());
  }
}
