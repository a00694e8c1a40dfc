package dev.picos.tests.structured;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.core.Scheduler;
import dev.picos.std.event.Event;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Promise;
import dev.picos.std.structured.TerminateException;
import dev.picos.std.structured.TerminatedException;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PromiseTest {
  private static final Duration SHORT = Duration.ofMillis(20);
  private static final Duration LONG = Duration.ofHours(1);

  private final RuntimeException reason = new CancellationException("reason");
  private final RuntimeException error = new IllegalStateException("error");

  private static <T> T blocked() {
    Control.block();
    throw new AssertionError();
  }

  @OnEveryScheduler
  void await_value(Scheduler scheduler) {
    // Await returns the value, to many fibers, repeatedly, and also after the scope
    scheduler.run(
        () -> {
          Promise<Integer> promise =
              Bundle.call(
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
    // Null is a value
    scheduler.run(
        () ->
            Bundle.run(
                bundle -> {
                  assertThat(bundle.<Object>forkAsPromise(() -> null).await()).isNull();
                }));
  }

  @OnEveryScheduler
  void await_error(Scheduler scheduler) {
    // Await throws the error of the body, and so does the scope, which is terminated
    scheduler.run(
        () ->
            assertThatThrownBy(
                    () ->
                        Bundle.run(
                            bundle -> {
                              Promise<Object> promise =
                                  bundle.forkAsPromise(
                                      () -> {
                                        throw error;
                                      });
                              Control.callProtected(
                                  () -> assertThatThrownBy(promise::await).isSameAs(error));
                              assertThatThrownBy(Control::block)
                                  .isInstanceOf(TerminateException.class);
                            }))
                .isSameAs(error));
  }

  @OnEveryScheduler
  void await_checkedError(Scheduler scheduler) {
    // A checked error is carried by a ComputationException
    IOException checked = new IOException("checked");
    scheduler.run(
        () ->
            assertThatThrownBy(
                    () ->
                        Bundle.run(
                            bundle -> {
                              Promise<Object> promise =
                                  bundle.forkAsPromise(
                                      () -> {
                                        throw checked;
                                      });
                              Control.callProtected(
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
  void terminateOfBody_thatNobodyAskedFor(Scheduler scheduler) {
    // a body that throws a TerminateException of its own has failed, and so has its scope
    TerminateException terminate = new TerminateException();
    scheduler.run(
        () ->
            assertThatThrownBy(
                    () ->
                        Bundle.run(
                            bundle -> {
                              Promise<Object> promise =
                                  bundle.forkAsPromise(
                                      () -> {
                                        throw terminate;
                                      });
                              Control.callProtected(promise::await);
                            }))
                .satisfies(thrown -> assertThat(reasonOf(thrown)).isSameAs(terminate)));
  }

  private static Throwable reasonOf(Throwable thrown) {
    return thrown instanceof TerminatedException ? thrown.getCause() : thrown;
  }

  @OnEveryScheduler
  void terminate_endsTheFiberOnly(Scheduler scheduler) {
    // terminating a promise cancels its fiber, once, and neither its scope nor its siblings
    TerminateException terminate = new TerminateException();
    scheduler.run(
        () ->
            Bundle.run(
                bundle -> {
                  Promise<Object> sibling = bundle.forkAsPromise(PromiseTest::blocked);
                  Promise<Object> promise = bundle.forkAsPromise(PromiseTest::blocked);
                  assertThat(promise.isRunning()).isTrue();
                  assertThat(promise.tryTerminate(terminate)).isTrue();
                  assertThat(promise.tryTerminate()).isFalse();
                  assertThat(promise.isRunning()).isFalse();
                  assertThatThrownBy(promise::await)
                      .isInstanceOf(TerminatedException.class)
                      .hasCause(terminate);
                  assertThatThrownBy(() -> promise.await(LONG))
                      .isInstanceOf(TerminatedException.class)
                      .hasCause(terminate);
                  assertThat(promise.peek()).isEqualTo(new Outcome.Canceled<>(terminate));
                  assertThat(sibling.peek()).isNull();
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
          Bundle.run(
              bundle -> {
                Promise<Object> promise =
                    bundle.forkAsPromise(
                        () -> {
                          Control.callProtected(() -> goOn.await());
                          return ended.incrementAndGet();
                        });
                promise.terminate();
                assertThatThrownBy(promise::await).isInstanceOf(TerminatedException.class);
                assertThat(ended).hasValue(0);
                goOn.tryReturn("go on");
                promise.join();
                assertThat(ended).hasValue(1);
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
                        Bundle.run(
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
                              assertThatThrownBy(promise::await)
                                  .isInstanceOf(TerminatedException.class);
                            }))
                .isSameAs(error));
  }

  @OnEveryScheduler
  void timeoutAfter_loopingFiber(Scheduler scheduler) {
    // After the delay, and not before, a fiber that loops is canceled, which is an error
    scheduler.run(
        () ->
            Bundle.runSupervised(
                failure -> assertThat(failure).hasCauseInstanceOf(TimeoutException.class),
                bundle -> {
                  long start = System.nanoTime();
                  Promise<Object> promise =
                      bundle.forkAsPromise(
                          () -> {
                            for (; ; ) {
                              Control.yield();
                            }
                          });
                  promise.timeoutAfter(SHORT);
                  assertThatThrownBy(promise::await).hasCauseInstanceOf(TimeoutException.class);
                  assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(SHORT.toNanos());
                }));
  }

  @OnEveryScheduler
  void timeoutAfter_misuse(Scheduler scheduler) {
    // a negative delay and null are refused
    Promise<Integer> promise = Promise.of(1);
    scheduler.run(
        () -> {
          assertThatIllegalArgumentException()
              .isThrownBy(() -> promise.timeoutAfter(Duration.ofNanos(-1)));
          assertThatNullPointerException().isThrownBy(() -> promise.timeoutAfter(null));
          assertThatNullPointerException().isThrownBy(() -> promise.tryTerminate(null));
        });
  }

  @OnEveryScheduler
  void scopeCanceled_reachesPromises(Scheduler scheduler) {
    // terminating the scope terminates the fibers of promises, with the same reason
    TerminateException terminate = new TerminateException();
    scheduler.run(
        () -> {
          Promise<Object> promise =
              Bundle.call(
                  bundle -> {
                    Promise<Object> forked = bundle.forkAsPromise(PromiseTest::blocked);
                    bundle.terminate(terminate);
                    return forked;
                  });
          assertThatThrownBy(promise::await)
              .isInstanceOf(TerminatedException.class)
              .hasCause(terminate);
        });
  }

  @OnEveryScheduler
  void scopeCanceled_inTheScope(Scheduler scheduler) {
    // a fiber that is stopped together with the promise it awaits throws what both were stopped
    // with
    TerminateException terminate = new TerminateException();
    scheduler.run(
        () ->
            Bundle.run(
                bundle -> {
                  Promise<Object> promise = bundle.forkAsPromise(PromiseTest::blocked);
                  bundle.terminate(terminate);
                  assertThatThrownBy(promise::await).isSameAs(terminate);
                }));
  }

  @OnEveryScheduler
  void join_waitsForTheEnd(Scheduler scheduler) {
    // join returns when the fiber has ended, however it does, and needs no scope for that
    AtomicInteger ended = new AtomicInteger();
    scheduler.run(
        () -> {
          for (int round = 0; round < 200; round++) {
            int yields = round % 7;
            AtomicInteger atWork = new AtomicInteger(1);
            Bundle.run(
                bundle -> {
                  Promise<Object> promise =
                      bundle.forkAsPromise(
                          () -> {
                            for (int i = 0; i < yields; i++) {
                              Fiber.yield();
                            }
                            return atWork.decrementAndGet();
                          });
                  bundle.fork(
                      () -> {
                        promise.join();
                        assertThat(atWork).hasValue(0);
                        ended.incrementAndGet();
                      });
                  promise.join();
                  assertThat(atWork).hasValue(0);
                  promise.join();
                });
          }
          Promise.of(1).join();
        });
    assertThat(ended).hasValue(200);
  }

  @OnEveryScheduler
  void terminateAndJoin_waitsForCleanUp(Scheduler scheduler) {
    // when terminateAndJoin returns the fiber has cleaned up
    AtomicInteger ended = new AtomicInteger();
    scheduler.run(
        () ->
            Bundle.run(
                bundle -> {
                  Promise<Object> promise =
                      bundle.forkAsPromise(
                          () -> {
                            try {
                              return blocked();
                            } finally {
                              Control.runProtected(
                                  () -> {
                                    Control.yield();
                                    Control.yield();
                                    ended.incrementAndGet();
                                  });
                            }
                          });
                  Control.yield();
                  promise.terminateAndJoin();
                  assertThat(promise.isRunning()).isFalse();
                  assertThat(ended).hasValue(1);
                  Control.check();
                }));
  }

  @OnEveryScheduler
  void join_canceled(Scheduler scheduler) {
    // a fiber that is canceled before or while it joins throws its own reason
    scheduler.run(
        () ->
            Bundle.run(
                bundle -> {
                  Promise<Object> running = bundle.forkAsPromise(PromiseTest::blocked);
                  Canceled.with(
                      reason,
                      () -> {
                        assertThatThrownBy(running::join).isSameAs(reason);
                        Promise.of(1).join();
                      });
                  Computation<Object> computation = new Computation<>();
                  Computation<Object> joiner =
                      Fibers.startUnder(
                          computation,
                          () -> {
                            running.join();
                            return "joined";
                          });
                  Fiber.yield();
                  computation.tryCancel(reason);
                  assertThatThrownBy(joiner::await).isSameAs(reason);
                  assertThat(running.isRunning()).isTrue();
                  running.terminate();
                }));
  }

  @OnEveryScheduler
  void await_canceledBefore(Scheduler scheduler) {
    // a canceled fiber throws its own reason, unless the promise is completed
    scheduler.run(
        () ->
            Bundle.run(
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
            Bundle.run(
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
    // A promise of a value is completed, and needs no scheduler
    assertThat(Promise.of("value").await()).isEqualTo("value");
    assertThat(Promise.of(null).await()).isNull();
    assertThat(Promise.of("value").isRunning()).isFalse();
    assertThat(Promise.of("value").tryTerminate()).isFalse();
  }

  @OnEveryScheduler
  void awaitEvent_terminated(Scheduler scheduler) {
    // The event tells a stranger what await tells it, whether the promise ends before or meanwhile
    scheduler.run(
        () ->
            Bundle.run(
                bundle -> {
                  Promise<Object> promise =
                      bundle.forkAsPromise(
                          () -> {
                            Control.block();
                            return 1;
                          });
                  Computation<Object> waiting =
                      Fibers.start(() -> Event.select(Event.never(), promise.awaitEvent()));
                  Control.yield();
                  assertThat(promise.awaitEvent().poll()).isNull();
                  promise.terminate();
                  assertThatThrownBy(waiting::await).isInstanceOf(TerminatedException.class);
                  assertThatThrownBy(() -> promise.awaitEvent().sync())
                      .isInstanceOf(TerminatedException.class);
                }));
  }
}
