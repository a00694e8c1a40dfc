package dev.picos.tests.structured;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Promise;
import dev.picos.std.structured.Terminate;
import dev.picos.tests.Canceled;
import dev.picos.tests.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PromiseTest {
  private static final Duration SHORT = Duration.ofMillis(20);

  private final RuntimeException reason = new CancellationException("reason");
  private final RuntimeException error = new IllegalStateException("error");

  private static <T> T blocked() {
    Control.block();
    throw new AssertionError();
  }

  @OnEveryScheduler
  void await_value(Scheduler scheduler) {
    // PR-01: await returns the value, to many fibers, repeatedly, and also after the scope
    scheduler.run(
        () -> {
          Promise<Integer> promise =
              Bundle.joinAfter(
                  bundle -> {
                    Promise<Integer> forked =
                        bundle.forkAsPromise(
                            () -> {
                              Control.yield();
                              return 42;
                            });
                    List<Promise<Integer>> readers = new ArrayList<>();
                    for (int i = 0; i < 5; i++) {
                      readers.add(bundle.forkAsPromise(forked::await));
                    }
                    assertThat(forked.await() + forked.await()).isEqualTo(84);
                    assertThat(readers).allSatisfy(each -> assertThat(each.await()).isEqualTo(42));
                    return forked;
                  });
          assertThat(promise.await()).isEqualTo(42);
          assertThat(promise.isRunning()).isFalse();
          assertThat(promise.tryTerminate()).isFalse();
          assertThat(promise).hasToString("Promise[Computation[returned 42]]");
        });
  }

  @OnEveryScheduler
  void await_null(Scheduler scheduler) {
    // PR-01: null is a value
    scheduler.run(
        () ->
            Bundle.joinAfter(
                bundle -> {
                  assertThat(bundle.<Object>forkAsPromise(() -> null).await()).isNull();
                }));
  }

  @OnEveryScheduler
  void await_error(Scheduler scheduler) {
    // PR-03: await throws the error of the body, and so does the scope, which is terminated
    scheduler.run(
        () ->
            assertThatThrownBy(
                    () ->
                        Bundle.joinAfter(
                            bundle -> {
                              Promise<Object> promise =
                                  bundle.forkAsPromise(
                                      () -> {
                                        throw error;
                                      });
                              Control.protect(
                                  () -> assertThatThrownBy(promise::await).isSameAs(error));
                              assertThatThrownBy(Control::block).isInstanceOf(Terminate.class);
                            }))
                .isSameAs(error));
  }

  @OnEveryScheduler
  void await_checkedError(Scheduler scheduler) {
    // PR-03: a checked error is carried by a ComputationException
    IOException checked = new IOException("checked");
    scheduler.run(
        () ->
            assertThatThrownBy(
                    () ->
                        Bundle.joinAfter(
                            bundle -> {
                              Promise<Object> promise =
                                  bundle.forkAsPromise(
                                      () -> {
                                        throw checked;
                                      });
                              Control.protect(
                                  () ->
                                      assertThatThrownBy(promise::await)
                                          .isInstanceOf(ComputationException.class)
                                          .extracting(Throwable::getCause)
                                          .isSameAs(checked));
                            }))
                .extracting(Throwable::getCause)
                .isSameAs(checked));
  }

  @OnEveryScheduler
  void terminateOfBody_concernsNobodyElse(Scheduler scheduler) {
    // a body that throws Terminate completes its promise with it, and the scope goes on
    Terminate terminate = new Terminate();
    scheduler.run(
        () ->
            Bundle.joinAfter(
                bundle -> {
                  Promise<Object> promise =
                      bundle.forkAsPromise(
                          () -> {
                            throw terminate;
                          });
                  assertThatThrownBy(promise::await).isSameAs(terminate);
                  Control.check();
                }));
  }

  @OnEveryScheduler
  void terminate_endsTheFiberOnly(Scheduler scheduler) {
    // terminating a promise cancels its fiber, once, and neither its scope nor its siblings
    Terminate terminate = new Terminate();
    scheduler.run(
        () ->
            Bundle.joinAfter(
                bundle -> {
                  Promise<Object> sibling = bundle.forkAsPromise(PromiseTest::blocked);
                  Promise<Object> promise = bundle.forkAsPromise(PromiseTest::blocked);
                  assertThat(promise.isRunning()).isTrue();
                  assertThat(promise.tryTerminate(terminate)).isTrue();
                  assertThat(promise.tryTerminate()).isFalse();
                  assertThat(promise.isRunning()).isFalse();
                  assertThatThrownBy(promise::await).isSameAs(terminate);
                  assertThat(sibling.isRunning()).isTrue();
                  Control.check();
                  sibling.terminate();
                }));
  }

  @OnEveryScheduler
  void terminate_fiberStillRunning(Scheduler scheduler) {
    // await of a terminated promise does not wait for the fiber; its scope does
    AtomicInteger ended = new AtomicInteger();
    Computation<Object> goOn = new Computation<>();
    scheduler.run(
        () -> {
          Bundle.joinAfter(
              bundle -> {
                Promise<Object> promise =
                    bundle.forkAsPromise(
                        () -> {
                          Control.protect(() -> goOn.await());
                          return ended.incrementAndGet();
                        });
                promise.terminate();
                assertThatThrownBy(promise::await).isInstanceOf(Terminate.class);
                assertThat(ended).hasValue(0);
                goOn.tryReturn("go on");
              });
          assertThat(ended).hasValue(1);
        });
  }

  @OnEveryScheduler
  void terminate_bodyThrowsErrorAfterwards(Scheduler scheduler) {
    // an error that the body throws after it was terminated is the scope's, and not the promise's
    scheduler.run(
        () ->
            assertThatThrownBy(
                    () ->
                        Bundle.joinAfter(
                            bundle -> {
                              Promise<Object> promise =
                                  bundle.forkAsPromise(
                                      () -> {
                                        try {
                                          return blocked();
                                        } finally {
                                          Fibers.<RuntimeException>sneak(error);
                                        }
                                      });
                              promise.terminate();
                              assertThatThrownBy(promise::await).isInstanceOf(Terminate.class);
                            }))
                .isSameAs(error));
  }

  @OnEveryScheduler
  void terminateAfter_loopingFiber(Scheduler scheduler) {
    // PR-05: after the delay, and not before, a fiber that loops is terminated
    scheduler.run(
        () ->
            Bundle.joinAfter(
                bundle -> {
                  long start = System.nanoTime();
                  Promise<Object> promise =
                      bundle.forkAsPromise(
                          () -> {
                            for (; ; ) {
                              Control.yield();
                            }
                          });
                  promise.terminateAfter(SHORT);
                  assertThatThrownBy(promise::await).isInstanceOf(Terminate.class);
                  assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(SHORT.toNanos());
                }));
  }

  @OnEveryScheduler
  void terminateAfter_misuse(Scheduler scheduler) {
    // a negative delay and null are refused
    Promise<Integer> promise = Promise.of(1);
    scheduler.run(
        () -> {
          assertThatIllegalArgumentException()
              .isThrownBy(() -> promise.terminateAfter(Duration.ofNanos(-1)));
          assertThatNullPointerException().isThrownBy(() -> promise.terminateAfter(null));
          assertThatNullPointerException().isThrownBy(() -> promise.terminateAfter(SHORT, null));
          assertThatNullPointerException().isThrownBy(() -> promise.tryTerminate(null));
        });
  }

  @OnEveryScheduler
  void scopeCanceled_reachesPromises(Scheduler scheduler) {
    // terminating the scope terminates the fibers of promises, with the same reason
    Terminate terminate = new Terminate();
    scheduler.run(
        () -> {
          Promise<Object> promise =
              Bundle.joinAfter(
                  bundle -> {
                    Promise<Object> forked = bundle.forkAsPromise(PromiseTest::blocked);
                    bundle.terminate(terminate);
                    return forked;
                  });
          assertThatThrownBy(promise::await).isSameAs(terminate);
        });
  }

  @OnEveryScheduler
  void await_canceledBefore(Scheduler scheduler) {
    // a canceled fiber throws its own reason, unless the promise is completed
    scheduler.run(
        () ->
            Bundle.joinAfter(
                bundle -> {
                  Promise<Object> running = bundle.forkAsPromise(PromiseTest::blocked);
                  Canceled.with(
                      reason,
                      () -> {
                        assertThatThrownBy(running::await).isSameAs(reason);
                        assertThat(Promise.of(1).await()).isEqualTo(1);
                      });
                  assertThat(running.isRunning()).isTrue();
                  running.terminate();
                }));
  }

  @OnEveryScheduler
  void await_canceledMeanwhile(Scheduler scheduler) {
    // a fiber canceled while it awaits stops waiting, and the promise is not concerned
    scheduler.run(
        () ->
            Bundle.joinAfter(
                bundle -> {
                  Promise<Object> running = bundle.forkAsPromise(PromiseTest::blocked);
                  Computation<Object> computation = new Computation<>();
                  Computation<Object> awaiter = Fibers.startUnder(computation, running::await);
                  Fiber.yield();
                  computation.tryCancel(reason);
                  assertThatThrownBy(awaiter::await).isSameAs(reason);
                  assertThat(running.isRunning()).isTrue();
                  running.terminate();
                }));
  }

  @Test
  void of_value() {
    // PR-06: a promise of a value is completed, and needs no scheduler
    assertThat(Promise.of("value").await()).isEqualTo("value");
    assertThat(Promise.of(null).await()).isNull();
    assertThat(Promise.of("value").isRunning()).isFalse();
    assertThat(Promise.of("value").tryTerminate()).isFalse();
  }
}
