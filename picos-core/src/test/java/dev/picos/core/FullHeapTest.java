package dev.picos.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.testing.Fork;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A completion loses nobody for lack of memory. A heap can be filled in a JVM of its own only,
 * hence the forks.
 */
class FullHeapTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          many-fifo   | true, 20000 signaled
          many-lifo   | true, 20000 signaled
          chain       | 20 canceled, 40 signaled
          transaction | true, 40000 signaled
          throwing    | true, 20000 signaled
          detach      | 20000, true, 20000 signaled
          """)
  void completion_inFullHeap(String program, String output) throws Exception {
    // with no memory for a single object more, all are signaled that would be otherwise
    Fork fork =
        Fork.java(
            FullHeapProgram.class,
            List.of(Trigger.class),
            List.of("-Xmx16m", "-XX:+UseSerialGC", "-Dpicos.program=" + program));

    assertThat(fork.output()).isEqualTo(output);
    assertThat(fork.exit()).isZero();
  }
}
