package dev.picos.testing;

import java.io.File;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a program has done in a JVM of its own, for what can be tried only once in a JVM. */
public record Fork(int exit, String output) {
  /** The flag that fibers need on domains. */
  public static final String OPENS = "--add-opens=java.base/java.lang=ALL-UNNAMED";

  /**
   * Runs the {@code main} of a class of the tests with some options of the JVM. On the class path
   * are the tests, the libraries that some classes are of, and {@code more}.
   */
  public static Fork java(
      Class<?> main, List<Class<?>> libraries, List<String> options, Path... more)
      throws Exception {
    return java(options, Stream.concat(Stream.of(main), libraries.stream()), main.getName(), more);
  }

  /**
   * Runs a program from its source, which may need a later Java than the tests are compiled for.
   * The options say so. On the class path are the libraries that some classes are of.
   */
  public static Fork javaSource(Path source, List<Class<?>> libraries, List<String> options)
      throws Exception {
    return java(options, libraries.stream(), source.toString());
  }

  private static Fork java(
      List<String> options, Stream<? extends Class<?>> libraries, String main, Path... more)
      throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:TieredStopAtLevel=1");
    command.addAll(options);
    command.add("-cp");
    command.add(
        Stream.concat(
                Stream.concat(Stream.of(Fork.class), libraries).map(Fork::place),
                Stream.of(more).map(Path::toString))
            .distinct()
            .collect(Collectors.joining(File.pathSeparator)));
    command.add(main);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    Task<byte[]> output = Task.start(() -> process.getInputStream().readAllBytes());
    if (!process.waitFor(5, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new AssertionError("still running: " + text(output));
    }
    return new Fork(process.exitValue(), text(output));
  }

  private static String text(Task<byte[]> output) throws Exception {
    return new String(output.result(), StandardCharsets.UTF_8).strip();
  }

  /** Where a class was loaded from; also when the tests run in the module that they test. */
  private static String place(Class<?> type) {
    String name = type.getName().replace('.', '/') + ".class";
    URL url = type.getResource("/" + name);
    if (url == null) {
      throw new AssertionError("no resource for " + type);
    }
    String text = url.toString();
    boolean inJar = text.startsWith("jar:");
    int start = inJar ? "jar:".length() : 0;
    int end = inJar ? text.indexOf("!/") : text.length() - name.length();
    return Path.of(URI.create(text.substring(start, end))).toString();
  }
}
