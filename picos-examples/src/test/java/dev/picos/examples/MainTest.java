package dev.picos.examples;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MainTest {
  @Test
  void schedulerThatThereIsNot_isRefusedWithThoseThereAre() {
    // the names are those that the help gives
    Outcome outcome = Outcome.of("echo", "--scheduler", "nope");

    assertThat(outcome.status()).isEqualTo(2);
    assertThat(outcome.error())
        .contains("expected one of [threads, fifo, multififo, randos] but was 'nope'");
  }

  @Test
  void scheduler_isFoundInWhateverCase() {
    // such as a name that was copied from the code
    Outcome outcome =
        Outcome.of("echo", "--scheduler", "FIFO", "--clients", "2", "--messages", "1");

    assertThat(outcome.status()).isZero();
    assertThat(outcome.error()).isEmpty();
  }

  @Test
  void severalSchedulers_areThoseOfTheTable_andServeTogetherNowhere() {
    // commas are between them
    Outcome two =
        Outcome.of("echo", "--scheduler", "fifo,randos", "--clients", "2", "--messages", "1");
    Outcome server = Outcome.of("echo", "--scheduler", "fifo,randos", "--port", "0");

    assertThat(two.status()).isZero();
    assertThat(two.output()).contains("\nfifo ", "\nrandos ").doesNotContain("threads");
    assertThat(server.status()).isEqualTo(2);
    assertThat(server.error()).contains("with --port there can be one --scheduler only");
  }

  @Test
  void optionsOfTheMeasurement_areRefusedForAServer() {
    // what would have no effect is refused, and no server starts
    Outcome outcome = Outcome.of("echo", "--port", "0", "--clients", "3");

    assertThat(outcome.status()).isEqualTo(2);
    assertThat(outcome.error()).contains("--clients is for the measurement");
  }

  @Test
  void httpServer_refusesWhatMakesNoSense() {
    // no server starts, and the message says what to do
    Outcome port = Outcome.of("http", "--port", "70000");
    Outcome randos = Outcome.of("http", "--scheduler", "randos", "--port", "0");

    assertThat(port.status()).isEqualTo(2);
    assertThat(port.error()).contains("--port must be between 0 and 65,535: 70000");
    assertThat(randos.status()).isEqualTo(2);
    assertThat(randos.error()).contains("randos runs tests, and does not serve");
  }
}
