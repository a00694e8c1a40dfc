package dev.picos.domains;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.picos.core.Fiber;
import dev.picos.testing.Fork;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** That no thread can be started is so for a whole JVM, hence the forks. */
class NoThreadsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          # the first timeout is refused, and later ones are not
          timer  | refused, then canceled
          # so is the first run
          pool   | refused, then done
          # an execution that wakes shares the domain that there is
          share  | both ended, null
          """)
  void withoutThreads(String program, String output) throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/prlimit")), "this takes Linux");

    Fork fork =
        Fork.java(
            NoThreadsProgram.class,
            List.of(Domains.class, Fiber.class),
            List.of(
                Fork.OPENS,
                "-Xmx32m",
                "-XX:+UseSerialGC",
                "-XX:-UsePerfData",
                "-Xss512m",
                "-Xlog:disable",
                "-Dpicos.domains=1",
                "-Dpicos.program=" + program));

    assertThat(fork.output()).isEqualTo(output);
    assertThat(fork.exit()).isZero();
  }
}
