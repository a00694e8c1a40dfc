package dev.picos.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

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

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          timeouts         | all passed
          sleepers         | 20 woken
          fatal            | an exception left the main of a fiber and stopped its scheduler; fibers left behind: 0
          fatal-twice      | an exception left the main of a fiber and stopped its scheduler; fibers left behind: 7
          main-throws      | threw it
          main-returns     | threw an OutOfMemoryError
          await            | OutOfMemoryError, Trigger[signaled], 0 attached
          await-first      | OutOfMemoryError, Trigger[signaled], 0 attached
          await-forbidding | null, Trigger[signaled], 0 attached
          """)
  void threads_inFullHeap(String program, String output) throws Exception {
    // a plain thread, and the thread scheduler, lose nothing and keep silent about nothing
    assumeTrue(
        Runtime.version().feature() > 21 || !program.equals("sleepers"),
        "a JDK 21 loses virtual threads that are woken in a full heap");
    Fork fork =
        Fork.java(
            FullHeapProgram.class,
            List.of(Trigger.class),
            List.of(
                "-Xmx16m",
                "-XX:+UseSerialGC",
                "-Djdk.virtualThreadScheduler.parallelism=1",
                "-Dpicos.program=" + program));

    assertThat(fork.output()).isEqualTo(output);
    assertThat(fork.exit()).isZero();
  }
}
