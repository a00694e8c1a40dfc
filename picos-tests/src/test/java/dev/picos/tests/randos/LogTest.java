package dev.picos.tests.randos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.sched.randos.RandosScheduler;
import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.text.MessageFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the randomised scheduler tells by the log, since no exception can. */
class LogTest {
  private final Logger logger = Logger.getLogger("dev.picos");
  private final List<String> messages = new CopyOnWriteArrayList<>();
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord message) {
          messages.add(MessageFormat.format(message.getMessage(), message.getParameters()));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  @BeforeEach
  void listen() {
    logger.addHandler(handler);
  }

  @AfterEach
  void stopListening() {
    logger.removeHandler(handler);
  }

  private static RandosScheduler seeded(long seed) {
    return RandosScheduler.builder().seed(seed).build();
  }

  private static void runThrowing(RuntimeException thrown, long seed) {
    RandosScheduler scheduler = seeded(seed);
    Block<RuntimeException> main =
        () -> {
          throw thrown;
        };
    assertThatThrownBy(() -> scheduler.run(main)).isSameAs(thrown);
  }

  @Test
  void exceptionWithoutSuppression_isToldWithTheSeed() {
    runThrowing(new RuntimeException("bare", null, false, false) {}, 4711);
    assertThat(messages)
        .singleElement()
        .asString()
        .contains("bare", "thrown in a run of RandosScheduler[seed 4711]");
  }

  @Test
  void exceptionOfManyRuns_isToldWithTheLastSeed() {
    RuntimeException constant = new RuntimeException("always the same");
    for (int seed = 0; seed < 100; seed++) {
      runThrowing(constant, seed);
    }
    assertThat(messages).last().asString().contains("[seed 99]");
  }

  @Test
  void timedWaitOfTheJdk_isToldOnceForEachPlace() throws Exception {
    for (int i = 0; i < 3; i++) {
      seeded(i).run(() -> Thread.sleep(1));
    }
    assertThat(messages)
        .singleElement()
        .asString()
        .contains("a fiber waits at", "LogTest", "cannot be repeated");
  }

  @Test
  void inputInAClosedWorld_isTold() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      RandosScheduler scheduler = RandosScheduler.builder().closedWorld(true).build();
      Task<Boolean> run = Task.start(() -> scheduler.run(() -> server.accept().close()));
      Wait.until(() -> messages.stream().anyMatch(each -> each.contains("LogTest")));
      new Socket(server.getInetAddress(), server.getLocalPort()).close();
      assertThat(run.result()).isTrue();
    }
  }
}
