package dev.picos.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

  @ParameterizedTest
  @ValueSource(strings = {"http", "jdbc"})
  void webServer_refusesWhatMakesNoSense(String command) {
    // no server starts, and the message says what to do
    assertRefused("--port must be between 0 and 65,535: 70000", command, "--port", "70000");
    assertRefused("--port must be between 0 and 65,535: -1", command, "--port", "-1");
    assertRefused("randos runs tests, and does not serve", command, "--scheduler", "randos");
  }

  @Test
  void poolWithoutConnections_isRefused() {
    // a request would wait for ever
    assertRefused("--connections must be positive: 0", "jdbc", "--connections", "0");
  }

  private static void assertRefused(String message, String... arguments) {
    Outcome outcome = Outcome.of(arguments);

    assertThat(outcome.status()).isEqualTo(2);
    assertThat(outcome.error()).contains(message);
    assertThat(outcome.output()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"echo", "http", "jdbc"})
  void portThatIsTaken_isSaid(String command) throws IOException {
    // by a socket of ours
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String port = "" + taken.getLocalPort();

      Outcome outcome = Outcome.of(command, "--scheduler", "fifo", "--port", port);

      assertThat(outcome.status()).isEqualTo(1);
      assertThat(outcome.error()).startsWith("picos: cannot listen on port " + port + ": ");
      assertThat(outcome.output()).isEmpty();
    }
  }
}
