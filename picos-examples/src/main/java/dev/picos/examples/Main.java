package dev.picos.examples;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** What {@code ./picos} runs, unless it is told to measure or to stress: the echo program. */
@Command(
    name = "picos",
    description = "Examples of Picos for Java. Without a command: echo on every scheduler.",
    mixinStandardHelpOptions = true,
    version = "Picos for Java 0.1.0-SNAPSHOT",
    subcommands = {EchoCommand.class, HttpCommand.class, JdbcCommand.class, RecordCommand.class},
    footer = {"", "The launcher has further commands, bench and stress: ./picos --help."})
final class Main implements Runnable {
  private Main() {}

  /** Exits with 0 if all went well, 1 if something was wrong, and 2 if the arguments were bad. */
  public static void main(String[] arguments) {
    System.exit(run(arguments));
  }

  static int run(String... arguments) {
    CommandLine line = new CommandLine(new Main());
    // What record does not know are the options of the example that it runs.
    line.getSubcommands().get("record").setUnmatchedOptionsArePositionalParams(true);
    return line.execute(arguments.length == 0 ? new String[] {"echo"} : arguments);
  }

  @Override
  public void run() {
    // This is only reached with options and no command, such as none that we have.
  }
}
