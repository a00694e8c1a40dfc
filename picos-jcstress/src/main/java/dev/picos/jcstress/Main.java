package dev.picos.jcstress;

import java.io.IOException;
import java.io.PrintStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.openjdk.jcstress.infra.runners.TestList;

/**
 * Runs the stress tests.
 *
 * <pre>
 *   quick [pattern]   every test for a second or two; the default
 *   full  [pattern]   every test for longer, and then every broken twin until it is caught
 * </pre>
 *
 * The pattern is a regular expression that must occur in the name of a test. A twin is a test whose
 * name ends in {@code Broken}: a copy of an algorithm with one mistake, which proves that the test
 * that it belongs to would notice such a mistake.
 *
 * <p>The exit status is 0 if all passed, 1 if any failed, and 2 if the arguments make no sense.
 * What jcstress has to say at length goes to a file beside the jar.
 */
public final class Main {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final String USAGE =
      """
      usage: [quick|full] [pattern]
        quick    every test for a second or two; the default
        full     every test for longer, and then every broken twin until it is caught
        pattern  a regular expression that must occur in the name of a test""";

  private Main() {}

  /** Runs the stress tests, as the class says. */
  public static void main(String[] args) {
    System.exit(run(List.of(args)));
  }

  private static int run(List<String> args) {
    String mode = args.isEmpty() ? "quick" : args.getFirst();
    if (mode.equals("-h") || mode.equals("--help")) {
      System.out.println(USAGE);
      return 0;
    }
    if (args.size() > 2 || !(mode.equals("quick") || mode.equals("full"))) {
      return refuse("cannot make sense of: " + String.join(" ", args));
    }
    Pattern pattern;
    try {
      pattern = Pattern.compile(args.size() == 2 ? args.get(1) : "");
    } catch (PatternSyntaxException e) {
      return refuse("not a regular expression: " + e.getMessage());
    }
    List<String> names =
        TestList.tests().stream()
            .filter(name -> pattern.matcher(name).find())
            .filter(name -> mode.equals("full") || !isTwin(name))
            .sorted()
            .toList();
    if (names.isEmpty()) {
      return refuse("nothing that " + mode + " runs has this in its name: " + pattern);
    }
    return run(mode, names);
  }

  private static int run(String mode, List<String> names) {
    long start = System.nanoTime();
    PrintStream console = System.out;
    Path file = directory().resolve("jcstress-" + mode + ".txt");
    console.println("details in " + file);
    console.println("probing the JVM ...");
    Report report;
    try (var details = new PrintStream(Files.newOutputStream(file), true, StandardCharsets.UTF_8)) {
      System.setOut(details); // jcstress prints there
      Stress stress = mode.equals("quick") ? Stress.quick() : Stress.full();
      report = new Report(console, details, names.size());
      for (String test : names.stream().filter(name -> !isTwin(name)).toList()) {
        report.test(test, stress.run(test));
      }
      for (String twin : names.stream().filter(name -> isTwin(name)).toList()) {
        report.twin(twin, stress.runUntilCaught(twin, PATIENCE));
      }
    } catch (IOException e) {
      console.println(e);
      return 1;
    } finally {
      System.setOut(console);
    }
    report.summary(
        mode + " took " + Duration.ofNanos(System.nanoTime() - start).toSeconds() + " s");
    return report.failed() == 0 ? 0 : 1;
  }

  private static boolean isTwin(String name) {
    return name.endsWith("Broken");
  }

  /** The directory of the jar, or else that of temporary files. */
  private static Path directory() {
    try {
      Path jar = Path.of(Main.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      Path directory = jar.getParent();
      if (directory != null && Files.isWritable(directory)) {
        return directory;
      }
    } catch (URISyntaxException e) {
      // then elsewhere
    }
    return Path.of(System.getProperty("java.io.tmpdir"));
  }

  private static int refuse(String why) {
    System.err.println(why);
    System.err.println(USAGE);
    return 2;
  }
}
