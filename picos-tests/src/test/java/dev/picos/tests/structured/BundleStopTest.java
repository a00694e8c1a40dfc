package dev.picos.tests.structured;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Scheduler;
import dev.picos.std.channel.Channel;
import dev.picos.std.channel.ChannelClosedException;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Promise;
import dev.picos.std.structured.TerminateException;
import dev.picos.std.structured.TerminatedException;
import dev.picos.tests.OnEveryScheduler;
import java.io.Closeable;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;

/** A bundle that is terminated ends early, which is no failure of its fibers. */
class BundleStopTest {
  private final AtomicInteger ended = new AtomicInteger();

  @OnEveryScheduler
  void terminate_reachesMainBody(Scheduler scheduler) {
    // After terminate the main body throws at its next operation, and run returns: this scope
    // was stopped by its own owner
    TerminateException terminate = new TerminateException(2);
    scheduler.run(
        () -> {
          Bundle.run(
              bundle -> {
                bundle.fork(() -> Children.blockAndEndSlowly(ended));
                bundle.terminate(terminate);
                ended.incrementAndGet();
                assertThatThrownBy(Control::yield).isSameAs(terminate);
                Control.yield();
              });
          assertThat(ended).hasValue(2);
          Control.check();
        });
  }

  @OnEveryScheduler
  void terminate_thereIsNoValue(Scheduler scheduler) {
    // A scope that is to give a value, and whose main body was terminated, says that it has none
    TerminateException terminate = new TerminateException();
    scheduler.run(
        () ->
            assertThatThrownBy(
                    () ->
                        Bundle.call(
                            bundle -> {
                              bundle.terminate(terminate);
                              Control.yield();
                              return 1;
                            }))
                .isInstanceOf(TerminatedException.class)
                .hasCause(terminate));
  }

  @OnEveryScheduler
  void terminate_mainBodyReturns(Scheduler scheduler) {
    // A main body that returns although terminated has returned; terminating twice is once
    scheduler.run(
        () -> {
          int value =
              Bundle.call(
                  bundle -> {
                    bundle.fork(() -> Children.blockAndEndSlowly(ended));
                    bundle.terminate();
                    bundle.terminate();
                    return 8;
                  });
          assertThat(value).isEqualTo(8);
          assertThat(ended).hasValue(1);
        });
  }

  @OnEveryScheduler
  void reportedTerminate_isNoError(Scheduler scheduler) {
    // Reporting what the bundle was terminated with does nothing
    scheduler.run(
        () -> {
          int value =
              Bundle.call(
                  bundle -> {
                    TerminateException terminate = new TerminateException();
                    bundle.terminate(terminate);
                    bundle.error(terminate);
                    return 1;
                  });
          assertThat(value).isEqualTo(1);
        });
  }

  @OnEveryScheduler
  void terminatedScope_isSilentWhoeverAwaits(Scheduler scheduler) {
    // When a scope is terminated, nobody in it fails, also if one awaits another's promise
    scheduler.run(
        () -> {
          for (int round = 0; round < 100; round++) {
            Bundle.run(
                bundle -> {
                  Promise<Object> first =
                      bundle.forkAsPromise(
                          () -> {
                            Control.block();
                            return 1;
                          });
                  Promise<Object> second = bundle.forkAsPromise(first::await);
                  bundle.fork(second::await);
                  bundle.forkAsPromise(
                      () ->
                          Bundle.call(
                              inner -> {
                                inner.fork(first::await);
                                inner.fork(second::await);
                                return first.await();
                              }));
                  Control.yield();
                  bundle.terminate();
                });
          }
        });
  }

  @OnEveryScheduler
  void terminatedScope_isSilentAboutItsChannels(Scheduler scheduler) {
    // A channel that was closed because the scope stops is no failure of who finds it closed
    TerminateException stop = new TerminateException();
    Channel<Integer> channel = Channel.unbounded();
    scheduler.run(
        () -> {
          Bundle.run(
              bundle -> {
                bundle.terminate(stop);
                channel.close(stop);
                channel.send(1);
              });
          assertThatThrownBy(() -> Bundle.run(bundle -> bundle.fork(() -> channel.send(1))))
              .isInstanceOf(ChannelClosedException.class)
              .hasCause(stop);
        });
  }

  @OnEveryScheduler
  void forkIntoAStoppedScope_isAnErrorElsewhere(Scheduler scheduler) {
    // A fiber of another scope whose job was not taken has failed
    Computation<Bundle> stopped = new Computation<>();
    Computation<Object> over = new Computation<>();
    scheduler.run(
        () ->
            Bundle.run(
                both -> {
                  both.fork(
                      () ->
                          Bundle.run(
                              pool -> {
                                pool.terminate();
                                stopped.tryReturn(pool);
                                Control.runProtected(over::join);
                              }));
                  assertThatIllegalStateException()
                      .isThrownBy(
                          () ->
                              Bundle.run(
                                  request ->
                                      request.fork(
                                          () -> stopped.await().fork(ended::incrementAndGet))))
                      .withMessageContaining("stopped");
                  over.tryReturn("over");
                }));
    assertThat(ended).hasValue(0);
  }

  @OnEveryScheduler
  void terminated_stopThatSuppressesAStop(Scheduler scheduler) {
    // A stop beside a stop, as an interrupted fiber may throw it, is no failure
    scheduler.run(
        () ->
            Bundle.run(
                bundle ->
                    bundle.fork(
                        () -> {
                          bundle.terminate();
                          try {
                            Control.runShielded(() -> bundle.fork(() -> {}));
                          } catch (IllegalStateException stopped) {
                            stopped.addSuppressed(new TerminateException());
                            throw stopped;
                          }
                        })));
  }

  @OnEveryScheduler
  void terminated_stopsOfSeveralScopesTogether(Scheduler scheduler) {
    // Errors that an inner scope has collected are none where each is about the stop of a scope
    // around it
    scheduler.run(
        () ->
            Bundle.run(
                outer ->
                    Bundle.run(
                        inner ->
                            inner.fork(
                                () ->
                                    Control.runShielded(
                                        () -> {
                                          inner.terminate();
                                          outer.terminate();
                                          Bundle.run(
                                              innermost -> {
                                                innermost.fork(() -> inner.fork(() -> {}));
                                                innermost.fork(() -> outer.fork(() -> {}));
                                              });
                                        })))));
  }

  @OnEveryScheduler
  void terminatedMain_failureOfCloseInChild(Scheduler scheduler) {
    // What a child could not close comes out, also if the main body and the child were stopped
    // with the same reason
    IOException failure = new IOException("of close");
    TerminateException stop = new TerminateException();
    scheduler.run(
        () ->
            assertThatThrownBy(
                    () ->
                        Bundle.run(
                            bundle -> {
                              bundle.fork(
                                  () -> {
                                    Closeable failing =
                                        () -> {
                                          throw failure;
                                        };
                                    try (failing) {
                                      bundle.terminate(stop);
                                      Control.runShielded(() -> bundle.fork(() -> {}));
                                    }
                                  });
                              Control.block();
                            }))
                .isInstanceOf(ComputationException.class)
                .hasCause(failure));
  }

  @OnEveryScheduler
  void closingFails_whileItIsStopped(Scheduler scheduler) {
    // What a stopped fiber cannot close in a try with resources comes out of its scope
    IllegalStateException closing = new IllegalStateException("close failed");
    scheduler.run(
        () -> {
          assertThatThrownBy(
                  () ->
                      Bundle.run(
                          bundle -> {
                            bundle.fork(() -> blockInResource(closing));
                            bundle.fork(Control::block);
                            Control.yield();
                            bundle.terminate();
                          }))
              .isSameAs(closing);
          assertThatThrownBy(
                  () ->
                      Bundle.run(
                          bundle -> {
                            bundle.terminate();
                            blockInResource(closing);
                          }))
              .isSameAs(closing);
        });
  }

  private static void blockInResource(RuntimeException closing) {
    try (AutoCloseableResource resource =
        () -> {
          throw closing;
        }) {
      assertThat(resource).isNotNull();
      Control.block();
    }
  }

  /** A resource whose release throws nothing checked. */
  private interface AutoCloseableResource extends AutoCloseable {
    @Override
    void close();
  }
}
