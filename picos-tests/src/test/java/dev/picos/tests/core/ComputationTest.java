package dev.picos.tests.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** Awaiting computations and canceling them, with fibers on both sides. */
class ComputationTest {
  private final RuntimeException reason = new RuntimeException("reason");
  private final RuntimeException targetReason = new RuntimeException("of the target");
  private final Computation<Object> canceled = new Computation<>();

  ComputationTest() {
    canceled.tryCancel(reason);
  }

  @OnEveryScheduler
  void await_returnsTheValue(Scheduler scheduler) {
    // awaiting a fiber's computation gives what it returned, as often as asked, by whomever
    List<Integer> values = new ArrayList<>();

    scheduler.run(
        () -> {
          Computation<Integer> promise = Fibers.start(() -> 42);
          List<Computation<Integer>> waiters =
              Stream.generate(() -> Fibers.start(promise::await)).limit(10).toList();
          values.add(promise.await());
          values.add(promise.await());
          waiters.forEach(waiter -> values.add(waiter.await()));
        });

    assertThat(values).hasSize(12).containsOnly(42);
  }

  @OnEveryScheduler
  void await_throwsTheReason(Scheduler scheduler) {
    // awaiting a fiber that threw throws what it threw: unchecked as it is, checked as a cause
    IOException checked = new IOException();

    scheduler.run(
        () -> {
          Computation<Object> unchecked =
              Fibers.start(
                  () -> {
                    throw reason;
                  });
          Computation<Object> wrapped =
              Fibers.start(
                  () -> {
                    throw checked;
                  });
          assertThatThrownBy(unchecked::await).isSameAs(reason);
          assertThatThrownBy(wrapped::await)
              .isInstanceOf(ComputationException.class)
              .cause()
              .isSameAs(checked);
        });
  }

  @OnEveryScheduler
  void join_ignoresTheOutcome(Scheduler scheduler) {
    // Joining a fiber that threw returns normally
    scheduler.run(
        () -> {
          Computation<Object> failing =
              Fibers.start(
                  () -> {
                    throw reason;
                  });
          failing.join();
          assertThat(failing.cancelReason()).isSameAs(reason);
        });
  }

  @OnEveryScheduler
  void await_ofCompletedComputationInCanceledFiber(Scheduler scheduler) {
    // What is completed gives its outcome to a canceled fiber too
    Computation<String> returned = Computation.returned("value");
    Computation<String> failed = new Computation<>();
    failed.tryCancel(targetReason);

    String value =
        scheduler.call(
            () ->
                Fibers.startUnder(
                        canceled,
                        () -> {
                          failed.join();
                          assertThatThrownBy(failed::await).isSameAs(targetReason);
                          return returned.await();
                        })
                    .await());

    assertThat(value).isEqualTo("value");
  }

  @OnEveryScheduler
  void await_inCanceledFiber(Scheduler scheduler) {
    // a fiber canceled before it awaits throws its own reason, and the target runs on
    Computation<String> target = new Computation<>();

    scheduler.run(
        () ->
            assertThatThrownBy(() -> Fibers.startUnder(canceled, target::await).await())
                .isSameAs(reason));

    assertThat(target.isRunning()).isTrue();
  }

  @OnEveryScheduler
  void await_canceledMeanwhile(Scheduler scheduler) {
    // a fiber canceled while it awaits throws its own reason, and others go on waiting
    Computation<String> target = new Computation<>();
    Computation<Object> scope = new Computation<>();

    scheduler.run(
        () -> {
          Computation<String> staying = Fibers.start(target::await);
          Computation<String> leaving = Fibers.startUnder(scope, target::await);
          Fiber.yield();
          scope.tryCancel(reason);
          assertThatThrownBy(leaving::await).isSameAs(reason);
          boolean left = !staying.isRunning();
          target.tryReturn("value");
          assertThat(staying.await()).isEqualTo("value");
          assertThat(left).isFalse();
        });
  }

  @OnEveryScheduler
  void await_completedThenCanceled(Scheduler scheduler) {
    // canceling a fiber that has got its value changes nothing of it
    Computation<Object> scope = new Computation<>();
    Computation<String> target = new Computation<>();

    scheduler.run(
        () -> {
          Computation<String> waiter = Fibers.startUnder(scope, target::await);
          target.tryReturn("value");
          String value = waiter.await();
          scope.tryCancel(reason);
          assertThat(value).isEqualTo("value");
          assertThat(waiter.await()).isEqualTo("value");
        });
  }

  @OnEveryScheduler
  void cancelation_reachesAllThatShareIt(Scheduler scheduler) {
    // Canceling a shared computation resumes every suspended fiber that permits it
    Computation<Object> shared = new Computation<>();
    Computation<Object> never = new Computation<>();
    Computation<String> release = new Computation<>();

    scheduler.run(
        () -> {
          List<Computation<Object>> permitting =
              Stream.generate(() -> Fibers.startUnder(shared, never::await)).limit(100).toList();
          Computation<String> forbidding = new Computation<>();
          Fiber.spawn(new Fiber(shared, true), self -> forbidding.tryCapture(release::await));
          Fiber.yield();

          shared.tryCancel(reason);
          permitting.forEach(Computation::join);
          boolean resumed = !forbidding.isRunning();
          release.tryReturn("value");

          assertThat(permitting).allMatch(fiber -> fiber.cancelReason() == reason);
          assertThat(resumed).isFalse();
          assertThat(forbidding.await()).isEqualTo("value");
        });
  }

  @OnEveryScheduler
  void cancelation_ofNestedScopes(Scheduler scheduler) {
    // Canceling the outermost of 10,000 scopes cancels them all
    int depth = 10_000;
    AtomicInteger unwound = new AtomicInteger();
    List<Computation<Object>> scopes =
        Stream.<Computation<Object>>generate(Computation::new).limit(depth).toList();

    scheduler.run(
        () -> {
          Computation<Object> never = new Computation<>();
          for (int i = 1; i < depth; i++) {
            Computation.attachCanceler(scopes.get(i - 1), scopes.get(i));
          }
          List<Computation<Integer>> fibers =
              scopes.stream()
                  .map(
                      scope ->
                          Fibers.startUnder(
                              scope,
                              () -> {
                                try {
                                  never.join();
                                  return 0;
                                } catch (RuntimeException thrown) {
                                  return unwound.addAndGet(thrown == reason ? 1 : 0);
                                }
                              }))
                  .toList();
          Fiber.yield();

          scopes.getFirst().tryCancel(reason);

          assertThat(scopes).allMatch(scope -> scope.cancelReason() == reason);
          fibers.forEach(Computation::await);
        });

    assertThat(unwound).hasValue(depth);
  }

  @OnEveryScheduler
  void cancelation_ofRunningBody(Scheduler scheduler) {
    // a promise canceled while its fiber is at work cancels the fiber; the value comes too late
    scheduler.run(
        () -> {
          Computation<Object> begun = new Computation<>();
          Computation<Object> noticed = new Computation<>();
          Computation<String> promise = new Computation<>();
          Fiber.spawn(
              new Fiber(promise),
              self -> {
                boolean completed =
                    promise.tryCapture(
                        () -> {
                          begun.tryReturn(null);
                          while (!self.isCanceled()) {
                            self.runForbiddingCancelation(Fiber::yield);
                          }
                          return "too late";
                        });
                noticed.tryReturn(completed);
              });
          begun.join();

          promise.tryCancel(reason);

          assertThat(noticed.await()).isEqualTo(false);
          assertThatThrownBy(promise::await).isSameAs(reason);
        });
  }

  @OnEveryScheduler
  void await_whileTheOwnComputationReturns(Scheduler scheduler) {
    // a fiber whose own computation returns while it awaits another goes on awaiting that
    Computation<Object> own = new Computation<>();
    Computation<String> target = new Computation<>();

    scheduler.run(
        () -> {
          Computation<String> awaiting = Fibers.startUnder(own, target::await);
          Computation<Boolean> joining =
              Fibers.startUnder(
                  own,
                  () -> {
                    target.join();
                    return target.isRunning();
                  });
          Fiber.yield();
          own.tryReturn("value of its own");
          Fiber.sleep(Duration.ofMillis(1));
          target.tryReturn("value");
          assertThat(awaiting.await()).isEqualTo("value");
          assertThat(joining.await()).isFalse();
        });
  }
}
