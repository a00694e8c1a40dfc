package dev.picos.examples;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The concurrent echo program: with a port it is a server, and without one it measures each
 * scheduler.
 */
@Command(
    name = "echo",
    description = {
      "Runs an echo server and its clients over loopback sockets on each scheduler, checks every byte,"
          + " and prints a table.",
      "With --port it serves real clients instead, until Ctrl-C."
    },
    mixinStandardHelpOptions = true)
final class EchoCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--scheduler",
      split = ",",
      converter = SchedulerKind.Parser.class,
      description =
          "only this scheduler, or these, with commas between them: ${COMPLETION-CANDIDATES}"
              + " (default: all, fifo with --port)")
  private List<SchedulerKind> schedulers = List.of();

  @Option(
      names = "--clients",
      defaultValue = "200",
      description = "how many clients at once (default: ${DEFAULT-VALUE})")
  private int clients;

  @Option(
      names = "--messages",
      defaultValue = "200",
      description = "how many messages each client sends (default: ${DEFAULT-VALUE})")
  private int messages;

  @Option(
      names = "--size",
      defaultValue = "64",
      description = "how many bytes a message has (default: ${DEFAULT-VALUE})")
  private int size;

  @Option(names = "--port", description = "serve real clients on this port; 0 chooses a free one")
  private @Nullable Integer port;

  @Override
  public Integer call() throws IOException {
    requireBetween("--clients", clients, 1, 10_000);
    requireBetween("--messages", messages, 1, 1_000_000);
    requireBetween("--size", size, 1, 1 << 20);
    if (port != null) {
      requireBetween("--port", port, 0, 65_535);
      for (String option : List.of("--clients", "--messages", "--size")) {
        refuseWithPort(option);
      }
      if (schedulers.size() > 1) {
        throw new ParameterException(
            spec.commandLine(), "with --port there can be one --scheduler only");
      }
      return EchoService.serve(schedulers.isEmpty() ? SchedulerKind.FIFO : schedulers.get(0), port);
    }
    return measure();
  }

  private int measure() {
    List<SchedulerKind> kinds = schedulers.isEmpty() ? List.of(SchedulerKind.values()) : schedulers;
    System.out.printf(
        Locale.ROOT,
        "%,d clients, %,d messages of %,d bytes each, over loopback sockets%n%n",
        clients,
        messages,
        size);
    System.out.println(EchoReport.HEADER);
    boolean allWell = true;
    for (SchedulerKind kind : kinds) {
      EchoReport report = new EchoMeasurement(clients, messages, size).run(kind);
      System.out.println(report);
      allWell &= report.isWell();
    }
    System.out.println();
    System.out.println(
        allWell
            ? "every byte came back, and nothing was left open"
            : "something was off: see above");
    return allWell ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
  }

  private void refuseWithPort(String option) {
    if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
      throw new ParameterException(
          spec.commandLine(), option + " is for the measurement, which --port leaves out");
    }
  }

  private void requireBetween(String option, int value, int least, int most) {
    if (value < least || value > most) {
      throw new ParameterException(
          spec.commandLine(),
          String.format(
              Locale.ROOT, "%s must be between %,d and %,d: %,d", option, least, most, value));
    }
  }
}
