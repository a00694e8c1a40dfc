package dev.picos.tests.structured;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Promise;
import dev.picos.tests.OnEveryScheduler;
import java.time.Duration;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/** In a supervised bundle the failure of a child is told to a supervisor. */
class BundleSupervisedTest {
  private static final Duration SHORT = Duration.ofMillis(20);

  private final RuntimeException error = new IllegalStateException("error");
  private final RuntimeException other = new IllegalArgumentException("other");
  private final AtomicInteger ended = new AtomicInteger();

  @OnEveryScheduler
  void failure_isTheChilds(Scheduler scheduler) {
    // In a supervised scope a failure is told, and neither siblings nor main body are concerned
    ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
    Computation<Object> failed = new Computation<>();
    scheduler.run(
        () -> {
          int value =
              Bundle.callSupervised(
                  failure -> {
                    failures.add(failure);
                    failed.tryReturn("failed");
                  },
                  bundle -> {
                    Promise<Object> promise =
                        bundle.forkAsPromise(
                            () -> {
                              throw other;
                            });
                    assertThatThrownBy(promise::await).isSameAs(other);
                    bundle.fork(
                        () -> {
                          throw error;
                        });
                    bundle.fork(
                        () -> {
                          failed.await();
                          ended.incrementAndGet();
                        });
                    return 5;
                  });
          assertThat(value).isEqualTo(5);
        });
    assertThat(failures).containsExactlyInAnyOrder(error, other);
    assertThat(ended).hasValue(1);
  }

  @OnEveryScheduler
  void stop_isNoFailure(Scheduler scheduler) {
    // What a supervised scope is terminated with is told to nobody
    scheduler.run(
        () ->
            Bundle.runSupervised(
                failure -> ended.incrementAndGet(),
                bundle -> {
                  bundle.fork(Control::block);
                  bundle.terminate();
                }));
    assertThat(ended).hasValue(0);
  }

  @OnEveryScheduler
  void timeout_isThatOfTheBundle(Scheduler scheduler) {
    // A timeout of the whole comes out of it and is told to no supervisor
    scheduler.run(
        () -> {
          assertThatThrownBy(
                  () ->
                      Bundle.runSupervised(
                          failure -> ended.incrementAndGet(),
                          bundle -> {
                            bundle.fork(Control::block);
                            bundle.forkAsPromise(
                                () -> {
                                  Control.block();
                                  return 1;
                                });
                            bundle.timeoutAfter(SHORT);
                          }))
              .hasCauseInstanceOf(TimeoutException.class);
          assertThatThrownBy(
                  () ->
                      Control.runWithin(
                          SHORT,
                          () ->
                              Bundle.runSupervised(
                                  failure -> ended.incrementAndGet(),
                                  bundle -> {
                                    bundle.fork(Control::block);
                                    bundle.fork(Control::block);
                                  })))
              .isInstanceOf(TimeoutException.class);
        });
    assertThat(ended).hasValue(0);
  }

  @OnEveryScheduler
  void supervisor_mayWait(Scheduler scheduler) {
    // A supervisor may wait, whatever kind of fiber has failed
    scheduler.run(
        () ->
            Bundle.runSupervised(
                failure -> {
                  Control.sleep(Duration.ofMillis(1));
                  ended.incrementAndGet();
                },
                bundle -> {
                  bundle.fork(
                      () -> {
                        throw error;
                      });
                  bundle.forkAsPromise(
                      () -> {
                        throw other;
                      });
                }));
    assertThat(ended).hasValue(2);
  }

  @OnEveryScheduler
  void supervisor_cutShort(Scheduler scheduler) {
    // A failure is not lost if the scope is terminated before its supervisor has dealt with it
    scheduler.run(
        () ->
            assertThatThrownBy(
                    () ->
                        Bundle.runSupervised(
                            failure -> Control.block(),
                            bundle -> {
                              bundle.fork(
                                  () -> {
                                    bundle.terminate();
                                    throw error;
                                  });
                              bundle.forkAsPromise(
                                  () -> {
                                    throw error;
                                  });
                            }))
                .isSameAs(error));
  }

  @OnEveryScheduler
  void supervisor_fails(Scheduler scheduler) {
    // What the supervisor throws, and what the main body throws, is an error of the scope
    scheduler.run(
        () -> {
          assertThatThrownBy(
                  () ->
                      Bundle.runSupervised(
                          failure -> {
                            throw other;
                          },
                          bundle -> {
                            bundle.fork(
                                () -> {
                                  throw error;
                                });
                            Control.block();
                          }))
              .isSameAs(other);
          assertThatThrownBy(
                  () ->
                      Bundle.runSupervised(
                          failure -> {},
                          bundle -> {
                            bundle.fork(() -> Children.blockAndEndSlowly(ended));
                            throw error;
                          }))
              .isSameAs(error);
        });
    assertThat(ended).hasValue(1);
  }
}
