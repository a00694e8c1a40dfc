package dev.picos.domains;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Fiber;
import dev.picos.testing.Fork;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A heap can be filled in a JVM of its own only, hence the forks. */
class FullHeapTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          # of the fibers that are handed over while the heap is full, those run for which no error
          # was thrown, and the run waits for them and ends
          hand-over    | true, true, true
          # timeouts that were set before fire while the heap is full, or as soon as there is memory
          timeouts     | 1000 canceled in full heap
          pending      | 1000 canceled in full heap, none is pending
          virtual      | 1000 canceled
          # an alarm sets itself again while the heap is full
          alarm        | goes on
          # a run that fails while the heap is full says so as soon as there is memory, and leaves
          # its domain to the next one
          failure      | 4 runs threw what escaped, all domains are idle
          # fibers that were spawned before run once there is memory for their threads
          start        | 100 ran
          # a spawn stands although there is no memory to give way after it
          give-way     | spawned, 1 ran
          """)
  void inFullHeap(String program, String output) throws Exception {
    Fork fork =
        Fork.java(
            FullHeapProgram.class,
            List.of(Domains.class, Fiber.class),
            List.of(Fork.OPENS, "-Xmx16m", "-XX:+UseSerialGC", "-Dpicos.program=" + program));

    assertThat(fork.output()).isEqualTo(output);
    assertThat(fork.exit()).isZero();
  }
}
