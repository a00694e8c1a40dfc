package dev.picos.tests.structured;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.TerminateException;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.Rounds;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ScaleTest {
  private static final int DEPTH = Rounds.of(20_000, 100_000);

  private final AtomicInteger ended = new AtomicInteger();

  static Stream<Named<Scheduler>> schedulers() {
    return Stream.of(
        Named.of("thread", ThreadScheduler.create()), Named.of("fifo", FifoScheduler.create()));
  }

  @ParameterizedTest
  @MethodSource("schedulers")
  void nestedScopes_canceledFromOutside(Scheduler scheduler) {
    // Canceling the outermost of very many scopes, each in a fiber of its own, ends them
    // all
    cancelNested(scheduler, new TerminateException());
  }

  @ParameterizedTest
  @MethodSource("schedulers")
  void nestedScopes_canceledWithAnError(Scheduler scheduler) {
    // Also with an error, which every scope on the way collects once
    cancelNested(scheduler, new CancellationException("reason"));
  }

  private void cancelNested(Scheduler scheduler, RuntimeException reason) {
    scheduler.run(
        () -> {
          Computation<Object> surrounding = new Computation<>();
          Computation<Object> deepest = new Computation<>();
          Computation<Object> outermost =
              Fibers.startUnder(
                  surrounding,
                  () -> {
                    nest(DEPTH, deepest);
                    return "returned";
                  });
          deepest.await();
          surrounding.tryCancel(reason);
          assertThatThrownBy(outermost::await).isSameAs(reason);
          assertThat(ended).hasValue(DEPTH);
        });
  }

  private void nest(int depth, Computation<Object> deepest) {
    if (depth == 0) {
      deepest.tryReturn("reached");
      Control.block();
    }
    try {
      Bundle.run(
          bundle -> {
            bundle.fork(() -> nest(depth - 1, deepest));
          });
    } finally {
      ended.incrementAndGet();
    }
  }

  @ParameterizedTest
  @MethodSource("schedulers")
  void manyChildren_canceledFromOutside(Scheduler scheduler) {
    // very many children of one scope, blocked, are all ended by canceling it
    scheduler.run(
        () -> {
          Bundle.run(
              bundle -> {
                for (int i = 0; i < DEPTH; i++) {
                  bundle.fork(
                      () -> {
                        try {
                          Control.block();
                        } finally {
                          ended.incrementAndGet();
                        }
                      });
                }
                Control.yield();
                bundle.terminate();
              });
          assertThat(ended).hasValue(DEPTH);
        });
  }
}
