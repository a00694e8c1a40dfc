package dev.picos.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Supplier;

/**
 * What the commands that measure are told on the command line. Whatever makes no sense is refused
 * before anything is measured, with an {@link IllegalArgumentException} that says what to do.
 */
final class Arguments {
  private Arguments() {}

  /**
   * What {@code FILE.svg [quick]} says.
   *
   * @param file can be written
   * @param quick whether a trial is enough
   */
  record Drawing(Path file, boolean quick) {}

  static Drawing drawing(String command, String... arguments) {
    if (arguments.length < 1
        || arguments.length > 2
        || !arguments[0].endsWith(".svg")
        || (arguments.length == 2 && !arguments[1].equals("quick"))) {
      throw new IllegalArgumentException("usage: ./picos bench " + command + " FILE.svg [quick]");
    }
    Path file = Path.of(arguments[0]);
    requireWritable(file);
    return new Drawing(file, arguments.length == 2);
  }

  private static void requireWritable(Path file) {
    Path directory = file.toAbsolutePath().getParent();
    if (directory == null || !Files.isDirectory(directory)) {
      throw new IllegalArgumentException("cannot write " + file + ": no such directory");
    }
    if (Files.isDirectory(file)) {
      throw new IllegalArgumentException("cannot write " + file + ": it is a directory");
    }
    boolean isNew = Files.notExists(file);
    try {
      // Permissions do not tell: root has them all, and cannot write to /proc.
      Files.write(file, new byte[0], StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      if (isNew) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new IllegalArgumentException("cannot write " + file + ": " + e, e);
    }
  }

  /** What {@code [seconds]} says; 2 if nothing is said. */
  static long seconds(String... arguments) {
    if (arguments.length == 0) {
      return 2;
    }
    if (arguments.length > 1) {
      throw new IllegalArgumentException("usage: ./picos bench fairness [seconds]");
    }
    if (!arguments[0].matches("[0-9]{1,5}") || Long.parseLong(arguments[0]) == 0) {
      throw new IllegalArgumentException(
          "seconds must be a whole number from 1 to 99999: " + arguments[0]);
    }
    return Long.parseLong(arguments[0]);
  }

  /** Returns what {@code parse} makes of the arguments; ends the JVM if it refuses them. */
  static <T> T orExit(Supplier<T> parse) {
    try {
      return parse.get();
    } catch (IllegalArgumentException e) {
      System.err.println("picos: " + e.getMessage());
      System.exit(2);
      throw e;
    }
  }
}
