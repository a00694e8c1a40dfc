package dev.picos.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Records an example, or takes what has been recorded, and says what its fibers waited for. */
@Command(
    name = "record",
    description = {
      "Runs an example, keeps a flight recording of it beside FILE.svg, as FILE.jfr, and says who waited"
          + " for what, and how long: in a table, and drawn into FILE.svg.",
      "With --from, does so for a recording that any program has made."
    },
    mixinStandardHelpOptions = true,
    usageHelpWidth = 120, // so that the lines that people copy are whole
    footer = {
      "",
      "A program records itself, from its start to its end, with the option of the JVM",
      "  -XX:StartFlightRecording:filename=waits.jfr," + RecordCommand.SETTINGS,
      "and one that runs already is recorded, for as long as you wait in between, with",
      "  jcmd PID JFR.start name=waits " + RecordCommand.JCMD_SETTINGS,
      "  jcmd PID JFR.stop name=waits filename=waits.jfr",
      "",
      "Further events, turned on in the same way, tell more: dev.picos.FiberEnd, FiberPinned and",
      "FibersStolen; and with #threshold=0ms also waits of fibers in jdk.SocketRead, jdk.SocketWrite,",
      "jdk.ThreadSleep, jdk.JavaMonitorEnter and jdk.JavaMonitorWait, however short they are.",
      "",
      "What still waits when the recording ends is not in it, and neither is what waits in a lock of",
      "java.util.concurrent, of which the JDK tells nothing. An example that serves until Ctrl-C leaves",
      "its recording behind, for --from."
    })
final class RecordCommand implements Callable<Integer> {
  static final String SETTINGS =
      "+dev.picos.FiberWait#enabled=true,+dev.picos.FiberStart#enabled=true";
  static final String JCMD_SETTINGS =
      "+dev.picos.FiberWait#enabled=true +dev.picos.FiberStart#enabled=true";

  private static final List<String> EXAMPLES = List.of("echo", "http", "jdbc");

  /** The echo program, where its fibers are those of domains: others leave no events. */
  private static final List<String> DEFAULT_EXAMPLE =
      List.of("echo", "--scheduler", "fifo,multififo,randos");

  @Spec private CommandSpec spec;

  @Parameters(index = "0", paramLabel = "FILE.svg", description = "the picture to draw")
  private Path picture;

  @Parameters(
      index = "1..*",
      paramLabel = "example",
      description =
          "echo, http or jdbc, with its arguments (default: echo on fifo, multififo and randos)")
  private List<String> example = List.of();

  @Option(
      names = "--from",
      paramLabel = "RECORDING.jfr",
      description = "summarise this recording, and run nothing")
  private @Nullable Path from;

  @Override
  public Integer call() throws Exception {
    requireArguments();
    if (ModuleLayer.boot().findModule("jdk.jfr").isEmpty()) {
      return fail("this JVM has no flight recorder: it lacks the module jdk.jfr");
    }
    if (from != null) {
      return summarise(from);
    }
    Path recording = recording();
    System.err.println("picos: recording to " + recording);
    String[] arguments = (example.isEmpty() ? DEFAULT_EXAMPLE : example).toArray(String[]::new);
    int status = FlightRecorder.record(recording, () -> Main.run(arguments));
    if (status == ExitCode.USAGE) {
      Files.deleteIfExists(recording); // of a program that has not run
      return status;
    }
    System.out.println();
    return Math.max(status, summarise(recording));
  }

  private void requireArguments() {
    if (!picture.toString().endsWith(".svg")) {
      throw refused("the picture must be a file whose name ends in .svg: " + picture);
    }
    if (from != null && !example.isEmpty()) {
      throw refused("with --from nothing is run, so it takes no " + example.get(0));
    }
    if (!example.isEmpty() && !EXAMPLES.contains(example.get(0))) {
      throw refused("expected one of " + EXAMPLES + " but was '" + example.get(0) + "'");
    }
    if (from == null) {
      requireWritable(recording());
    } else if (!Files.isRegularFile(from)) {
      throw refused("no such recording: " + from);
    }
    requireWritable(picture);
  }

  /** Refuses, before anything is run, what could not be written after it. */
  private void requireWritable(Path file) {
    boolean isNew = Files.notExists(file);
    try {
      // Permissions do not tell: root has them all, and cannot write to /proc.
      Files.write(file, new byte[0], StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      if (isNew) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw refused("cannot write " + file + ": " + e);
    }
  }

  private ParameterException refused(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  private Path recording() {
    return Path.of(picture.toString().replaceAll("[.]svg$", ".jfr"));
  }

  private int summarise(Path recording) throws IOException {
    WaitSummary summary;
    try {
      summary = WaitSummary.of(recording);
    } catch (IOException e) {
      return fail("cannot read " + recording + " as a flight recording: " + e.getMessage());
    }
    if (summary.isEmpty()) {
      return fail(
          recording
              + " tells of no fiber that ran on a domain. Their events are off until a recording"
              + " turns them on: -XX:StartFlightRecording:filename=waits.jfr,"
              + SETTINGS
              + ", or jcmd PID JFR.start name=waits "
              + JCMD_SETTINGS);
    }
    System.out.println(WaitTable.of(summary));
    Files.writeString(picture, WaitChart.of(summary, "Who waited for what, in " + recording));
    System.out.println();
    System.out.println("drawn to " + picture);
    return ExitCode.OK;
  }

  private static int fail(String message) {
    System.err.println("picos: " + message);
    return ExitCode.SOFTWARE;
  }
}
