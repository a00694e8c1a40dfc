package dev.picos.tests.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.picos.core.Fiber;
import dev.picos.domains.Execution;
import dev.picos.interop.Interop;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import dev.picos.sched.randos.RandosScheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.testing.Fork;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the JDK has from version 25 on, partly as a preview. */
class ScopesOfTheJdkTest {
  @Test
  void structuredTaskScopesAndScopedValues_workInFibers() throws Exception {
    assumeTrue(Runtime.version().feature() == 25, "the API is that of JDK 25");
    Fork run =
        Fork.javaSource(
            Path.of("src/test/programs/ScopesOfTheJdk.java"),
            List.of(
                Fiber.class,
                Execution.class,
                FifoScheduler.class,
                MultiFifoScheduler.class,
                RandosScheduler.class,
                Bundle.class,
                Interop.class),
            List.of(Fork.OPENS, "--enable-preview", "--source", "25"));
    assertThat(run.output()).endsWith("all as expected");
    assertThat(run.exit()).isZero();
  }
}
