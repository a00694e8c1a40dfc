package dev.picos.tests.structured;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.BodyWith;
import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Promise;
import dev.picos.std.structured.TerminateException;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/** What surrounds a bundle cancels it, and so does its timeout. */
class BundleCancelationTest {
  private static final Duration SHORT = Duration.ofMillis(20);

  private final RuntimeException reason = new CancellationException("reason");
  private final AtomicInteger ended = new AtomicInteger();
  private final Computation<Object> surrounding = new Computation<>();

  @OnEveryScheduler
  void forbidden_scopeIsShielded(Scheduler scheduler) {
    // Where cancelation is forbidden a scope works in a canceled fiber as it does elsewhere
    scheduler.run(
        () ->
            Canceled.with(
                reason,
                () ->
                    Control.runProtected(
                        () -> {
                          int value =
                              Bundle.call(
                                  bundle -> {
                                    Promise<Integer> promise =
                                        bundle.forkAsPromise(
                                            () -> {
                                              Control.yield();
                                              return 3;
                                            });
                                    bundle.fork(Control::yield);
                                    return promise.await();
                                  });
                          assertThat(value).isEqualTo(3);
                          Bundle.run(
                              bundle -> {
                                bundle.fork(() -> Children.blockAndEndSlowly(ended));
                                bundle.terminate();
                                Control.yield();
                              });
                          assertThat(ended).hasValue(1);
                          assertThat(Fiber.current().forbidsCancelation()).isTrue();
                        })));
  }

  @OnEveryScheduler
  void timeoutAfter_reachesAll(Scheduler scheduler) {
    // After the delay, and not before, children and main body are canceled, and that comes out
    scheduler.run(
        () -> {
          long start = System.nanoTime();
          assertThatThrownBy(
                  () ->
                      Bundle.run(
                          bundle -> {
                            bundle.fork(() -> Children.blockAndEndSlowly(ended));
                            bundle.timeoutAfter(SHORT);
                            Control.block();
                          }))
              .isInstanceOf(ComputationException.class)
              .hasCauseInstanceOf(TimeoutException.class);
          assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(SHORT.toNanos());
          assertThat(ended).hasValue(1);
        });
  }

  @OnEveryScheduler
  void timeoutDuringTheJoin_isAnError(Scheduler scheduler) {
    // A scope whose time is over while it waits for its fibers does not return its value
    scheduler.run(
        () ->
            assertThatThrownBy(
                    () ->
                        Bundle.call(
                            bundle -> {
                              bundle.timeoutAfter(SHORT);
                              bundle.fork(() -> Children.blockAndEndSlowly(ended));
                              return "as if nothing had been cut short";
                            }))
                .hasCauseInstanceOf(TimeoutException.class));
    assertThat(ended).hasValue(1);
  }

  @OnEveryScheduler
  void parentCanceled_reachesGrandChildren(Scheduler scheduler) {
    // Cancelation of the surrounding computation reaches the children of nested bundles
    scheduler.run(
        () -> {
          Computation<Object> deepest = new Computation<>();
          Computation<Object> outer =
              Fibers.startUnder(
                  surrounding,
                  () ->
                      Bundle.call(
                          bundle -> {
                            bundle.fork(() -> nest(5, deepest));
                            return "returned";
                          }));
          deepest.await();
          TerminateException terminate = new TerminateException();
          surrounding.tryCancel(terminate);
          assertThatThrownBy(outer::await).isSameAs(terminate);
          assertThat(ended).hasValue(1);
        });
  }

  private void nest(int depth, Computation<Object> deepest) {
    if (depth == 0) {
      deepest.tryReturn("reached");
      Children.blockAndEndSlowly(ended);
    } else {
      Bundle.run(
          bundle -> {
            bundle.fork(() -> nest(depth - 1, deepest));
          });
    }
  }

  @OnEveryScheduler
  void parentCanceledWithError_isCollectedOnce(Scheduler scheduler) {
    // Children of a scope that is canceled with an exception rethrow it; it comes out once
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
    // Also when it is checked, so that each of them threw a carrier of its own
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
                Bundle.call(
                    bundle -> {
                      for (int i = 0; i < 3; i++) {
                        bundle.fork(
                            () -> {
                              latched.arrive();
                              Children.blockAndEndSlowly(ended);
                            });
                      }
                      return "returned";
                    }));
    latched.await();
    return outer;
  }

  @OnEveryScheduler
  void enteredCanceled_bodyDoesNotRun(Scheduler scheduler) {
    // In a canceled fiber the scope is not entered, and the reason thrown
    AtomicBoolean ran = new AtomicBoolean();
    Block<RuntimeException> join =
        () ->
            Bundle.run(
                bundle -> {
                  ran.set(true);
                });
    scheduler.run(
        () ->
            Canceled.with(
                reason,
                () -> {
                  assertThatThrownBy(join::run).isSameAs(reason);
                  assertThat(ran).isFalse();
                }));
  }

  @OnEveryScheduler
  void enteredUnderReturned_isNotCanceledByIt(Scheduler scheduler) {
    // a fiber whose computation has returned opens scopes like any other
    scheduler.run(
        () ->
            Canceled.under(
                Computation.returned(1),
                () -> {
                  int value =
                      Bundle.call(
                          bundle -> {
                            bundle.fork(ended::incrementAndGet);
                            return 1;
                          });
                  assertThat(value).isEqualTo(1);
                }));
    assertThat(ended).hasValue(1);
  }

  @OnEveryScheduler
  void canceledMeanwhile_valueIsLost(Scheduler scheduler) {
    // A value is lost when the caller was canceled meanwhile, unless it forbids that
    scheduler.run(
        () ->
            Canceled.under(
                surrounding,
                () -> {
                  BodyWith<Bundle, Integer, RuntimeException> body =
                      bundle -> {
                        surrounding.tryCancel(reason);
                        return 1;
                      };
                  assertThatThrownBy(() -> Bundle.call(body)).isSameAs(reason);
                }));
    Computation<Object> another = new Computation<>();
    scheduler.run(
        () ->
            Canceled.under(
                another,
                () -> {
                  int value =
                      Control.callProtected(
                          () ->
                              Bundle.call(
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
          surrounding.tryCancel(new TerminateException());
          assertThatThrownBy(outer::await).isInstanceOf(TerminateException.class);
          assertThat(ended).hasValue(3);
        });
  }

  @OnEveryScheduler
  void flagOfForbidding_isRestored(Scheduler scheduler) {
    // a caller that forbids cancelation still does afterwards, and children do not inherit it
    scheduler.run(
        () ->
            Control.runProtected(
                () -> {
                  AtomicBoolean inherited = new AtomicBoolean(true);
                  Bundle.run(
                      bundle -> {
                        bundle.fork(() -> inherited.set(Fiber.current().forbidsCancelation()));
                      });
                  assertThat(inherited).isFalse();
                  assertThat(Fiber.current().forbidsCancelation()).isTrue();
                }));
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
