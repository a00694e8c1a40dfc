package dev.picos.tests.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Fiber;
import dev.picos.domains.Execution;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.testing.Fork;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A fiber or thread whose stack ends loses nothing of others. Damage may stay, hence the forks. */
class StackEndTest {
  @ParameterizedTest
  @CsvSource({
    "threads, within", "threads, thread", "threads, other",
    "fifo, within", "fifo, thread", "fifo, other"
  })
  void signals(String scheduler, String signaler) throws Exception {
    // a trigger that is signaled wakes its fiber, however near the end of the stack the signaler
    // is: a fiber of the same run, a plain thread, or a fiber of another run
    assertThat(output(StackEndProgram.class, "signal", scheduler, signaler)).isEqualTo("all woken");
  }

  @ParameterizedTest
  @CsvSource({"threads, within", "threads, thread", "fifo, within", "fifo, thread", "fifo, other"})
  void completions(String scheduler, String signaler) throws Exception {
    // a computation that is completed wakes all that wait for it, through a canceler, too
    assertThat(output(StackEndProgram.class, "complete", scheduler, signaler))
        .isEqualTo("all woken");
  }

  @ParameterizedTest
  @CsvSource({
    "bundle, threads",
    "promise, threads",
    "flock, threads",
    "within, threads",
    "bundle, fifo",
    "promise, fifo",
    "flock, fifo",
    "within, fifo",
    "shielded, fifo",
    "interruptible, fifo",
    "using, fifo",
    "owned, fifo",
    "mutex, fifo"
  })
  void scopes(String scope, String scheduler) throws Exception {
    // at whatever depth a scope is entered, it is left as it promises, or was never entered
    assertThat(output(ScopesAtStackEndProgram.class, scope, scheduler, "")).isEqualTo("0 broken");
  }

  private static String output(Class<?> program, String how, String scheduler, String signaler)
      throws Exception {
    Fork fork =
        Fork.java(
            program,
            List.of(Fiber.class, Execution.class, FifoScheduler.class, Bundle.class),
            List.of(
                Fork.OPENS,
                "-Xss512k", // a deep fiber that waits has its whole stack copied
                "-Dpicos.program=" + how,
                "-Dpicos.program.scheduler=" + scheduler,
                "-Dpicos.program.signaler=" + signaler));
    assertThat(fork.exit()).as(fork.output()).isZero();
    return fork.output();
  }
}
