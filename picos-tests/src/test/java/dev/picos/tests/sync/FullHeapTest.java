package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Fiber;
import dev.picos.std.sync.Mutex;
import dev.picos.testing.Fork;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** No permit is lost for lack of memory. A heap can be filled in a JVM of its own only. */
class FullHeapTest {
  @ParameterizedTest
  @ValueSource(strings = {"semaphore", "mutex"})
  void canceledWaiterThatWasGranted(String program) throws Exception {
    // it passes on what it got as soon as there is memory
    Fork fork =
        Fork.java(
            FullHeapProgram.class,
            List.of(Fiber.class, Mutex.class),
            List.of("-Xmx16m", "-XX:+UseSerialGC", "-Dpicos.program=" + program));

    assertThat(fork.output()).isEqualTo("passed on");
    assertThat(fork.exit()).isZero();
  }
}
