package dev.picos.tests.structured;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.core.Trigger;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.ErrorsException;
import dev.picos.std.structured.Promise;
import dev.picos.std.structured.TerminateException;
import dev.picos.std.structured.TerminatedException;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/** What is thrown in a bundle or reported to it comes out of it, once all fibers have ended. */
class BundleErrorsTest {
  private static final Duration SHORT = Duration.ofMillis(20);

  private final RuntimeException error = new IllegalStateException("error");
  private final RuntimeException other = new IllegalArgumentException("other");
  private final AtomicInteger ended = new AtomicInteger();

  @OnEveryScheduler
  void child_stopsAllAndComesOut(Scheduler scheduler) {
    // An error of a child cancels siblings and main body with TerminateException, and comes out
    // itself
    scheduler.run(
        () -> {
          assertThatThrownBy(
                  () ->
                      Bundle.run(
                          bundle -> {
                            bundle.fork(() -> Children.blockAndEndSlowly(ended));
                            bundle.fork(
                                () -> {
                                  throw error;
                                });
                            assertThatThrownBy(Control::block)
                                .isInstanceOf(TerminateException.class);
                            ended.incrementAndGet();
                          }))
              .isSameAs(error);
          assertThat(ended).hasValue(2);
          Control.check();
        });
  }

  @OnEveryScheduler
  void main_terminatesChildren(Scheduler scheduler) {
    // An error of the main body terminates the children, and comes out when they have
    // ended
    scheduler.run(
        () -> {
          assertThatThrownBy(
                  () ->
                      Bundle.call(
                          (Bundle bundle) -> {
                            bundle.fork(() -> Children.blockAndEndSlowly(ended));
                            Control.yield();
                            throw error;
                          }))
              .isSameAs(error);
          assertThat(ended).hasValue(1);
        });
  }

  @OnEveryScheduler
  void main_checkedUnchanged(Scheduler scheduler) {
    // a checked exception of the main body comes out unchanged
    IOException checked = new IOException("checked");
    scheduler.run(() -> assertThatThrownBy(() -> joinThrowing(checked)).isSameAs(checked));
  }

  private static int joinThrowing(IOException checked) throws IOException {
    return Bundle.call(
        (Bundle bundle) -> {
          throw checked;
        });
  }

  @OnEveryScheduler
  void child_checkedIsCarried(Scheduler scheduler) {
    // a checked exception of a child comes out inside a ComputationException
    IOException checked = new IOException("checked");
    scheduler.run(
        () ->
            assertThatThrownBy(
                    () ->
                        Bundle.run(
                            bundle -> {
                              bundle.fork(
                                  () -> {
                                    throw checked;
                                  });
                            }))
                .isInstanceOf(ComputationException.class)
                .extracting(Throwable::getCause)
                .isSameAs(checked));
  }

  @OnEveryScheduler
  void terminateOfChild_thatNobodyAskedFor(Scheduler scheduler) {
    // A child that throws a TerminateException of its own has failed like with any exception
    TerminateException terminate = new TerminateException();
    scheduler.run(
        () -> {
          assertThatThrownBy(
                  () ->
                      Bundle.run(
                          bundle -> {
                            bundle.fork(
                                () -> {
                                  throw terminate;
                                });
                            Control.block();
                          }))
              .isSameAs(terminate);
          assertThatThrownBy(() -> Bundle.run(bundle -> bundle.error(terminate)))
              .isSameAs(terminate);
        });
  }

  @OnEveryScheduler
  void timeoutOfChild_isAnError(Scheduler scheduler) {
    // A child whose time is over has not saved anything, and the scope says so
    scheduler.run(
        () ->
            assertThatThrownBy(
                    () ->
                        Bundle.call(
                            bundle -> {
                              bundle.fork(
                                  () ->
                                      Control.runWithin(
                                          SHORT, () -> Children.blockAndEndSlowly(ended)));
                              return "all saved";
                            }))
                .hasCauseInstanceOf(TimeoutException.class));
    assertThat(ended).hasValue(1);
  }

  @OnEveryScheduler
  void terminatedPromise_isAnErrorOfWhoAwaitsIt(Scheduler scheduler) {
    // A child that awaits a promise which somebody terminates has no value, and fails
    scheduler.run(
        () ->
            assertThatThrownBy(
                    () ->
                        Bundle.run(
                            bundle -> {
                              Promise<Object> promise =
                                  bundle.forkAsPromise(
                                      () -> {
                                        Control.block();
                                        return 1;
                                      });
                              bundle.fork(() -> assertThat(promise.await()).isNull());
                              Control.yield();
                              promise.terminate();
                            }))
                .isInstanceOf(TerminatedException.class));
  }

  @OnEveryScheduler
  void suppressed_survives(Scheduler scheduler) {
    // What the wrapper of a checked exception suppresses comes out of the scope with it
    IOException checked = new IOException("checked");
    RuntimeException closing = new IllegalStateException("close failed");
    scheduler.run(
        () ->
            assertThatThrownBy(
                    () ->
                        Bundle.run(
                            bundle ->
                                bundle.fork(
                                    () -> {
                                      RuntimeException wrapper =
                                          ComputationException.unchecked(checked);
                                      wrapper.addSuppressed(closing);
                                      throw wrapper;
                                    })))
                .isInstanceOf(ComputationException.class)
                .hasCause(checked)
                .hasSuppressedException(closing));
  }

  @OnEveryScheduler
  void terminateOfMain_cancelsChildren(Scheduler scheduler) {
    // A TerminateException of the main body cancels children that would block for ever
    TerminateException terminate = new TerminateException();
    scheduler.run(
        () -> {
          assertThatThrownBy(
                  () ->
                      Bundle.call(
                          (Bundle bundle) -> {
                            bundle.fork(() -> Children.blockAndEndSlowly(ended));
                            bundle.forkAsPromise(
                                () -> {
                                  Children.blockAndEndSlowly(ended);
                                  return 1;
                                });
                            Control.yield();
                            throw terminate;
                          }))
              .isSameAs(terminate);
          assertThat(ended).hasValue(2);
        });
  }

  @OnEveryScheduler
  void severalErrors_inOrder(Scheduler scheduler) {
    // What a child throws after it was canceled is an error too; order is that of
    // occurrence
    scheduler.run(
        () ->
            assertThatThrownBy(
                    () ->
                        Bundle.call(
                            (Bundle bundle) -> {
                              bundle.fork(
                                  () -> {
                                    try {
                                      Control.block();
                                    } catch (TerminateException terminate) {
                                      throw other;
                                    }
                                  });
                              Control.yield();
                              throw error;
                            }))
                .isInstanceOfSatisfying(
                    ErrorsException.class,
                    errors -> {
                      assertThat(errors.errors()).containsExactly(error, other);
                      assertThat(errors).hasCause(error).hasSuppressedException(other);
                      assertThat(errors)
                          .hasMessageContaining("error")
                          .hasMessageContaining("other");
                    }));
  }

  @OnEveryScheduler
  void veryManyErrors_areAllThereAndTheMessageIsShort(Scheduler scheduler) {
    // The message names the first few errors, and the beginning of a long one
    int failing = 200;
    scheduler.run(
        () ->
            assertThatThrownBy(() -> Bundle.run((Bundle bundle) -> forkFailing(bundle, failing)))
                .isInstanceOfSatisfying(
                    ErrorsException.class,
                    errors -> {
                      assertThat(errors.errors()).hasSize(failing);
                      assertThat(errors.getSuppressed()).hasSize(failing - 1);
                      assertThat(errors.getMessage())
                          .startsWith("[" + IllegalArgumentException.class.getName() + ": long")
                          .endsWith("; and 192 more]")
                          .hasSizeLessThan(5_000);
                    }));
  }

  /** Forks fibers each of which fails only after all have started. */
  private static void forkFailing(Bundle bundle, int count) {
    AtomicInteger started = new AtomicInteger();
    Computation<Object> allHaveStarted = new Computation<>();
    for (int i = 0; i < count; i++) {
      bundle.fork(
          () ->
              Fiber.current()
                  .runForbiddingCancelation(
                      () -> {
                        if (started.incrementAndGet() == count) {
                          allHaveStarted.tryReturn("fail");
                        }
                        allHaveStarted.join();
                        throw new IllegalArgumentException("long" + " message".repeat(1_000));
                      }));
    }
  }

  @OnEveryScheduler
  void sameError_isCollectedOnce(Scheduler scheduler) {
    // One object thrown by several fibers is one error
    scheduler.run(
        () ->
            assertThatThrownBy(
                    () ->
                        Bundle.call(
                            (Bundle bundle) -> {
                              for (int i = 0; i < 3; i++) {
                                bundle.fork(
                                    () -> {
                                      throw error;
                                    });
                              }
                              throw error;
                            }))
                .isSameAs(error));
  }

  @OnEveryScheduler
  void sameCheckedError_isCollectedOnce(Scheduler scheduler) {
    // A checked one is the same whatever it is carried by, and the main body's carrier
    // comes out
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
                              Control.callProtected(() -> promise.await());
                            }))
                .isInstanceOf(ComputationException.class)
                .extracting(Throwable::getCause)
                .isSameAs(checked));
  }

  @OnEveryScheduler
  void fatalLookingErrors_areErrors(Scheduler scheduler) {
    // an Error is treated as any other
    OutOfMemoryError outOfMemory = new OutOfMemoryError("of a child");
    scheduler.run(
        () -> {
          assertThatThrownBy(
                  () ->
                      Bundle.run(
                          bundle -> {
                            bundle.fork(() -> Children.blockAndEndSlowly(ended));
                            bundle.fork(
                                () -> {
                                  throw outOfMemory;
                                });
                          }))
              .isSameAs(outOfMemory);
          assertThat(ended).hasValue(1);
        });
  }

  @OnEveryScheduler
  void reportedError_terminatesAndComesOut(Scheduler scheduler) {
    // An error reported from outside terminates the bundle and comes out of the join
    Computation<Bundle> handedOut = new Computation<>();
    scheduler.run(
        () -> {
          Computation<Object> outside =
              Fibers.start(
                  () -> {
                    handedOut.await().error(error);
                    return null;
                  });
          assertThatThrownBy(
                  () ->
                      Bundle.run(
                          bundle -> {
                            bundle.fork(() -> Children.blockAndEndSlowly(ended));
                            handedOut.tryReturn(bundle);
                            Control.block();
                          }))
              .isSameAs(error);
          assertThat(ended).hasValue(1);
          outside.await();
        });
  }

  @OnEveryScheduler
  void listenerThrows_isAnError(Scheduler scheduler) {
    // what an action on the bundle's computation throws is an error, and nobody is left behind
    RuntimeException byListener = new RuntimeException("by a listener");
    scheduler.run(
        () -> {
          assertThatThrownBy(
                  () ->
                      Bundle.run(
                          bundle -> {
                            bundle.fork(() -> Children.blockAndEndSlowly(ended));
                            attachThrowing(byListener);
                            bundle.fork(
                                () -> {
                                  throw error;
                                });
                          }))
              .isInstanceOfSatisfying(
                  ErrorsException.class,
                  errors -> assertThat(errors.errors()).containsExactly(error, byListener));
          assertThat(ended).hasValue(1);
          assertThatThrownBy(() -> Bundle.call((Bundle bundle) -> attachThrowing(byListener)))
              .isSameAs(byListener);
        });
  }

  private static boolean attachThrowing(RuntimeException thrown) {
    return Fiber.current()
        .computation()
        .tryAttach(
            Trigger.fromAction(
                thrown,
                null,
                (trigger, x, y) -> {
                  throw x;
                }));
  }
}
