package dev.picos.tests.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.core.Trigger;
import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import dev.picos.tests.OnEveryTwoSchedulers;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** Suspending on triggers, and what signals and cancelation do to it. */
class AwaitTest {
  private static final int ROUNDS = 1_000;

  private final RuntimeException reason = new RuntimeException("reason");
  private final Computation<Object> canceled = new Computation<>();

  AwaitTest() {
    canceled.tryCancel(reason);
  }

  /** A fiber that awaits a trigger under a computation of its own. */
  private static final class Waiter {
    final Computation<Object> scope = new Computation<>();
    final Trigger trigger = new Trigger();
    final Computation<Object> begun = new Computation<>();
    final Computation<Throwable> result = new Computation<>();

    private Waiter(boolean forbid) {
      Fiber.spawn(
          new Fiber(scope, forbid),
          self -> {
            begun.tryReturn(null);
            result.tryCapture(trigger::await);
          });
    }

    static Waiter permitting() {
      return new Waiter(false);
    }

    static Waiter forbidding() {
      return new Waiter(true);
    }
  }

  @OnEveryScheduler
  void await_ofSignaledTrigger(Scheduler scheduler) {
    // A signaled trigger returns null at once, to a canceled fiber as well
    Throwable result =
        scheduler.call(
            () ->
                Fibers.startUnder(
                        canceled,
                        () -> {
                          Trigger trigger = new Trigger();
                          trigger.signal();
                          return trigger.await();
                        })
                    .await());

    assertThat(result).isNull();
  }

  @OnEveryScheduler
  void await_endsWithTheSignal(Scheduler scheduler) {
    // a fiber signaled by another goes on, with null
    scheduler.run(
        () -> {
          Waiter waiter = Waiter.permitting();
          waiter.begun.join();

          waiter.trigger.signal();

          assertThat(waiter.result.await()).isNull();
        });
  }

  @OnEveryScheduler
  void await_endsWithCancelation(Scheduler scheduler) {
    // a fiber canceled in its await goes on with the very reason, and the trigger is signaled
    scheduler.run(
        () -> {
          Waiter waiter = Waiter.permitting();
          waiter.begun.join();

          waiter.scope.tryCancel(reason);

          assertThat(waiter.result.await()).isSameAs(reason);
          assertThat(waiter.trigger.isSignaled()).isTrue();
        });
  }

  @OnEveryScheduler
  void await_whenCanceled(Scheduler scheduler) {
    // a canceled fiber does not suspend: it gets the reason, and the trigger is disposed of
    scheduler.run(
        () -> {
          Trigger trigger = new Trigger();

          Throwable result = Fibers.startUnder(canceled, trigger::await).await();

          assertThat(result).isSameAs(reason);
          assertThat(trigger.isSignaled()).isTrue();
        });
  }

  @OnEveryScheduler
  void await_whenForbidden(Scheduler scheduler) {
    // A fiber that forbids cancelation stays suspended when canceled, until the signal
    scheduler.run(
        () -> {
          Waiter waiter = Waiter.forbidding();
          waiter.begun.join();
          waiter.scope.tryCancel(reason);
          Fiber.yield();
          boolean signaled = waiter.trigger.isSignaled();
          boolean ended = !waiter.result.isRunning();

          waiter.trigger.signal();

          assertThat(signaled).isFalse();
          assertThat(ended).isFalse();
          assertThat(waiter.result.await()).isNull();
        });
  }

  @OnEveryScheduler
  void await_underReturnedComputation(Scheduler scheduler) {
    // a fiber whose computation has returned cannot be canceled any more, and awaits the signal
    scheduler.run(
        () -> {
          Trigger trigger = new Trigger();
          Computation<Throwable> waiter =
              Fibers.startUnder(Computation.returned("value"), trigger::await);
          while (trigger.toString().equals("Trigger[initial]")) {
            Fiber.yield();
          }
          boolean ended = !waiter.isRunning();

          trigger.signal();

          assertThat(ended).isFalse();
          assertThat(waiter.await()).isNull();
        });
  }

  @OnEveryScheduler
  void await_byTwo(Scheduler scheduler) {
    // a second fiber that awaits the same trigger is refused; the first goes on as it would
    scheduler.run(
        () -> {
          Waiter waiter = Waiter.permitting();
          while (waiter.trigger.toString().equals("Trigger[initial]")) {
            Fiber.yield();
          }

          assertThatIllegalStateException()
              .isThrownBy(() -> assertThat(waiter.trigger.await()).isNull());
          waiter.trigger.signal();

          assertThat(waiter.result.await()).isNull();
        });
  }

  @OnEveryScheduler
  void await_canceledAndSignaled(Scheduler scheduler) {
    // A fiber both signaled and canceled goes on once, with either result
    List<Throwable> results = new ArrayList<>();

    scheduler.run(
        () -> {
          for (int i = 0; i < ROUNDS; i++) {
            Waiter waiter = Waiter.permitting();
            Computation<Object> signaler =
                Fibers.start(
                    () -> {
                      waiter.trigger.signal();
                      return null;
                    });
            waiter.scope.tryCancel(reason);
            signaler.await();
            results.add(waiter.result.await());
          }
        });

    assertThat(results).hasSize(ROUNDS).isSubsetOf(Arrays.asList(null, reason));
  }

  @OnEveryScheduler
  void await_racingWithForeignSignalAndCancelation(Scheduler scheduler) throws Exception {
    // The same when a plain thread signals and cancels while the fiber is about to suspend
    LinkedBlockingQueue<Waiter> waiters = new LinkedBlockingQueue<>();
    AtomicInteger ended = new AtomicInteger();
    Task<Object> foreign =
        Task.start(
            () -> {
              for (int i = 0; i < ROUNDS; i++) {
                Waiter waiter = waiters.take();
                waiter.trigger.signal();
                waiter.scope.tryCancel(reason);
              }
              return null;
            });

    scheduler.run(
        () -> {
          for (int i = 0; i < ROUNDS; i++) {
            Waiter waiter = Waiter.permitting();
            waiters.add(waiter);
            assertThat(waiter.result.await()).isIn(null, reason);
            ended.incrementAndGet();
          }
        });

    assertThat(foreign.result()).isNull();
    assertThat(ended).hasValue(ROUNDS);
  }

  @OnEveryScheduler
  void await_wokenFromPlainThread(Scheduler scheduler) throws Exception {
    // Plain threads wake fibers, and no wake-up is lost
    LinkedBlockingQueue<Trigger> triggers = new LinkedBlockingQueue<>();
    List<Task<Object>> wakers =
        Stream.of(Task.Kind.values())
            .map(
                kind ->
                    Task.<Object>start(
                        kind,
                        () -> {
                          for (int i = 0; i < ROUNDS; i++) {
                            triggers.take().signal();
                          }
                          return null;
                        }))
            .toList();
    AtomicInteger woken = new AtomicInteger();

    scheduler.run(
        () -> {
          for (int fiber = 0; fiber < 10; fiber++) {
            Fibers.start(
                () -> {
                  for (int i = 0; i < 2 * ROUNDS / 10; i++) {
                    Trigger trigger = new Trigger();
                    triggers.add(trigger);
                    woken.addAndGet(trigger.await() == null ? 1 : 0);
                  }
                  return null;
                });
          }
        });

    for (Task<Object> waker : wakers) {
      waker.result();
    }
    assertThat(woken).hasValue(2 * ROUNDS);
  }

  @OnEveryScheduler
  void await_wokenAfterSuspending(Scheduler scheduler) throws Exception {
    // A run all of whose fibers are suspended is woken by a plain thread
    Trigger trigger = new Trigger();
    Task<Throwable> runner = Task.start(() -> scheduler.call(trigger::await));
    Wait.until(() -> trigger.toString().equals("Trigger[awaiting]"));
    runner.untilParked();

    trigger.signal();

    assertThat(runner.result()).isNull();
  }

  @OnEveryTwoSchedulers
  void await_wokenFromAnotherScheduler(Scheduler one, Scheduler other) throws Exception {
    // fibers of two schedulers take turns, waking each other
    List<Computation<Integer>> pings =
        Stream.generate(() -> new Computation<Integer>()).limit(500).toList();
    List<Computation<Integer>> pongs =
        Stream.generate(() -> new Computation<Integer>()).limit(500).toList();

    Task<Integer> ponger =
        Task.start(
            () ->
                other.call(
                    () -> {
                      for (int i = 0; i < 500; i++) {
                        pongs.get(i).tryReturn(pings.get(i).await() + 1);
                      }
                      return 0;
                    }));
    int sum =
        one.call(
            () -> {
              int last = 0;
              for (int i = 0; i < 500; i++) {
                pings.get(i).tryReturn(last);
                last = pongs.get(i).await();
              }
              return last;
            });

    assertThat(sum).isEqualTo(500);
    assertThat(ponger.result()).isZero();
  }

  @OnEveryScheduler
  void await_publishes(Scheduler scheduler) {
    // what the signaler did before is seen by the fiber that it wakes
    scheduler.run(
        () -> {
          int[] cell = {0};
          for (int i = 1; i <= ROUNDS; i++) {
            int written = i;
            Trigger trigger = new Trigger();
            Fibers.start(
                () -> {
                  cell[0] = written;
                  trigger.signal();
                  return null;
                });
            assertThat(trigger.await()).isNull();
            assertThat(cell[0]).isEqualTo(i);
          }
        });
  }

  @OnEveryScheduler
  void await_leavesNothingBehind(Scheduler scheduler) throws Exception {
    // A fiber that has been resumed holds the trigger no more, nor does its computation
    Computation<WeakReference<Trigger>> garbage = new Computation<>();
    Computation<Object> release = new Computation<>();
    Task<Object> runner =
        Task.start(
            () ->
                scheduler.call(
                    () -> {
                      garbage.tryReturn(awaitGarbage());
                      return release.await();
                    }));

    Wait.untilCollected(garbage.await());

    release.tryReturn("released");
    assertThat(runner.result()).isEqualTo("released");
  }

  private static WeakReference<Trigger> awaitGarbage() {
    Trigger trigger = new Trigger();
    Fibers.start(
        () -> {
          trigger.signal();
          return null;
        });
    assertThat(trigger.await()).isNull();
    return new WeakReference<>(trigger);
  }

  @OnEveryScheduler
  void operations_ofCanceledFiber(Scheduler scheduler) {
    // In whatever order a canceled fiber tries its operations, each reports the reason
    Computation<Object> running = new Computation<>();
    List<Runnable> operations =
        new ArrayList<>(
            List.of(
                () -> assertThat(new Trigger().await()).isSameAs(reason),
                () -> assertThatThrownBy(Fiber::yield).isSameAs(reason),
                () -> assertThatThrownBy(() -> Fiber.current().check()).isSameAs(reason),
                () -> assertThatThrownBy(() -> Fiber.sleep(Duration.ZERO)).isSameAs(reason),
                () -> assertThatThrownBy(() -> Fibers.start(() -> 42)).isSameAs(reason),
                () -> assertThatThrownBy(running::await).isSameAs(reason),
                () -> assertThatThrownBy(running::join).isSameAs(reason),
                () ->
                    assertThatThrownBy(() -> running.cancelAfter(Duration.ZERO, reason))
                        .isSameAs(reason)));
    AtomicInteger done = new AtomicInteger();

    scheduler.run(
        () -> {
          for (int seed = 0; seed < 50; seed++) {
            Collections.shuffle(operations, new Random(seed));
            Fibers.startUnder(
                    canceled,
                    () -> {
                      operations.forEach(Runnable::run);
                      return done.incrementAndGet();
                    })
                .await();
          }
        });

    assertThat(done).hasValue(50);
    assertThat(running.isRunning()).isTrue();
  }
}
