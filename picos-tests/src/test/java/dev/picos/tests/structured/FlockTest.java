package dev.picos.tests.structured;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Flock;
import dev.picos.std.structured.OnReturn;
import dev.picos.std.structured.Promise;
import dev.picos.std.structured.Run;
import dev.picos.std.structured.TerminateException;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

class FlockTest {
  private static final Duration SHORT = Duration.ofMillis(20);

  private final RuntimeException error = new IllegalStateException("error");
  private final AtomicInteger ended = new AtomicInteger();

  private void blockAndEnd() {
    try {
      Control.block();
    } finally {
      ended.incrementAndGet();
    }
  }

  private static void assertNoFlock() {
    Runnable[] operations = {
      () -> Flock.fork(() -> {}),
      () -> Flock.forkAsPromise(() -> 1),
      Flock::terminate,
      () -> Flock.terminate(new TerminateException()),
      () -> Flock.timeoutAfter(SHORT),
      () -> Flock.forkInterruptible(() -> {}),
      () -> Flock.error(new RuntimeException())
    };
    assertThat(operations)
        .allSatisfy(
            operation ->
                assertThatExceptionOfType(IllegalStateException.class)
                    .isThrownBy(operation::run)
                    .withMessageContaining("no flock"));
  }

  @OnEveryScheduler
  void outside_isRefused(Scheduler scheduler) {
    // Outside any flock, before and after one, every operation is refused
    scheduler.run(
        () -> {
          assertNoFlock();
          Flock.run(() -> Flock.fork(ended::incrementAndGet));
          assertNoFlock();
          assertThatThrownBy(
                  () ->
                      Flock.call(
                          () -> {
                            throw error;
                          }))
              .isSameAs(error);
          assertNoFlock();
        });
  }

  @OnEveryScheduler
  void children_inheritTheFlock(Scheduler scheduler) {
    // fibers forked in a flock may fork in it, and all are waited for
    scheduler.run(
        () -> {
          int value =
              Flock.call(
                  () -> {
                    forkTree(5);
                    return 1;
                  });
          assertThat(value).isEqualTo(1);
          assertThat(ended).hasValue(63);
        });
  }

  private void forkTree(int depth) {
    ended.incrementAndGet();
    if (depth > 0) {
      Flock.fork(() -> forkTree(depth - 1));
      Promise<Integer> promise =
          Flock.forkAsPromise(
              () -> {
                forkTree(depth - 1);
                return depth;
              });
      assertThat(promise.await()).isEqualTo(depth);
    }
  }

  @OnEveryScheduler
  void otherFibers_areInNoFlock(Scheduler scheduler) {
    // Fibers forked by a bundle, by Run or by spawn are in no flock
    scheduler.run(
        () ->
            Flock.run(
                () -> {
                  Bundle.run(
                      bundle -> {
                        bundle.fork(FlockTest::assertNoFlock);
                        bundle.forkAsPromise(
                            () -> {
                              assertNoFlock();
                              return 1;
                            });
                      });
                  Run.all(FlockTest::assertNoFlock, FlockTest::assertNoFlock, () -> {});
                  Fibers.start(
                          () -> {
                            assertNoFlock();
                            return 1;
                          })
                      .await();
                }));
  }

  @OnEveryScheduler
  void lastActionOfRun_isInTheFlockOfItsCaller(Scheduler scheduler) {
    // The last action of Run runs in the calling fiber, and so in the flock of that
    scheduler.run(
        () -> {
          Flock.run(
              () -> Run.all(FlockTest::assertNoFlock, () -> Flock.fork(ended::incrementAndGet)));
          assertThat(ended).hasValue(1);
        });
  }

  @OnEveryScheduler
  void mainBodyOfBundle_isInTheFlockOfItsCaller(Scheduler scheduler) {
    // a bundle inside a flock leaves the calling fiber in the flock
    scheduler.run(
        () -> {
          Flock.run(
              () ->
                  Bundle.run(
                      bundle -> {
                        Flock.fork(ended::incrementAndGet);
                      }));
          assertThat(ended).hasValue(1);
        });
  }

  @OnEveryScheduler
  void nested_outerIsRestored(Scheduler scheduler) {
    // the innermost flock counts; when it has ended, however it ends, the outer one counts again
    scheduler.run(
        () -> {
          assertThatThrownBy(
                  () ->
                      Flock.run(
                          () -> {
                            Flock.fork(this::blockAndEnd);
                            Flock.run(
                                OnReturn.TERMINATE,
                                () -> {
                                  Flock.fork(this::blockAndEnd);
                                });
                            assertThat(ended).hasValue(1);
                            assertThatThrownBy(
                                    () ->
                                        Flock.call(
                                            () -> {
                                              throw error;
                                            }))
                                .isSameAs(error);
                            Flock.terminate();
                            throw error;
                          }))
              .isSameAs(error);
          assertThat(ended).hasValue(2);
        });
  }

  @OnEveryScheduler
  void daemons_areTerminatedOnReturn(Scheduler scheduler) {
    // with OnReturn.TERMINATE the fibers are terminated when the main body returns
    scheduler.run(
        () -> {
          int value =
              Flock.call(
                  OnReturn.TERMINATE,
                  () -> {
                    Flock.fork(this::blockAndEnd);
                    return 7;
                  });
          assertThat(value).isEqualTo(7);
          assertThat(ended).hasValue(1);
        });
  }

  @OnEveryScheduler
  void childrenStopTheFlock(Scheduler scheduler) {
    // terminate, timeoutAfter and error work from any fiber of the flock
    TerminateException terminate = new TerminateException();
    scheduler.run(
        () -> {
          blockedFlock(() -> Flock.terminate(terminate));
          assertThatThrownBy(() -> blockedFlock(() -> Flock.timeoutAfter(SHORT)))
              .hasCauseInstanceOf(TimeoutException.class);
          assertThatThrownBy(() -> blockedFlock(() -> Flock.error(error))).isSameAs(error);
        });
  }

  private static void blockedFlock(Block<RuntimeException> child) {
    Flock.run(
        () -> {
          Flock.fork(child);
          Control.block();
        });
  }

  @OnEveryScheduler
  void checkedException_unchanged(Scheduler scheduler) {
    // a checked exception of the main body comes out unchanged
    IOException checked = new IOException("checked");
    scheduler.run(() -> assertThatThrownBy(() -> joinThrowing(checked)).isSameAs(checked));
  }

  private static int joinThrowing(IOException checked) throws IOException {
    return Flock.call(
        () -> {
          throw checked;
        });
  }

  @OnEveryScheduler
  void misuse(Scheduler scheduler) {
    // null is refused
    scheduler.run(
        () -> {
          assertThatNullPointerException()
              .isThrownBy(() -> Flock.call((Body<Object, IOException>) null));
          assertThatNullPointerException().isThrownBy(() -> Flock.run((Block<IOException>) null));
          assertThatNullPointerException().isThrownBy(() -> Flock.call(null, () -> 1));
          assertNoFlock();
        });
  }
}
