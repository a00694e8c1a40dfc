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
import dev.picos.std.structured.Terminate;
import dev.picos.tests.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.io.IOException;
import java.time.Duration;
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
      () -> Flock.terminate(new Terminate()),
      () -> Flock.terminateAfter(SHORT),
      () -> Flock.terminateAfter(SHORT, new Terminate()),
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
    // FK-01: outside any flock, before and after one, every operation is refused
    scheduler.run(
        () -> {
          assertNoFlock();
          Flock.joinAfter(() -> Flock.fork(ended::incrementAndGet));
          assertNoFlock();
          assertThatThrownBy(
                  () ->
                      Flock.joinAfter(
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
              Flock.joinAfter(
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
    // FK-03: fibers forked by a bundle, by Run or by spawn are in no flock
    scheduler.run(
        () ->
            Flock.joinAfter(
                () -> {
                  Bundle.joinAfter(
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
    // FK-03: the last action of Run runs in the calling fiber, and so in the flock of that
    scheduler.run(
        () -> {
          Flock.joinAfter(
              () -> Run.all(FlockTest::assertNoFlock, () -> Flock.fork(ended::incrementAndGet)));
          assertThat(ended).hasValue(1);
        });
  }

  @OnEveryScheduler
  void mainBodyOfBundle_isInTheFlockOfItsCaller(Scheduler scheduler) {
    // a bundle inside a flock leaves the calling fiber in the flock
    scheduler.run(
        () -> {
          Flock.joinAfter(
              () ->
                  Bundle.joinAfter(
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
                      Flock.joinAfter(
                          () -> {
                            Flock.fork(this::blockAndEnd);
                            Flock.joinAfter(
                                OnReturn.TERMINATE,
                                () -> {
                                  Flock.fork(this::blockAndEnd);
                                });
                            assertThat(ended).hasValue(1);
                            assertThatThrownBy(
                                    () ->
                                        Flock.joinAfter(
                                            () -> {
                                              throw error;
                                            }))
                                .isSameAs(error);
                            Flock.terminate();
                            Control.block();
                          }))
              .isInstanceOf(Terminate.class);
          assertThat(ended).hasValue(2);
        });
  }

  @OnEveryScheduler
  void daemons_areTerminatedOnReturn(Scheduler scheduler) {
    // with OnReturn.TERMINATE the fibers are terminated when the main body returns
    scheduler.run(
        () -> {
          int value =
              Flock.joinAfter(
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
    // terminate, terminateAfter and error work from any fiber of the flock
    Terminate terminate = new Terminate();
    Terminate late = new Terminate();
    scheduler.run(
        () -> {
          assertThatThrownBy(() -> blockedFlock(() -> Flock.terminate(terminate)))
              .isSameAs(terminate);
          assertThatThrownBy(() -> blockedFlock(() -> Flock.terminateAfter(SHORT, late)))
              .isSameAs(late);
          assertThatThrownBy(() -> blockedFlock(() -> Flock.terminateAfter(SHORT)))
              .isInstanceOf(Terminate.class);
          assertThatThrownBy(() -> blockedFlock(() -> Flock.error(error))).isSameAs(error);
        });
  }

  private static void blockedFlock(Block<RuntimeException> child) {
    Flock.joinAfter(
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
    return Flock.joinAfter(
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
              .isThrownBy(() -> Flock.joinAfter((Body<Object, IOException>) null));
          assertThatNullPointerException()
              .isThrownBy(() -> Flock.joinAfter((Block<IOException>) null));
          assertThatNullPointerException().isThrownBy(() -> Flock.joinAfter(null, () -> 1));
          assertNoFlock();
        });
  }
}
