package dev.picos.tests.resource;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Fiber;
import dev.picos.std.resource.Owned;
import dev.picos.testing.Fork;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Nothing stays unreleased for lack of memory. A heap can be filled in a JVM of its own only. */
class FullHeapTest {
  @ParameterizedTest
  @ValueSource(strings = {"using", "closing", "owned", "dropped", "borrowed", "moved"})
  void bodyFillsTheHeap(String program) throws Exception {
    // with no memory for a single object more, the resource is released, and what the body threw
    // comes out
    Fork fork =
        Fork.java(
            FullHeapProgram.class,
            List.of(Fiber.class, Owned.class),
            List.of("-Xmx16m", "-XX:+UseSerialGC", "-Dpicos.program=" + program));

    assertThat(fork.output()).isEqualTo("threw expected, released 1");
    assertThat(fork.exit()).isZero();
  }
}
