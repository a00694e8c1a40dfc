package dev.picos.examples;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.picos.core.Fiber;
import dev.picos.domains.Domains;
import dev.picos.interop.FiberExecutor;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.testing.Fork;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.h2.Driver;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.Logger;
import picocli.CommandLine;

class EndingTest {
  @ParameterizedTest
  @CsvSource({
    "echo, threads,   'still open: 0 fibers, 0 sockets'",
    "echo, fifo,      'still open: 0 fibers, 0 sockets'",
    "http, multififo, the server has ended",
    "jdbc, threads,   '0 transfers, and 100,000 in all accounts; connections that are not back: 0'",
    "jdbc, fifo,      '0 transfers, and 100,000 in all accounts; connections that are not back: 0'",
  })
  void serverThatIsToldToEnd_closesAndSaysWhatItServed(
      String command, String scheduler, String result) throws Exception {
    // also if that happens as soon as it serves
    Fork fork =
        Fork.java(
            ToldToEnd.class,
            List.of(
                Main.class,
                CommandLine.class,
                Bundle.class,
                FiberExecutor.class,
                Domains.class,
                Fiber.class,
                FifoScheduler.class,
                MultiFifoScheduler.class,
                HikariDataSource.class,
                Driver.class,
                Logger.class),
            List.of(Fork.OPENS, "-Dpicos.command=" + command, "-Dpicos.scheduler=" + scheduler));

    assertThat(fork.output()).contains("Ctrl-C ends it").endsWith(result);
    assertThat(fork.exit()).isZero();
  }

  static final class ToldToEnd {
    private ToldToEnd() {}

    public static void main(String[] arguments) throws InterruptedException {
      CountDownLatch serving = new CountDownLatch(1);
      System.setOut(announcing(serving, System.out));
      String[] command = {
        System.getProperty("picos.command"),
        "--port",
        "0",
        "--scheduler",
        System.getProperty("picos.scheduler")
      };
      Thread.ofPlatform().start(() -> Main.main(command));
      serving.await();
      System.exit(0); // does the same as a signal
    }

    /** Returns a stream that prints to {@code out}, and tells when it has printed something. */
    private static PrintStream announcing(CountDownLatch printed, PrintStream out) {
      OutputStream stream =
          new FilterOutputStream(out) {
            @Override
            public void write(byte[] bytes, int start, int length) throws IOException {
              super.out.write(bytes, start, length);
              printed.countDown();
            }
          };
      return new PrintStream(stream, true, StandardCharsets.UTF_8);
    }
  }
}
