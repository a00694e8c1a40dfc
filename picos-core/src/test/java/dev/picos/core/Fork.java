package dev.picos.core;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A program in a JVM of its own, for what is decided once in the life of a JVM. */
record Fork(int exitCode, String output) {
  /** Runs {@code main} with the given JVM options; {@code more} is put on its class path too. */
  static Fork run(Class<?> main, List<String> options, Path... more)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:TieredStopAtLevel=1");
    command.addAll(options);
    command.addAll(List.of("-cp", classPath(main, more), main.getName()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
    }
    byte[] output = process.getInputStream().readAllBytes();
    return new Fork(process.exitValue(), new String(output, StandardCharsets.UTF_8).strip());
  }

  // Not java.class.path: the build may have put us on the module path, and patched the tests into
  // it.
  private static String classPath(Class<?> main, Path... more) {
    return String.join(
        File.pathSeparator,
        Stream.concat(Stream.of(root(main), root(Trigger.class)), Stream.of(more))
            .map(Path::toString)
            .toList());
  }

  private static Path root(Class<?> type) {
    String file = "/" + type.getName().replace('.', '/') + ".class";
    try {
      Path path = Path.of(type.getResource(file).toURI());
      return path.resolve("/").resolve(path.subpath(0, path.getNameCount() - 4));
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}
