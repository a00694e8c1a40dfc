package dev.picos.tests.domains;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Fiber;
import dev.picos.domains.Domains;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.testing.Fork;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** How many domains come in relief is a setting of the JVM, hence the forks. */
class HeldUpTest {
  private static Fork readOnTheOnlyDomain(String... options) throws Exception {
    return Fork.java(
        HeldUpProgram.class,
        List.of(FifoScheduler.class, Domains.class, Fiber.class),
        Stream.concat(Stream.of(Fork.OPENS, "-Dpicos.domains=1"), Stream.of(options)).toList());
  }

  @Test
  void blockedDomain_isRelieved() throws Exception {
    assertThat(readOnTheOnlyDomain().output()).isEqualTo("relieved");
  }

  @Test
  void withoutRelief_theFiberIsNamed() throws Exception {
    Fork fork = readOnTheOnlyDomain("-Dpicos.domains.relief=0");
    assertThat(fork.output())
        .containsPattern(
            "a fiber of fifo has not given way for half a second, while others wait: it is at"
                + " .*HeldUpProgram.*HeldUpProgram.java:\\d+")
        .endsWith("released");
  }

  @Test
  void wrongSetting() throws Exception {
    assertThat(readOnTheOnlyDomain("-Dpicos.domains.relief=-1").output())
        .contains("-Dpicos.domains.relief must be a number of domains, which may be 0: -1");
  }
}
