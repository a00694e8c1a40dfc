package dev.picos.examples;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** What {@code ./picos} runs: the echo program, unless told otherwise. */
@Command(
    name = "picos",
    description = "Examples of Picos for Java. Without a command: echo on every scheduler.",
    mixinStandardHelpOptions = true,
    version = "Picos for Java 0.1.0-SNAPSHOT",
    subcommands = EchoCommand.class,
    footer = {
      "",
      "The launcher script has two more commands:",
      "  bench [pattern]    run the benchmarks; 'bench memory' for what a parked fiber keeps",
      "  stress [quick|full]  run the stress tests"
    })
final class Main implements Runnable {
  private Main() {}

  /** Exits with 0 when all went well, 1 when something was off, 2 for bad arguments. */
  public static void main(String[] arguments) {
    System.exit(run(arguments));
  }

  static int run(String... arguments) {
    CommandLine picos = new CommandLine(new Main()).setCaseInsensitiveEnumValuesAllowed(true);
    return picos.execute(arguments.length == 0 ? new String[] {"echo"} : arguments);
  }

  @Override
  public void run() {
    // Only reached with options and no command, such as none that we have.
  }
}
