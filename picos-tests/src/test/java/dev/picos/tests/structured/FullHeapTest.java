package dev.picos.tests.structured;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.picos.core.Fiber;
import dev.picos.std.structured.Bundle;
import dev.picos.testing.Fork;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Scopes keep their promises without memory. A heap can be filled in a JVM of its own only. */
class FullHeapTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          bundle  | expected, 1
          promise | no memory, 1
          race    | no memory, 1
          """)
  void scope_inFullHeap(String program, String output) throws Exception {
    // with no memory for a single object more, nobody waits for ever, and no value is forgotten
    assumeTrue(
        Runtime.version().feature() > 21,
        "a JDK 21 loses virtual threads that are woken in a full heap");
    Fork fork =
        Fork.java(
            FullHeapProgram.class,
            List.of(Fiber.class, Bundle.class),
            List.of("-Xmx16m", "-XX:+UseSerialGC", "-Dpicos.program=" + program));

    assertThat(fork.output()).isEqualTo(output);
    assertThat(fork.exit()).isZero();
  }
}
