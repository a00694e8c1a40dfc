package dev.picos.tests.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.FatalFiberError;
import dev.picos.core.Fiber;
import dev.picos.core.Handler;
import dev.picos.core.Scheduler;
import dev.picos.core.Trigger;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import dev.picos.tests.OnEveryTwoSchedulers;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/** What happens when an exception leaves the main of a fiber. */
class FatalErrorTest {
  private final RuntimeException thrown = new RuntimeException("left the main of a fiber");
  private final Computation<Object> never = new Computation<>();
  private final List<Object> log = Collections.synchronizedList(new ArrayList<>());

  private static FatalFiberError fatal(Scheduler scheduler, Block<?> main) {
    return catchThrowableOfType(FatalFiberError.class, () -> scheduler.run(main));
  }

  @OnEveryScheduler
  void run_throwsFatalFiberError(Scheduler scheduler) {
    // Unlike in the original, nothing exits, and run throws an error whose cause is what escaped
    List<Throwable> throwables =
        List.of(thrown, new IOException(), new AssertionError(), new Throwable());

    for (Throwable each : throwables) {
      FatalFiberError error = fatal(scheduler, () -> Fibers.startThrowing(each));

      assertThat(error).cause().isSameAs(each);
    }
  }

  @OnEveryScheduler
  void run_throwsWhatMainOfGivenFiberThrew(Scheduler scheduler) {
    // An exception that leaves the main of a given fiber is fatal like any other
    FatalFiberError error =
        catchThrowableOfType(
            FatalFiberError.class,
            () -> scheduler.run(new Fiber(new Computation<>()), self -> Fibers.sneak(thrown)));

    assertThat(error).cause().isSameAs(thrown);
  }

  @OnEveryScheduler
  void run_countsFibersLeft(Scheduler scheduler) {
    // the error says how many fibers had not ended: here main and the three that it started
    FatalFiberError error =
        fatal(
            scheduler,
            () -> {
              Fibers.start(never::await);
              Fibers.start(never::await);
              Fibers.start(never::await);
              Fibers.startThrowing(thrown);
              never.join();
            });

    assertThat(error).cause().isSameAs(thrown);
    assertThat(error).hasMessageEndingWith("fibers left behind: 4");
  }

  @OnEveryScheduler
  void failedRun_leavesBehindWhatIsHandedOverToIt(Scheduler scheduler) {
    // a fiber that is handed over to a run that has failed never starts, like those left behind
    List<Handler> home = new ArrayList<>();
    FatalFiberError error =
        fatal(
            scheduler,
            () -> {
              home.add(Handler.ofCurrentThread());
              Fibers.startThrowing(thrown);
              never.join();
            });

    Fiber.spawnIn(home.get(0), new Fiber(new Computation<>()), self -> log.add("ran"));
    scheduler.run(() -> log.add("another run"));

    assertThat(error).cause().isSameAs(thrown);
    assertThat(log).containsExactly("another run");
  }

  @OnEveryScheduler
  void run_stopsBusyFibers(Scheduler scheduler) {
    // A hundred fibers that only yield do not keep the run from stopping
    FatalFiberError error =
        fatal(
            scheduler,
            () -> {
              for (int i = 0; i < 100; i++) {
                Fibers.start(
                    () -> {
                      while (true) {
                        Fiber.yield();
                      }
                    });
              }
              Fiber.yield();
              Fibers.startThrowing(thrown);
            });

    assertThat(error).cause().isSameAs(thrown);
  }

  @OnEveryScheduler
  void run_stopsByDescendant(Scheduler scheduler) {
    // It makes no difference how deep down the exception escapes, or after what
    FatalFiberError error =
        fatal(
            scheduler,
            () ->
                Fibers.start(
                    () -> {
                      Fiber.yield();
                      Fibers.start(
                          () -> {
                            Fiber.yield();
                            Fibers.startThrowing(thrown);
                            return never.await();
                          });
                      return never.await();
                    }));

    assertThat(error).cause().isSameAs(thrown);
  }

  @OnEveryScheduler
  void run_ofEscapingCancelation(Scheduler scheduler) {
    // a cancelation that leaves the main of a fiber is no exception to this
    Computation<Object> canceled = new Computation<>();
    canceled.tryCancel(thrown);

    FatalFiberError error =
        fatal(scheduler, () -> Fiber.spawn(new Fiber(canceled), self -> Fiber.yield()));

    assertThat(error).cause().isSameAs(thrown);
  }

  @OnEveryScheduler
  void fibersLeft_areNeitherUnwoundNorResumed(Scheduler scheduler) {
    // a fiber left behind goes no further; wake-ups of it are accepted and dropped
    Trigger trigger = new Trigger();
    Computation<Object> scope = new Computation<>();
    Computation<Object> promise = new Computation<>();
    AtomicReference<Thread> second = new AtomicReference<>(Thread.currentThread());
    FatalFiberError error =
        fatal(
            scheduler,
            () -> {
              Fibers.startUnder(
                  scope,
                  () -> {
                    try {
                      return trigger.await();
                    } finally {
                      log.add("woken by signal or cancelation");
                    }
                  });
              Fibers.start(
                  () -> {
                    second.set(Thread.currentThread());
                    try {
                      return promise.await();
                    } finally {
                      log.add("woken by completion");
                    }
                  });
              while (trigger.toString().equals("Trigger[initial]")
                  || !second.get().isVirtual()
                  || second.get().getState() != Thread.State.WAITING) {
                Fiber.yield();
              }
              Fiber.yield();
              Fibers.startThrowing(thrown);
            });

    assertThatCode(trigger::signal).doesNotThrowAnyException();
    assertThat(scope.tryCancel(thrown)).isTrue();
    assertThat(promise.tryReturn("value")).isTrue();
    scheduler.run(
        () -> {
          for (int i = 0; i < 100; i++) {
            Fibers.start(() -> 1).await();
          }
        });

    assertThat(error).cause().isSameAs(thrown);
    assertThat(log).isEmpty();
  }

  @OnEveryScheduler
  void run_afterFatalError(Scheduler scheduler) {
    // a fatal error ends its own run; the scheduler may be used again, time after time
    for (int i = 0; i < 50; i++) {
      FatalFiberError error =
          fatal(
              scheduler,
              () -> {
                Fibers.start(never::await);
                Fibers.startThrowing(thrown);
                never.join();
              });
      int value = scheduler.call(() -> Fibers.start(() -> 42).await());

      assertThat(error).cause().isSameAs(thrown);
      assertThat(value).isEqualTo(42);
    }
  }

  @OnEveryTwoSchedulers
  void run_inFiber(Scheduler outer, Scheduler inner) {
    // a fatal error of an inner run comes out in the outer fiber, whose run goes on
    int value =
        outer.call(
            () -> {
              Computation<Integer> sibling = Fibers.start(() -> 42);
              assertThatThrownBy(
                      () ->
                          inner.run(
                              () -> {
                                Fibers.start(never::await);
                                Fibers.startThrowing(thrown);
                              }))
                  .isInstanceOf(FatalFiberError.class)
                  .cause()
                  .isSameAs(thrown);
              Fiber.yield();
              return sibling.await();
            });

    assertThat(value).isEqualTo(42);
  }
}
