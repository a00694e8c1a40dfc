package dev.picos.tests.structured;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Handler;
import dev.picos.core.Scheduler;
import dev.picos.core.Trigger;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.ErrorsException;
import dev.picos.std.structured.OnReturn;
import dev.picos.std.structured.Promise;
import dev.picos.std.structured.ScopeBody;
import dev.picos.std.structured.Terminate;
import dev.picos.testing.Task;
import dev.picos.tests.Canceled;
import dev.picos.tests.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class BundleTest {
  private static final Duration SHORT = Duration.ofMillis(20);
  private static final Duration LONG = Duration.ofHours(1);

  private final RuntimeException reason = new CancellationException("reason");
  private final RuntimeException error = new IllegalStateException("error");
  private final RuntimeException other = new IllegalArgumentException("other");
  private final AtomicInteger ended = new AtomicInteger();
  private final Computation<Object> surrounding = new Computation<>();

  /** Waits for cancelation, and counts on the way to its end, which takes its time. */
  private void blockAndEndSlowly() {
    try {
      Control.block();
    } finally {
      Control.protect(
          () -> {
            for (int i = 0; i < 10; i++) {
              Control.yield();
            }
          });
      ended.incrementAndGet();
    }
  }

  @Nested
  class Results {
    @OnEveryScheduler
    void value_afterAllChildrenEnded(Scheduler scheduler) {
      // BU-01: the value of the main body is returned once every child has ended
      int value =
          scheduler.call(
              () -> {
                int returned =
                    Bundle.joinAfter(
                        bundle -> {
                          for (int i = 0; i < 5; i++) {
                            bundle.fork(
                                () -> {
                                  Control.yield();
                                  Control.sleep(Duration.ofMillis(1));
                                  ended.incrementAndGet();
                                });
                          }
                          return 42;
                        });
                assertThat(ended).hasValue(5);
                return returned;
              });
      assertThat(value).isEqualTo(42);
    }

    @OnEveryScheduler
    void nothing_whereNothingIsForked(Scheduler scheduler) {
      // an empty scope returns its value, null included, and leaves the fiber as it was
      scheduler.run(
          () -> {
            Computation<?> before = Fiber.current().computation();
            Object value = Bundle.joinAfter(bundle -> null);
            assertThat(value).isNull();
            assertThat(Fiber.current().computation()).isSameAs(before);
            assertThat(Fiber.current().hasForbidden()).isFalse();
          });
    }

    @OnEveryScheduler
    void childrenOfChildren_areWaitedForToo(Scheduler scheduler) {
      // BU-01: a child may fork in its own bundle, and that one is waited for as well
      scheduler.run(
          () -> {
            Bundle.joinAfter((Bundle bundle) -> forkTree(bundle, 6));
            assertThat(ended).hasValue(127);
          });
    }

    private void forkTree(Bundle bundle, int depth) {
      ended.incrementAndGet();
      if (depth > 0) {
        bundle.fork(() -> forkTree(bundle, depth - 1));
        bundle.fork(() -> forkTree(bundle, depth - 1));
      }
    }

    @OnEveryScheduler
    void daemons_areTerminatedOnReturn(Scheduler scheduler) {
      // BU-11: with OnReturn.TERMINATE the children are terminated when the main body returns
      scheduler.run(
          () -> {
            int value =
                Bundle.joinAfter(
                    OnReturn.TERMINATE,
                    bundle -> {
                      bundle.fork(BundleTest.this::blockAndEndSlowly);
                      bundle.fork(BundleTest.this::blockAndEndSlowly);
                      Control.yield();
                      return 1;
                    });
            assertThat(value).isEqualTo(1);
            assertThat(ended).hasValue(2);
            Control.check();
          });
    }

    @OnEveryScheduler
    void happensBefore_joinReturns(Scheduler scheduler) {
      // what the children did is seen after the join, without further synchronization
      int[] plain = new int[16];
      scheduler.run(
          () -> {
            for (int round = 1; round <= 500; round++) {
              int each = round;
              Bundle.joinAfter(
                  bundle -> {
                    for (int i = 0; i < plain.length; i++) {
                      int index = i;
                      bundle.fork(() -> plain[index] = each);
                    }
                  });
              assertThat(plain).containsOnly(each);
            }
          });
    }
  }

  @Nested
  class Errors {
    @OnEveryScheduler
    void child_stopsAllAndComesOut(Scheduler scheduler) {
      // BU-03: an error of a child cancels siblings and main body with Terminate, and comes out
      // itself
      scheduler.run(
          () -> {
            assertThatThrownBy(
                    () ->
                        Bundle.joinAfter(
                            bundle -> {
                              bundle.fork(BundleTest.this::blockAndEndSlowly);
                              bundle.fork(
                                  () -> {
                                    throw error;
                                  });
                              assertThatThrownBy(Control::block).isInstanceOf(Terminate.class);
                              ended.incrementAndGet();
                            }))
                .isSameAs(error);
            assertThat(ended).hasValue(2);
            Control.check();
          });
    }

    @OnEveryScheduler
    void main_terminatesChildren(Scheduler scheduler) {
      // BU-05: an error of the main body terminates the children, and comes out when they have
      // ended
      scheduler.run(
          () -> {
            assertThatThrownBy(
                    () ->
                        Bundle.joinAfter(
                            (Bundle bundle) -> {
                              bundle.fork(BundleTest.this::blockAndEndSlowly);
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
      return Bundle.joinAfter(
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
                          Bundle.joinAfter(
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
    void terminateOfChild_concernsNobody(Scheduler scheduler) {
      // BU-06: a child that throws Terminate has ended, and nothing else happens
      scheduler.run(
          () -> {
            int value =
                Bundle.joinAfter(
                    bundle -> {
                      bundle.fork(() -> Control.terminateUnless(false));
                      Control.yield();
                      Control.check();
                      bundle.fork(ended::incrementAndGet);
                      return 3;
                    });
            assertThat(value).isEqualTo(3);
            assertThat(ended).hasValue(1);
          });
    }

    @OnEveryScheduler
    void terminateOfMain_cancelsChildren(Scheduler scheduler) {
      // BU-23: a Terminate of the main body cancels children that would block for ever
      Terminate terminate = new Terminate();
      scheduler.run(
          () -> {
            assertThatThrownBy(
                    () ->
                        Bundle.joinAfter(
                            (Bundle bundle) -> {
                              bundle.fork(BundleTest.this::blockAndEndSlowly);
                              bundle.forkAsPromise(
                                  () -> {
                                    blockAndEndSlowly();
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
      // BU-28: what a child throws after it was canceled is an error too; order is that of
      // occurrence
      scheduler.run(
          () ->
              assertThatThrownBy(
                      () ->
                          Bundle.joinAfter(
                              (Bundle bundle) -> {
                                bundle.fork(
                                    () -> {
                                      try {
                                        Control.block();
                                      } catch (Terminate terminate) {
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
    void sameError_isCollectedOnce(Scheduler scheduler) {
      // U-22: one object thrown by several fibers is one error
      scheduler.run(
          () ->
              assertThatThrownBy(
                      () ->
                          Bundle.joinAfter(
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
      // U-22: a checked one is the same whatever it is carried by, and the main body's carrier
      // comes out
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
                                Control.protect(() -> promise.await());
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
                        Bundle.joinAfter(
                            bundle -> {
                              bundle.fork(BundleTest.this::blockAndEndSlowly);
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
      // BU-25: an error reported from outside terminates the bundle and comes out of the join
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
                        Bundle.joinAfter(
                            bundle -> {
                              bundle.fork(BundleTest.this::blockAndEndSlowly);
                              handedOut.tryReturn(bundle);
                              Control.block();
                            }))
                .isSameAs(error);
            assertThat(ended).hasValue(1);
            outside.await();
          });
    }

    @OnEveryScheduler
    void reportedTerminate_isNoError(Scheduler scheduler) {
      // BU-25: reporting Terminate does nothing
      scheduler.run(
          () -> {
            int value =
                Bundle.joinAfter(
                    bundle -> {
                      bundle.error(new Terminate());
                      Control.check();
                      return 1;
                    });
            assertThat(value).isEqualTo(1);
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
                        Bundle.joinAfter(
                            bundle -> {
                              bundle.fork(BundleTest.this::blockAndEndSlowly);
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
            assertThatThrownBy(
                    () -> Bundle.joinAfter((Bundle bundle) -> attachThrowing(byListener)))
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

  @Nested
  class Cancelation {
    @OnEveryScheduler
    void terminate_reachesMainBody(Scheduler scheduler) {
      // BU-08: after terminate the main body throws at its next operation, and that comes out
      Terminate terminate = new Terminate(2);
      scheduler.run(
          () -> {
            assertThatThrownBy(
                    () ->
                        Bundle.joinAfter(
                            bundle -> {
                              bundle.fork(BundleTest.this::blockAndEndSlowly);
                              bundle.terminate(terminate);
                              ended.incrementAndGet();
                              Control.yield();
                            }))
                .isSameAs(terminate);
            assertThat(ended).hasValue(2);
            Control.check();
          });
    }

    @OnEveryScheduler
    void terminate_mainBodyReturns(Scheduler scheduler) {
      // BU-08: a main body that returns although terminated has returned; terminating twice is once
      scheduler.run(
          () -> {
            int value =
                Bundle.joinAfter(
                    bundle -> {
                      bundle.fork(BundleTest.this::blockAndEndSlowly);
                      bundle.terminate();
                      bundle.terminate();
                      return 8;
                    });
            assertThat(value).isEqualTo(8);
            assertThat(ended).hasValue(1);
          });
    }

    @OnEveryScheduler
    void terminateAfter_reachesAll(Scheduler scheduler) {
      // BU-26: after the delay, and not before, children and main body are terminated
      scheduler.run(
          () -> {
            long start = System.nanoTime();
            assertThatThrownBy(
                    () ->
                        Bundle.joinAfter(
                            bundle -> {
                              bundle.fork(BundleTest.this::blockAndEndSlowly);
                              bundle.terminateAfter(SHORT);
                              Control.block();
                            }))
                .isInstanceOf(Terminate.class);
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(SHORT.toNanos());
            assertThat(ended).hasValue(1);
          });
    }

    @OnEveryScheduler
    void parentCanceled_reachesGrandChildren(Scheduler scheduler) {
      // BU-13: cancelation of the surrounding computation reaches the children of nested bundles
      scheduler.run(
          () -> {
            Computation<Object> deepest = new Computation<>();
            Computation<Object> outer =
                Fibers.startUnder(
                    surrounding,
                    () ->
                        Bundle.joinAfter(
                            bundle -> {
                              bundle.fork(() -> nest(5, deepest));
                              return "returned";
                            }));
            deepest.await();
            surrounding.tryCancel(new Terminate());
            assertThatThrownBy(outer::await).isInstanceOf(Terminate.class);
            assertThat(ended).hasValue(1);
          });
    }

    private void nest(int depth, Computation<Object> deepest) {
      if (depth == 0) {
        deepest.tryReturn("reached");
        blockAndEndSlowly();
      } else {
        Bundle.joinAfter(
            bundle -> {
              bundle.fork(() -> nest(depth - 1, deepest));
            });
      }
    }

    @OnEveryScheduler
    void parentCanceledWithError_isCollectedOnce(Scheduler scheduler) {
      // BU-24: children of a scope that is canceled with an exception rethrow it; it comes out once
      scheduler.run(
          () -> {
            Computation<Object> outer = startThreeBlocked();
            surrounding.tryCancel(reason);
            assertThatThrownBy(outer::await).isSameAs(reason);
            assertThat(ended).hasValue(3);
          });
    }

    @OnEveryScheduler
    void parentCanceledWithCheckedError_isCollectedOnce(Scheduler scheduler) {
      // BU-24: also when it is checked, so that each of them threw a carrier of its own
      TimeoutException checked = new TimeoutException("checked");
      scheduler.run(
          () -> {
            Computation<Object> outer = startThreeBlocked();
            surrounding.tryCancel(checked);
            assertThatThrownBy(outer::await)
                .isInstanceOf(ComputationException.class)
                .extracting(Throwable::getCause)
                .isSameAs(checked);
          });
    }

    private Computation<Object> startThreeBlocked() {
      Latched latched = new Latched(3);
      Computation<Object> outer =
          Fibers.startUnder(
              surrounding,
              () ->
                  Bundle.joinAfter(
                      bundle -> {
                        for (int i = 0; i < 3; i++) {
                          bundle.fork(
                              () -> {
                                latched.arrive();
                                blockAndEndSlowly();
                              });
                        }
                        return "returned";
                      }));
      latched.await();
      return outer;
    }

    @OnEveryScheduler
    void enteredCanceled_bodyDoesNotRun(Scheduler scheduler) {
      // BU-15: in a canceled fiber the scope is not entered, and the reason thrown even if
      // forbidden
      AtomicBoolean ran = new AtomicBoolean();
      Block<RuntimeException> join =
          () ->
              Bundle.joinAfter(
                  bundle -> {
                    ran.set(true);
                  });
      scheduler.run(
          () ->
              Canceled.with(
                  reason,
                  () -> {
                    assertThatThrownBy(join::run).isSameAs(reason);
                    assertThatThrownBy(() -> Control.protect(join)).isSameAs(reason);
                    assertThat(ran).isFalse();
                  }));
    }

    @OnEveryScheduler
    void enteredUnderReturned_isRefused(Scheduler scheduler) {
      // a fiber whose computation has returned cannot open a scope: nothing could cancel it
      scheduler.run(
          () ->
              Canceled.under(
                  Computation.returned(1),
                  () ->
                      assertThatIllegalStateException()
                          .isThrownBy(() -> Bundle.joinAfter(bundle -> 1))));
    }

    @OnEveryScheduler
    void canceledMeanwhile_valueIsLost(Scheduler scheduler) {
      // BU-16: a value is lost when the caller was canceled meanwhile, unless it forbids that
      scheduler.run(
          () ->
              Canceled.under(
                  surrounding,
                  () -> {
                    ScopeBody<Integer, RuntimeException> body =
                        bundle -> {
                          surrounding.tryCancel(reason);
                          return 1;
                        };
                    assertThatThrownBy(() -> Bundle.joinAfter(body)).isSameAs(reason);
                  }));
      Computation<Object> another = new Computation<>();
      scheduler.run(
          () ->
              Canceled.under(
                  another,
                  () -> {
                    int value =
                        Control.protect(
                            () ->
                                Bundle.joinAfter(
                                    bundle -> {
                                      another.tryCancel(reason);
                                      return 1;
                                    }));
                    assertThat(value).isEqualTo(1);
                  }));
    }

    @OnEveryScheduler
    void canceledDuringJoin_waitsForChildren(Scheduler scheduler) {
      // cancelation that comes during the wait is passed to the children, which are still waited
      // for
      scheduler.run(
          () -> {
            Computation<Object> outer = startThreeBlocked();
            for (int i = 0; i < 5; i++) {
              Control.yield();
            }
            surrounding.tryCancel(new Terminate());
            assertThatThrownBy(outer::await).isInstanceOf(Terminate.class);
            assertThat(ended).hasValue(3);
          });
    }

    @OnEveryScheduler
    void flagOfForbidding_isRestored(Scheduler scheduler) {
      // a caller that forbids cancelation still does afterwards, and children do not inherit it
      scheduler.run(
          () ->
              Control.protect(
                  () -> {
                    AtomicBoolean inherited = new AtomicBoolean(true);
                    Bundle.joinAfter(
                        bundle -> {
                          bundle.fork(() -> inherited.set(Fiber.current().hasForbidden()));
                        });
                    assertThat(inherited).isFalse();
                    assertThat(Fiber.current().hasForbidden()).isTrue();
                  }));
    }
  }

  @Nested
  class Forking {
    @OnEveryScheduler
    void afterTheJoin_isRefused(Scheduler scheduler) {
      // BU-10: an escaped bundle takes no fibers, promises or errors after the join
      scheduler.run(
          () -> {
            Bundle escaped = Bundle.joinAfter(bundle -> bundle);
            assertThatIllegalStateException()
                .isThrownBy(() -> escaped.fork(ended::incrementAndGet))
                .withMessageContaining("already completed");
            assertThatIllegalStateException().isThrownBy(() -> escaped.forkAsPromise(() -> 1));
            assertThatIllegalStateException().isThrownBy(() -> escaped.error(error));
            escaped.terminate();
            assertThat(escaped).hasToString("Bundle[left]");
            Control.yield();
            assertThat(ended).hasValue(0);
          });
    }

    @OnEveryScheduler
    void afterTerminate_isRefused(Scheduler scheduler) {
      // BU-21: a terminated bundle takes no fibers or promises, even where cancelation is forbidden
      Terminate terminate = new Terminate();
      scheduler.run(
          () ->
              Bundle.joinAfter(
                  bundle -> {
                    bundle.terminate(terminate);
                    Block<RuntimeException> fork = () -> bundle.fork(ended::incrementAndGet);
                    Body<Object, RuntimeException> promise =
                        () -> bundle.forkAsPromise(ended::incrementAndGet);
                    assertThatThrownBy(fork::run).isSameAs(terminate);
                    assertThatThrownBy(promise::run).isSameAs(terminate);
                    assertThatThrownBy(() -> Control.protect(fork)).isSameAs(terminate);
                    assertThatThrownBy(() -> Control.protect(promise)).isSameAs(terminate);
                  }));
      assertThat(ended).hasValue(0);
    }

    @OnEveryScheduler
    void fromForeignFiber_afterTerminate(Scheduler scheduler) {
      // BU-22: nor from a fiber that is not of the bundle
      Terminate terminate = new Terminate();
      Computation<Bundle> handedOut = new Computation<>();
      scheduler.run(
          () -> {
            Computation<Object> foreign =
                Fibers.start(
                    () -> {
                      handedOut.await().fork(ended::incrementAndGet);
                      return "forked";
                    });
            Bundle.joinAfter(
                bundle -> {
                  bundle.terminate(terminate);
                  handedOut.tryReturn(bundle);
                  Control.protect(foreign::join);
                });
            assertThatThrownBy(foreign::await).isSameAs(terminate);
            assertThat(ended).hasValue(0);
          });
    }

    @OnEveryScheduler
    void fromForeignFiber_isWaitedFor(Scheduler scheduler) throws Exception {
      // a fiber that a foreign fiber or thread forks is of the bundle like any other
      Computation<Bundle> handedOut = new Computation<>();
      scheduler.run(
          () -> {
            Task<Object> foreign =
                Task.start(
                    () -> {
                      handedOut.await().fork(ended::incrementAndGet);
                      return "forked";
                    });
            Bundle.joinAfter(
                bundle -> {
                  handedOut.tryReturn(bundle);
                  foreign.result();
                });
            assertThat(ended).hasValue(1);
          });
    }

    @OnEveryScheduler
    void inCanceledFiber_isRefused(Scheduler scheduler) {
      // a canceled fiber throws its reason from fork, and nothing is started
      scheduler.run(
          () ->
              Bundle.joinAfter(
                  (Bundle bundle) ->
                      Canceled.with(
                          reason,
                          () -> {
                            assertThatThrownBy(() -> bundle.fork(ended::incrementAndGet))
                                .isSameAs(reason);
                            assertThatThrownBy(() -> bundle.forkAsPromise(ended::incrementAndGet))
                                .isSameAs(reason);
                          })));
      assertThat(ended).hasValue(0);
    }

    @OnEveryScheduler
    void canceledBeforeItStarts_runsAllTheSame(Scheduler scheduler) {
      // once fork has returned the body runs, even if the bundle is terminated before it starts
      scheduler.run(
          () ->
              Bundle.joinAfter(
                  bundle -> {
                    bundle.fork(ended::incrementAndGet);
                    bundle.forkAsPromise(ended::incrementAndGet);
                    bundle.terminate();
                  }));
      assertThat(ended).hasValue(2);
    }

    @Test
    void refusedBySpawn_nobodyIsLost() throws Exception {
      // a spawn that fails, for lack of memory say, is an error like any: all end, and it comes out
      OutOfMemoryError refusal = new OutOfMemoryError("spawn");
      Task<Object> task =
          Task.start(
              () -> {
                Handler.using(
                    new RefusingHandler(2, refusal),
                    () ->
                        Bundle.joinAfter(
                            bundle -> {
                              bundle.fork(BundleTest.this::blockAndEndSlowly);
                              bundle.forkAsPromise(
                                  () -> {
                                    blockAndEndSlowly();
                                    return 1;
                                  });
                              bundle.fork(ended::incrementAndGet);
                            }));
                return null;
              });
      assertThatThrownBy(task::result).isSameAs(refusal);
      assertThat(ended).hasValue(2);
    }

    @Test
    void refusedBySpawn_bundleGoesOn() throws Exception {
      // a main body that handles the failed spawn goes on, and the join waits for nobody else
      OutOfMemoryError refusal = new OutOfMemoryError("spawn");
      Task<Object> task =
          Task.start(
              () -> {
                Handler.using(
                    new RefusingHandler(0, refusal),
                    () ->
                        Bundle.joinAfter(
                            bundle -> {
                              assertThatThrownBy(() -> bundle.fork(ended::incrementAndGet))
                                  .isSameAs(refusal);
                              assertThatThrownBy(() -> bundle.forkAsPromise(() -> 1))
                                  .isSameAs(refusal);
                              Control.check();
                            }));
                return "ended";
              });
      assertThat(task.result()).isEqualTo("ended");
    }

    @OnEveryScheduler
    void misuse(Scheduler scheduler) {
      // null and negative delays are refused, and nothing is started or stopped by that
      scheduler.run(
          () -> {
            assertThatNullPointerException()
                .isThrownBy(() -> Bundle.joinAfter((ScopeBody<Object, IOException>) null));
            assertThatNullPointerException().isThrownBy(() -> Bundle.joinAfter(null, bundle -> 1));
            Bundle.joinAfter(
                bundle -> {
                  assertThatNullPointerException().isThrownBy(() -> bundle.fork(null));
                  assertThatNullPointerException().isThrownBy(() -> bundle.forkAsPromise(null));
                  assertThatNullPointerException().isThrownBy(() -> bundle.error(null));
                  assertThatNullPointerException().isThrownBy(() -> bundle.terminate(null));
                  assertThatNullPointerException().isThrownBy(() -> bundle.terminateAfter(null));
                  assertThatIllegalArgumentException()
                      .isThrownBy(() -> bundle.terminateAfter(Duration.ofNanos(-1)));
                  bundle.terminateAfter(LONG);
                  Control.check();
                });
          });
    }

    @OnEveryScheduler
    void toString_tellsTheState(Scheduler scheduler) {
      // for people
      scheduler.run(
          () ->
              Bundle.joinAfter(
                  bundle -> {
                    assertThat(bundle).hasToString("Bundle[running, 1 at work]");
                    bundle.terminate();
                    assertThat(bundle).hasToString("Bundle[stopped, 1 at work]");
                  }));
    }
  }

  @OnEveryScheduler
  void race_ofLastChildAndJoin(Scheduler scheduler) {
    // BU-20: whether the last child or the main body is first at the end, the join returns
    scheduler.run(
        () -> {
          for (int round = 0; round < 6_000; round++) {
            int spins = round % 100;
            Bundle.joinAfter(
                bundle -> {
                  bundle.fork(ended::incrementAndGet);
                  for (int i = 0; i < spins; i++) {
                    Thread.onSpinWait();
                  }
                });
            assertThat(ended.get()).isEqualTo(round + 1);
          }
        });
  }

  @OnEveryScheduler
  void race_ofTerminateAndForks(Scheduler scheduler) {
    // every fork that returned is run and waited for, whenever the bundle is terminated
    scheduler.run(
        () -> {
          for (int round = 0; round < 1_000; round++) {
            AtomicInteger forked = new AtomicInteger();
            AtomicInteger run = new AtomicInteger();
            Bundle.joinAfter(
                bundle -> {
                  bundle.fork(
                      () -> {
                        for (; ; ) {
                          bundle.fork(run::incrementAndGet);
                          forked.incrementAndGet();
                          Control.yield();
                        }
                      });
                  bundle.fork(bundle::terminate);
                });
            assertThat(run.get()).isEqualTo(forked.get());
          }
        });
  }

  /** Counts arrivals, for want of a dependency on the package that is tested elsewhere. */
  private static final class Latched {
    private final AtomicInteger missing;
    private final Computation<Object> all = new Computation<>();

    Latched(int count) {
      missing = new AtomicInteger(count);
    }

    void arrive() {
      if (missing.decrementAndGet() == 0) {
        all.tryReturn("here");
      }
    }

    void await() {
      all.await();
    }
  }
}
