package dev.picos.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.testing.Fork;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * A thread whose stack ends harms nobody else. What it might harm is the whole JVM's, hence the
 * fork.
 */
class StackEndTest {
  @Test
  void timeouts_ofOthers() throws Exception {
    // whatever the place where a thread that sets a timeout finds no more stack, others can sleep
    Fork fork = Fork.java(StackEndProgram.class, List.of(Trigger.class), List.of());

    assertThat(fork.output()).isEqualTo("all slept");
    assertThat(fork.exit()).isZero();
  }
}
