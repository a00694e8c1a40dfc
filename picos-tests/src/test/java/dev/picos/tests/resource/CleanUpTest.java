package dev.picos.tests.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.BlockWith;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.resource.Closing;
import dev.picos.std.resource.Owned;
import dev.picos.std.resource.Using;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Flock;
import dev.picos.std.structured.Promise;
import dev.picos.std.structured.Run;
import dev.picos.std.sync.Ivar;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeoutException;

/**
 * A release may use scopes and limits, which work within it although its fiber is canceled: it is
 * itself where cancelation does not reach.
 */
class CleanUpTest {
  private static final Duration HOUR = Duration.ofHours(1);
  private static final Duration MOMENT = Duration.ofMillis(1);

  private final RuntimeException reason = new CancellationException("reason");
  private final RuntimeException error = new IllegalStateException("error");
  private final Queue<String> released = new ConcurrentLinkedQueue<>();

  /** Does something that takes a while, and that cancelation would cut short. */
  private void release(String what) {
    for (int i = 0; i < 5; i++) {
      Fiber.yield();
    }
    Fiber.sleep(MOMENT);
    released.add(what);
  }

  /** Runs {@code release} in fibers that are canceled before it, in each way that there is. */
  private void inCanceledFibers(Scheduler scheduler, Block<TimeoutException> release) {
    BlockWith<String, TimeoutException> releaseIt = resource -> release.run();
    inCanceledFiber(
        scheduler, () -> Using.run(() -> "resource", releaseIt, resource -> Control.block()));
    inCanceledFiber(scheduler, () -> Using.runLastly(release, () -> Control.block()));
    inCanceledFiber(
        scheduler,
        () -> {
          try (var closing = Closing.acquire(() -> "resource", releaseIt)) {
            assertThat(closing.get()).isEqualTo("resource");
            Control.block();
          }
        });
    inCanceledFiber(scheduler, () -> Owned.run(() -> "resource", releaseIt, owned -> {}));
    inCanceledFiber(
        scheduler,
        () ->
            Owned.run(
                () -> "resource", releaseIt, owned -> owned.runMoved(moved -> Control.block())));
  }

  private void inCanceledFiber(Scheduler scheduler, Block<TimeoutException> work) {
    released.clear();
    scheduler.run(
        () -> {
          Computation<Object> computation = new Computation<>();
          Computation<Object> result =
              Fibers.startUnder(
                  computation,
                  () -> {
                    work.run();
                    return "over";
                  });
          for (int i = 0; i < 10; i++) {
            Fiber.yield();
          }
          computation.tryCancel(reason);
          assertThatThrownBy(result::await).isSameAs(reason).hasNoSuppressedExceptions();
        });
    assertThat(released).containsExactlyInAnyOrder("one", "two");
  }

  @OnEveryScheduler
  void withLimit(Scheduler scheduler) {
    // A release that has a limit, and keeps to it, is not cut short
    inCanceledFibers(
        scheduler,
        () ->
            Control.runWithin(
                HOUR,
                () -> {
                  release("one");
                  release("two");
                }));
  }

  @OnEveryScheduler
  void withLimit_exceeded(Scheduler scheduler) {
    // the limit ends what takes too long, and the rest of the release goes on
    inCanceledFibers(
        scheduler,
        () -> {
          release("one");
          assertThatThrownBy(() -> Control.runWithin(MOMENT, () -> new Ivar<String>().read()))
              .isInstanceOf(TimeoutException.class);
          release("two");
        });
  }

  @OnEveryScheduler
  void inParallel(Scheduler scheduler) {
    // Two are released in fibers of their own, which are not cut short either
    inCanceledFibers(scheduler, () -> Run.all(() -> release("one"), () -> release("two")));
  }

  @OnEveryScheduler
  void inParallel_oneFails(Scheduler scheduler) {
    // where one of two fails the other is canceled, as in any scope, and the error comes out
    inCanceledFibers(
        scheduler,
        () -> {
          release("one");
          assertThatThrownBy(
                  () ->
                      Run.all(
                          () -> new Ivar<String>().read(),
                          () -> {
                            throw error;
                          }))
              .isSameAs(error);
          release("two");
        });
  }

  @OnEveryScheduler
  void inFlock(Scheduler scheduler) {
    // A flock is joined, and so are the promises forked in it
    inCanceledFibers(
        scheduler,
        () ->
            Flock.run(
                () -> {
                  Promise<String> name =
                      Flock.forkAsPromise(
                          () -> {
                            Fiber.yield();
                            return "one";
                          });
                  Flock.fork(() -> release("two"));
                  release(name.await());
                }));
  }

  @OnEveryScheduler
  void inBundle_insideALimit(Scheduler scheduler) {
    // scopes and limits nest as anywhere else
    inCanceledFibers(
        scheduler,
        () ->
            Control.runWithin(
                HOUR,
                () ->
                    Bundle.run(
                        bundle -> {
                          bundle.fork(() -> Run.all(() -> release("one")));
                          bundle.fork(() -> Control.runWithin(HOUR, () -> release("two")));
                        })));
  }

  @OnEveryScheduler
  void canceledDuringTheRelease(Scheduler scheduler) {
    // Cancelation that comes in the middle of such a release is delivered after it
    scheduler.run(
        () -> {
          Computation<Object> computation = new Computation<>();
          Ivar<String> begun = new Ivar<>();
          Computation<Object> result =
              Fibers.startUnder(
                  computation,
                  () -> {
                    Using.runLastly(
                        () ->
                            Flock.run(
                                () -> {
                                  begun.fill("begun");
                                  Flock.fork(() -> release("one"));
                                  release("two");
                                }),
                        () -> {});
                    Control.check();
                    return "over";
                  });
          begun.read();
          computation.tryCancel(reason);
          assertThatThrownBy(result::await).isSameAs(reason);
        });
    assertThat(released).containsExactlyInAnyOrder("one", "two");
  }

  @OnEveryScheduler
  void failsInAScope(Scheduler scheduler) {
    // what fails in a scope of the release is suppressed by the reason
    scheduler.run(
        () ->
            Canceled.with(
                reason,
                () ->
                    assertThatThrownBy(
                            () ->
                                Using.runLastly(
                                    () ->
                                        Flock.run(
                                            () -> {
                                              Flock.fork(
                                                  () -> {
                                                    throw error;
                                                  });
                                            }),
                                    () -> Control.block()))
                        .isSameAs(reason)));
    assertThat(reason.getSuppressed()).containsExactly(error);
  }
}
