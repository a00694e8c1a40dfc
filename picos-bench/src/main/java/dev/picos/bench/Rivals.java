package dev.picos.bench;

import dev.picos.bench.Arguments.Drawing;
import dev.picos.bench.Dots.Row;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * Measures the standard library beside its rivals, prints a table for the documentation, and draws
 * a chart into the file that the first argument names. Takes about five minutes; a second argument
 * of {@code quick} makes it a trial of two.
 */
public final class Rivals {
  /**
   * Something that all of them can do.
   *
   * @param methods by the name of who does it
   * @param setting its parameter, beside the number of domains
   */
  private record Task(String name, String benchmark, String setting, Map<String, String> methods) {}

  private static final List<Task> TASKS = tasks();

  private final Map<String, Result<?>> results = new HashMap<>();

  private Rivals() {}

  private static List<Task> tasks() {
    List<Task> tasks = new ArrayList<>();
    for (boolean contended : new boolean[] {false, true}) {
      String when = contended ? ", contended" : "";
      String setting = "contended=" + contended;
      tasks.add(
          new Task(
              "unfair lock" + when,
              "Lock",
              setting,
              methods("picos", "picosPoisonLock", "jdk", "jdkLock")));
      tasks.add(
          new Task(
              "fair lock" + when,
              "Lock",
              setting,
              methods("picos", "picosMutex", "jdk", "jdkFairLock", "kotlin", "kotlinMutex")));
      tasks.add(
          new Task(
              "unfair semaphore" + when,
              "Lock",
              setting,
              methods("picos", "picosPoisonSemaphore", "jdk", "jdkSemaphore")));
      tasks.add(
          new Task(
              "fair semaphore" + when,
              "Lock",
              setting,
              methods(
                  "picos", "picosSemaphore",
                  "jdk", "jdkFairSemaphore",
                  "kotlin", "kotlinSemaphore")));
    }
    Map<String, String> all =
        methods("picos", "picos", "jdk", "jdk", "kotlin", "kotlin", "jox", "jox");
    Map<String, String> noJdk = methods("picos", "picos", "kotlin", "kotlin", "jox", "jox");
    tasks.add(new Task("rendezvous", "Channel", "capacity=0", all));
    tasks.add(new Task("channel of 64", "Channel", "capacity=64", all));
    tasks.add(new Task("select of 2", "Select", "channels=2", noJdk));
    tasks.add(new Task("select of 8", "Select", "channels=8", noJdk));
    Map<String, String> noJox = methods("picos", "picos", "jdk", "jdk", "kotlin", "kotlin");
    tasks.add(new Task("broadcast to 4", "Broadcast", "", noJox));
    tasks.add(new Task("lock, 2 semaphores", "BoundedQueue", "", noJox));
    return tasks;
  }

  private static Map<String, String> methods(String... namesAndMethods) {
    Map<String, String> methods = new LinkedHashMap<>();
    for (int i = 0; i < namesAndMethods.length; i += 2) {
      methods.put(namesAndMethods[i], namesAndMethods[i + 1]);
    }
    return methods;
  }

  /** Runs it. */
  public static void main(String[] args) throws RunnerException, IOException {
    Drawing drawing = Arguments.orExit(() -> Arguments.drawing("rivals", args));
    Rivals rivals = new Rivals();
    rivals.run(drawing.quick());
    System.out.println(rivals.table("1"));
    System.out.println(rivals.table("2"));
    Chart chart =
        new Chart(
            "Nanoseconds a turn or item",
            List.of(
                rivals.dots("1", "one domain, carrier or thread"),
                rivals.dots("2", "two of them")));
    Files.writeString(drawing.file(), chart.svg());
    System.out.println("drawn to " + drawing.file());
  }

  private void run(boolean quick) throws RunnerException {
    OptionsBuilder options = new OptionsBuilder();
    TASKS.stream()
        .map(task -> task.benchmark + "Benchmark")
        .distinct()
        .forEach(name -> options.include("[.]" + name + "[.]"));
    options
        .forks(1)
        .warmupIterations(quick ? 1 : 4)
        .measurementIterations(quick ? 1 : 5)
        .warmupTime(TimeValue.milliseconds(quick ? 1 : 300))
        .measurementTime(TimeValue.milliseconds(quick ? 1 : 300));
    for (RunResult result : new Runner(options.build()).run()) {
      List<String> parts = new ArrayList<>();
      String name = result.getParams().getBenchmark();
      parts.add(name.substring(name.lastIndexOf('.', name.lastIndexOf('.') - 1) + 1));
      for (String key : result.getParams().getParamsKeys()) {
        parts.add(key + "=" + result.getParams().getParam(key));
      }
      results.put(key(parts), result.getPrimaryResult());
    }
  }

  private static String key(List<String> parts) {
    return String.join(" ", parts.stream().sorted().toList());
  }

  private Result<?> result(Task task, String method, String domains) {
    List<String> parts = new ArrayList<>();
    parts.add(task.benchmark + "Benchmark." + method);
    parts.add("domains=" + domains);
    if (!task.setting.isEmpty()) {
      parts.add(task.setting);
    }
    Result<?> result = results.get(key(parts));
    if (result == null) {
      throw new IllegalStateException("was not measured: " + key(parts));
    }
    return result;
  }

  private Dots dots(String domains, String title) {
    return new Dots(
        title,
        "nanoseconds",
        TASKS.stream()
            .map(
                task -> {
                  Map<String, Double> dots = new LinkedHashMap<>();
                  task.methods.forEach(
                      (name, method) -> dots.put(name, result(task, method, domains).getScore()));
                  return new Row(task.name, dots);
                })
            .toList());
  }

  private String table(String domains) {
    String on = domains.equals("1") ? "one domain" : "two domains";
    StringBuilder table = new StringBuilder("| ns, " + on + " | picos | jdk | kotlin | jox |");
    table.append("\n|---|---:|---:|---:|---:|\n");
    for (Task task : TASKS) {
      table.append("| ").append(task.name).append(" |");
      for (String name : List.of("picos", "jdk", "kotlin", "jox")) {
        String method = task.methods.get(name);
        table.append(method == null ? " |" : " " + withError(result(task, method, domains)) + " |");
      }
      table.append('\n');
    }
    return table.toString();
  }

  private static String withError(Result<?> result) {
    double score = result.getScore();
    String format = score < 100 ? "%.1f ± %.1f" : "%.0f ± %.0f";
    return String.format(Locale.ROOT, format, score, result.getScoreError());
  }
}
