package dev.picos.tests.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.picos.core.Fiber;
import dev.picos.domains.Domains;
import dev.picos.interop.FiberExecutor;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.testing.Fork;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Executors keep their promises without memory. A heap can be filled in a JVM of its own only. */
class FullHeapTest {
  @ParameterizedTest
  @ValueSource(strings = {"executor", "threads"})
  void inFullHeap_whatIsAcceptedRuns(String program) throws Exception {
    // of the tasks that are started while the heap is full, those run for which no error was
    // thrown, and the service ends
    assumeTrue(
        Runtime.version().feature() > 21,
        "a JDK 21 loses virtual threads that are woken in a full heap");
    Fork fork =
        Fork.java(
            FullHeapProgram.class,
            List.of(
                Fiber.class, Domains.class, FifoScheduler.class, Bundle.class, FiberExecutor.class),
            List.of(Fork.OPENS, "-Xmx24m", "-XX:+UseSerialGC", "-Dpicos.program=" + program));

    assertThat(fork.output())
        .isEqualTo("true, lost 0, closed, FiberExecutor[tasks: 0, terminated]");
    assertThat(fork.exit()).isZero();
  }
}
