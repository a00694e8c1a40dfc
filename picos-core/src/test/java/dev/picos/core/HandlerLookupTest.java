package dev.picos.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.testing.Fork;
import java.util.List;
import org.junit.jupiter.api.Test;

class HandlerLookupTest {
  @Test
  void handler_isFoundInOrder() throws Exception {
    // First what is bound, then what the lookup finds, last the thread handler
    Fork fork = Fork.java(HandlerLookupProgram.class, List.of(Trigger.class), List.of());

    assertThat(fork.output().lines())
        .containsExactly(
            "ours: found",
            "ours, bound: bound",
            "ours, after: found",
            "virtual: thread's own",
            "platform: thread's own",
            "asked for platform threads: 0",
            "second: refused");
    assertThat(fork.exit()).isZero();
  }
}
