package dev.picos.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The scope that is made of the three classes of the core alone. */
class ScopeTest {
  @ParameterizedTest
  @EnumSource(SchedulerKind.class)
  void run_returnsWhenAllHaveEnded(SchedulerKind kind) {
    AtomicInteger ended = new AtomicInteger();
    kind.create()
        .run(
            () -> {
              Scope.run(
                  scope -> {
                    for (int i = 0; i < 10; i++) {
                      scope.fork(
                          () -> {
                            Fiber.yield();
                            scope.fork(ended::incrementAndGet);
                          });
                    }
                  });
              assertThat(ended).hasValue(10);
            });
  }

  @ParameterizedTest
  @EnumSource(SchedulerKind.class)
  void failure_stopsTheOthersAndComesOut(SchedulerKind kind) {
    IllegalStateException failure = new IllegalStateException("by the test");
    AtomicInteger stopped = new AtomicInteger();
    assertThatThrownBy(
            () ->
                kind.create()
                    .run(
                        () ->
                            Scope.run(
                                scope -> {
                                  scope.fork(() -> waitForEver(stopped));
                                  scope.fork(
                                      () -> {
                                        throw failure;
                                      });
                                  waitForEver(stopped);
                                })))
        .isSameAs(failure);
    assertThat(stopped.get()).isBetween(1, 2); // a fork that was refused had nothing to stop
  }

  @ParameterizedTest
  @EnumSource(SchedulerKind.class)
  void cancelationFromOutside_reachesAllAndIsPassedOn(SchedulerKind kind) {
    CancellationException reason = new CancellationException("by the test");
    AtomicInteger stopped = new AtomicInteger();
    Computation<Object> life = new Computation<>();
    Trigger forked = new Trigger();
    Computation<Object> end = new Computation<>();
    kind.create()
        .run(
            () -> {
              Fiber.spawn(
                  new Fiber(life),
                  fiber ->
                      end.tryCapture(
                          () -> {
                            try {
                              Scope.run(
                                  scope -> {
                                    scope.fork(() -> waitForEver(stopped));
                                    scope.fork(() -> waitForEver(stopped));
                                    forked.signal();
                                  });
                            } finally {
                              assertThat(stopped).as("stopped by the end of the scope").hasValue(2);
                            }
                            return "ended";
                          }));
              assertThat(forked.await()).isNull();
              life.tryCancel(reason);
              end.join();
            });
    assertThat(end.cancelReason()).isSameAs(reason);
  }

  private static void waitForEver(AtomicInteger stopped) {
    try {
      new Computation<Object>().await();
    } finally {
      for (int i = 0; i < 10; i++) {
        Thread.yield(); // cleaning up takes its time
      }
      stopped.incrementAndGet();
    }
  }
}
