package dev.picos.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Fiber;
import dev.picos.domains.Domains;
import dev.picos.interop.FiberExecutor;
import dev.picos.std.structured.Bundle;
import dev.picos.testing.Fork;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import jdk.jfr.Recording;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class RecordCommandTest {
  @TempDir private Path directory;

  private String file(String name) {
    return directory.resolve(name).toString();
  }

  @Test
  void example_isRecordedAndDrawn() {
    // and the recording, which is kept, says the same again
    Outcome run =
        Outcome.of(
            "record",
            file("w.svg"),
            "echo",
            "--scheduler",
            "fifo",
            "--clients",
            "2",
            "--messages",
            "3");
    Outcome again = Outcome.of("record", file("again.svg"), "--from", file("w.jfr"));

    assertThat(run.status()).as(run.error()).isZero();
    assertThat(run.output())
        .contains("every byte came back", "waited in", "EchoClient.exchange:", "fibers started")
        .contains("drawn to " + file("w.svg"));
    assertThat(directory.resolve("w.svg")).content().contains("EchoClient.exchange:");
    assertThat(again.status()).as(again.error()).isZero();
    assertThat(again.output().replace("again.svg", "w.svg"))
        .isEqualTo(run.output().substring(run.output().indexOf("scheduler  fiber")));
  }

  @Test
  void badArguments_areRefusedBeforeAnythingRuns() throws IOException {
    // the message says what to do, and nothing is left behind
    Path taken = Files.createDirectory(directory.resolve("taken.svg"));

    assertRefused("Missing required parameter: 'FILE.svg'", "record");
    assertRefused("a file whose name ends in .svg: waits.png", "record", "waits.png");
    assertRefused("cannot write /nowhere/w.jfr", "record", "/nowhere/w.svg");
    assertRefused("cannot write " + taken, "record", taken.toString());
    assertRefused(
        "expected one of [echo, http, jdbc] but was 'nope'", "record", file("w.svg"), "nope");
    assertRefused("but was '--form'", "record", file("w.svg"), "--form", "w.jfr");
    assertRefused(
        "Invalid value for option '--clients'",
        "record",
        file("w.svg"),
        "echo",
        "--clients",
        "none");
    assertRefused("no such recording: /no.jfr", "record", file("w.svg"), "--from", "/no.jfr");
    assertRefused("so it takes no echo", "record", file("w.svg"), "--from", file("w.jfr"), "echo");
    assertThat(directory.resolve("w.svg")).doesNotExist();
    assertThat(directory.resolve("w.jfr")).doesNotExist();
  }

  private static void assertRefused(String message, String... arguments) {
    Outcome outcome = Outcome.of(arguments);

    assertThat(outcome.error()).contains(message);
    assertThat(outcome.status()).isEqualTo(2);
    assertThat(outcome.output()).isBlank();
  }

  @Test
  void recordingWithoutFibers_saysHowToHaveThem() throws IOException {
    try (Recording recording = new Recording()) {
      recording.start();
      recording.stop();
      recording.dump(Path.of(file("none.jfr")));
    }

    Outcome outcome = Outcome.of("record", file("w.svg"), "--from", file("none.jfr"));

    assertThat(outcome.status()).isEqualTo(1);
    assertThat(outcome.error())
        .contains("tells of no fiber", "+dev.picos.FiberWait#enabled=true", "JFR.start");
    assertThat(directory.resolve("w.svg")).doesNotExist();
  }

  @Test
  void fileThatIsNoRecording_isRefused() throws IOException {
    Files.writeString(directory.resolve("text.jfr"), "not a recording, but long enough to be one");

    Outcome outcome = Outcome.of("record", file("w.svg"), "--from", file("text.jfr"));

    assertThat(outcome.status()).isEqualTo(1);
    assertThat(outcome.error()).startsWith("picos: cannot read " + file("text.jfr"));
  }

  @Test
  void jvmWithoutAFlightRecorder_saysSo() throws Exception {
    // such as one that jlink has made
    Fork fork =
        Fork.java(
            WithoutRecorder.class,
            List.of(
                Main.class,
                CommandLine.class,
                Bundle.class,
                FiberExecutor.class,
                Domains.class,
                Fiber.class),
            List.of(
                "--limit-modules=java.base,jdk.httpserver,java.sql",
                "-Dpicos.file=" + file("w.svg")));

    assertThat(fork.output())
        .isEqualTo("picos: this JVM has no flight recorder: it lacks the module jdk.jfr");
    assertThat(fork.exit()).isEqualTo(1);
  }

  static final class WithoutRecorder {
    private WithoutRecorder() {}

    public static void main(String[] arguments) {
      Main.main(new String[] {"record", System.getProperty("picos.file")});
    }
  }
}
