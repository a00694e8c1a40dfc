package dev.picos.domains;

import dev.picos.core.Fiber;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jctools.queues.MessagePassingQueue;
import org.jctools.queues.varhandle.MpscUnboundedVarHandleArrayQueue;

/** A JVM of its own, for what can be tried only once in a JVM, or only with other flags. */
final class Fork {
  static final String OPENS = "--add-opens=java.base/java.lang=ALL-UNNAMED";

  final int exit;
  final String output;

  private Fork(int exit, String output) {
    this.exit = exit;
    this.output = output;
  }

  /** Runs the {@code main} of a class of the tests, on the class path. */
  static Fork java(Class<?> main, String... flags) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(flags));
    command.add("-cp");
    command.add(
        Stream.of(
                main,
                Domains.class,
                Fiber.class,
                MpscUnboundedVarHandleArrayQueue.class,
                MessagePassingQueue.class)
            .map(Fork::place)
            .distinct()
            .collect(Collectors.joining(File.pathSeparator)));
    command.add(main.getName());
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    Task<byte[]> output = Task.start(() -> process.getInputStream().readAllBytes());
    if (!process.waitFor(20, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError(
          "still running: " + new String(output.result(), StandardCharsets.UTF_8));
    }
    return new Fork(process.exitValue(), new String(output.result(), StandardCharsets.UTF_8));
  }

  /** Where a class was loaded from; also when the tests run in the module that they test. */
  private static String place(Class<?> type) {
    String name = type.getName().replace('.', '/') + ".class";
    URL url = type.getResource("/" + name);
    if (url == null) {
      throw new AssertionError("no resource for " + type);
    }
    String text = url.toString();
    try {
      if (text.startsWith("jar:")) {
        return Path.of(new URI(text.substring(4, text.indexOf("!/")))).toString();
      }
      return Path.of(new URI(text.substring(0, text.length() - name.length()))).toString();
    } catch (Exception e) {
      throw new UncheckedIOException(new IOException(text, e));
    }
  }
}
