package dev.picos.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Computation;
import dev.picos.domains.Service;
import dev.picos.sched.multififo.MultiFifoScheduler;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** A scheduler that takes work until it is closed. */
class ServiceTest {
  // region service
  static int serve() {
    try (Service service = MultiFifoScheduler.create().start()) {
      Computation<Integer> answer = service.submit(() -> 6 * 7); // from any thread
      return answer.await();
    }
  }

  // endregion

  // region shutdown
  static void closeWithTheJvm(Service service) {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> service.close(Duration.ofSeconds(5))));
  }

  // endregion

  @Test
  void aServiceAnswers() {
    assertThat(serve()).isEqualTo(42);
  }

  @Test
  void aServiceThatWasClosed_isClosedAgainWithTheJvm() {
    try (Service service = MultiFifoScheduler.create().start()) {
      closeWithTheJvm(service);
      service.execute(() -> {});
    }
  }
}
