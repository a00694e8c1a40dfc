package dev.picos.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class MainTest {
  private record Outcome(int status, String error) {}

  private static Outcome run(String... arguments) {
    PrintStream out = System.out;
    PrintStream err = System.err;
    ByteArrayOutputStream error = new ByteArrayOutputStream();
    System.setOut(new PrintStream(OutputStream.nullOutputStream()));
    System.setErr(new PrintStream(error, true, StandardCharsets.UTF_8));
    try {
      return new Outcome(Main.run(arguments), error.toString(StandardCharsets.UTF_8));
    } finally {
      System.setOut(out);
      System.setErr(err);
    }
  }

  @Test
  void schedulerThatThereIsNot_isRefusedWithThoseThereAre() {
    // the names are those that the help gives
    Outcome outcome = run("echo", "--scheduler", "nope");

    assertThat(outcome.status()).isEqualTo(2);
    assertThat(outcome.error())
        .contains("expected one of [threads, fifo, multififo, randos] but was 'nope'");
  }

  @Test
  void scheduler_isFoundInWhateverCase() {
    // such as a name that was copied from the code
    Outcome outcome = run("echo", "--scheduler", "FIFO", "--clients", "2", "--messages", "1");

    assertThat(outcome).isEqualTo(new Outcome(0, ""));
  }

  @Test
  void optionsOfTheMeasurement_areRefusedForAServer() {
    // what would have no effect is refused, and no server starts
    Outcome outcome = run("echo", "--port", "0", "--clients", "3");

    assertThat(outcome.status()).isEqualTo(2);
    assertThat(outcome.error()).contains("--clients is for the measurement");
  }

  @Test
  void httpServer_refusesWhatMakesNoSense() {
    // no server starts, and the message says what to do
    Outcome port = run("http", "--port", "70000");
    Outcome randos = run("http", "--scheduler", "randos", "--port", "0");

    assertThat(port.status()).isEqualTo(2);
    assertThat(port.error()).contains("--port must be between 0 and 65,535: 70000");
    assertThat(randos.status()).isEqualTo(2);
    assertThat(randos.error()).contains("randos runs tests, and does not serve");
  }
}
