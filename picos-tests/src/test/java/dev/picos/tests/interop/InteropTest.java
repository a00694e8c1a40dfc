package dev.picos.tests.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.interop.Interop;
import dev.picos.std.channel.Channel;
import dev.picos.std.event.Event;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Promise;
import dev.picos.std.structured.TerminateException;
import dev.picos.testing.Wait;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

class InteropTest {
  private final RuntimeException reason = new CancellationException("reason");
  private final IOException checked = new IOException("checked");
  private final CompletableFuture<Integer> stage = new CompletableFuture<>();

  // Waiting for a stage

  @OnEveryScheduler
  void value_thatIsThere(Scheduler scheduler) {
    stage.complete(7);
    scheduler.run(
        () -> {
          int seven = Interop.await(stage);
          assertThat(seven).isEqualTo(7);
          Canceled.with(reason, () -> assertThat(Interop.await(stage)).isEqualTo(7));
        });
  }

  @OnEveryScheduler
  void value_thatComes(Scheduler scheduler) {
    scheduler.run(
        () -> {
          Computation<Integer> awaited = Fibers.start(() -> Interop.await(stage));
          Fibers.startBlock(() -> stage.complete(7));
          assertThat(awaited.await()).isEqualTo(7);
        });
  }

  @OnEveryScheduler
  void null_isAValue(Scheduler scheduler) {
    stage.complete(null);
    scheduler.run(() -> assertThat(Interop.await(stage)).isNull());
  }

  @OnEveryScheduler
  void failure_comesAsItWasThrown(Scheduler scheduler) {
    CompletableFuture<Integer> unchecked = CompletableFuture.failedFuture(reason);
    CompletionStage<Integer> wrapped =
        unchecked.thenApply(value -> value + 1).thenApply(value -> value + 1);
    stage.completeExceptionally(checked);
    scheduler.run(
        () -> {
          assertThatThrownBy(() -> Interop.await(unchecked)).isSameAs(reason);
          assertThatThrownBy(() -> Interop.await(wrapped)).isSameAs(reason);
          assertThatThrownBy(() -> Interop.await(stage))
              .isInstanceOf(ComputationException.class)
              .cause()
              .isSameAs(checked);
          assertThatThrownBy(() -> Interop.await(stage.minimalCompletionStage()))
              .isInstanceOf(ComputationException.class)
              .cause()
              .isSameAs(checked);
        });
  }

  @OnEveryScheduler
  void wrapperWithoutCause_isTheFailure(Scheduler scheduler) {
    CompletionException bare = new CompletionException("bare", null);
    stage.completeExceptionally(bare);
    scheduler.run(() -> assertThatThrownBy(() -> Interop.await(stage)).isSameAs(bare));
  }

  @OnEveryScheduler
  void canceledStage(Scheduler scheduler) {
    stage.cancel(true);
    scheduler.run(
        () ->
            assertThatThrownBy(() -> Interop.await(stage))
                .isInstanceOf(CancellationException.class));
  }

  @OnEveryScheduler
  void canceledBefore_cancelsTheStage(Scheduler scheduler) {
    scheduler.run(
        () ->
            Canceled.with(
                reason, () -> assertThatThrownBy(() -> Interop.await(stage)).isSameAs(reason)));
    assertThat(stage).isCancelled();
  }

  @OnEveryScheduler
  void canceledWhileItWaits_cancelsTheStage(Scheduler scheduler) {
    CompletableFuture<Integer> dependent = stage.thenApply(value -> value + 1);
    scheduler.run(
        () -> {
          Computation<Object> scope = new Computation<>();
          Computation<Integer> waiter = Fibers.startUnder(scope, () -> Interop.await(dependent));
          Wait.until(() -> dependent.getNumberOfDependents() == 1);
          scope.tryCancel(reason);
          assertThatThrownBy(waiter::await).isSameAs(reason);
        });
    assertThat(dependent).isCancelled();
    assertThat(stage).isNotDone();
  }

  @OnEveryScheduler
  void canceled_butForbidding_waits(Scheduler scheduler) {
    scheduler.run(
        () -> {
          Fibers.startBlock(() -> stage.complete(7));
          Canceled.with(
              reason,
              () -> Control.runProtected(() -> assertThat(Interop.await(stage)).isEqualTo(7)));
        });
  }

  @OnEveryScheduler
  void stageThatCannotBeCanceled_goesOn(Scheduler scheduler) {
    CompletionStage<Integer> minimal = stage.minimalCompletionStage();
    scheduler.run(
        () ->
            Canceled.with(
                reason, () -> assertThatThrownBy(() -> Interop.await(minimal)).isSameAs(reason)));
    assertThat(stage).isNotDone();
    stage.complete(7);
    assertThat(minimal.toCompletableFuture()).isCompletedWithValue(7);
  }

  @OnEveryScheduler
  void interrupt_doesNotEndTheWait(Scheduler scheduler) {
    scheduler.run(
        () -> {
          Fibers.startBlock(() -> stage.complete(7));
          Thread.currentThread().interrupt();
          assertThat(Interop.await(stage)).isEqualTo(7);
          assertThat(Thread.interrupted()).isTrue();
        });
  }

  @Test
  void plainThread_waits() {
    stage.completeOnTimeout(7, 10, TimeUnit.MILLISECONDS);
    assertThat(Interop.await(stage)).isEqualTo(7);
  }

  // Waiting for a future

  @OnEveryScheduler
  void future_thatIsDone(Scheduler scheduler) {
    FutureTask<Integer> done = new FutureTask<>(() -> 7);
    done.run();
    scheduler.run(() -> Canceled.with(reason, () -> assertThat(Interop.await(done)).isEqualTo(7)));
  }

  @OnEveryScheduler
  void future_thatWillBeDone(Scheduler scheduler) {
    FutureTask<Integer> task = new FutureTask<>(() -> 7);
    scheduler.run(
        () -> {
          Computation<Integer> awaited = Fibers.start(() -> Interop.await(task));
          Fibers.startBlock(task::run);
          assertThat(awaited.await()).isEqualTo(7);
        });
  }

  @OnEveryScheduler
  void future_thatFails(Scheduler scheduler) {
    FutureTask<Integer> failed =
        new FutureTask<>(
            () -> {
              throw checked;
            });
    failed.run();
    FutureTask<Integer> canceled = new FutureTask<>(() -> 7);
    canceled.cancel(true);
    scheduler.run(
        () -> {
          assertThatThrownBy(() -> Interop.await(failed))
              .isInstanceOf(ComputationException.class)
              .cause()
              .isSameAs(checked);
          assertThatThrownBy(() -> Interop.await(canceled))
              .isInstanceOf(CancellationException.class);
        });
  }

  @Test
  void future_thatFailsWithoutCause() {
    ExecutionException bare = new ExecutionException("bare", null);
    FutureTask<Integer> failed =
        new FutureTask<>(() -> 7) {
          @Override
          public Integer get() throws ExecutionException {
            throw bare;
          }
        };
    assertThatThrownBy(() -> Interop.await(failed))
        .isInstanceOf(ComputationException.class)
        .cause()
        .isSameAs(bare);
  }

  @OnEveryScheduler
  void future_isCanceledWithTheFiber(Scheduler scheduler) {
    FutureTask<Integer> before = new FutureTask<>(() -> 7);
    FutureTask<Integer> meanwhile = new FutureTask<>(() -> 7);
    scheduler.run(
        () -> {
          Canceled.with(
              reason, () -> assertThatThrownBy(() -> Interop.await(before)).isSameAs(reason));
          Computation<Object> scope = new Computation<>();
          Thread[] thread = new Thread[1];
          Computation<Integer> waiter =
              Fibers.startUnder(
                  scope,
                  () -> {
                    thread[0] = Thread.currentThread();
                    return Interop.await(meanwhile);
                  });
          Fiber.yield();
          Wait.until(() -> thread[0] != null && thread[0].getState() == Thread.State.WAITING);
          scope.tryCancel(reason);
          assertThatThrownBy(waiter::await).isSameAs(reason);
        });
    assertThat(before).isCancelled();
    assertThat(meanwhile).isCancelled();
  }

  @OnEveryScheduler
  void interrupt_doesNotEndTheWaitForAFuture(Scheduler scheduler) {
    FutureTask<Integer> task = new FutureTask<>(() -> 7);
    scheduler.run(
        () -> {
          Fibers.startBlock(task::run);
          Thread.currentThread().interrupt();
          assertThat(Interop.await(task)).isEqualTo(7);
          assertThat(Thread.interrupted()).isTrue();
        });
  }

  @OnEveryScheduler
  void futureThatIsAStage_isAwaitedAsOne(Scheduler scheduler) {
    Future<Integer> same = stage;
    stage.completeExceptionally(reason);
    scheduler.run(() -> assertThatThrownBy(() -> Interop.await(same)).isSameAs(reason));
  }

  // Events

  @OnEveryScheduler
  void select_betweenStageAndChannel(Scheduler scheduler) {
    scheduler.run(
        () -> {
          Channel<Integer> channel = Channel.rendezvous();
          Computation<Integer> selected =
              Fibers.start(() -> Event.select(Interop.awaitEvent(stage), channel.receiveEvent()));
          Fibers.startBlock(() -> channel.send(1));
          assertThat(selected.await()).isEqualTo(1);
          assertThat(stage).isNotDone();

          stage.complete(7);
          int seven = Event.select(Interop.awaitEvent(stage), channel.receiveEvent());
          assertThat(seven).isEqualTo(7);
        });
  }

  @OnEveryScheduler
  void select_throwsTheFailure(Scheduler scheduler) {
    stage.completeExceptionally(reason);
    scheduler.run(
        () -> assertThatThrownBy(() -> Interop.awaitEvent(stage).sync()).isSameAs(reason));
  }

  // A stage as a computation

  @OnEveryScheduler
  void computation_leavesTheStageAlone(Scheduler scheduler) {
    scheduler.run(
        () -> {
          Computation<Integer> canceled = Interop.computation(stage);
          Computation<Integer> waits = Interop.computation(stage);
          canceled.tryCancel(reason);
          assertThat(stage).isNotDone();
          stage.complete(7);
          assertThat(waits.await()).isEqualTo(7);
          assertThat(canceled.cancelReason()).isSameAs(reason);
        });
  }

  @Test
  void linkedComputation_cancelsTheStage() {
    Computation<Integer> linked = Interop.linkedComputation(stage);
    linked.tryCancel(reason);
    assertThat(stage).isCancelled();
    assertThat(linked.cancelReason()).isSameAs(reason);
  }

  @Test
  void linkedComputation_ofAStageThatIsComplete() {
    stage.complete(7);
    assertThat(Interop.linkedComputation(stage).await()).isEqualTo(7);
  }

  // A computation as a future

  @OnEveryScheduler
  void future_isCompletedAsItsComputation(Scheduler scheduler) {
    scheduler.run(
        () -> {
          Computation<Integer> computation = new Computation<>();
          CompletableFuture<Integer> before = Interop.future(computation);
          CompletableFuture<Integer> linked = Interop.linkedFuture(computation);
          assertThat(before).isNotDone();
          computation.tryReturn(7);
          assertThat(before).isCompletedWithValue(7);
          assertThat(linked).isCompletedWithValue(7);
          assertThat(Interop.future(computation)).isCompletedWithValue(7);
        });
  }

  @Test
  void future_failsAsItsComputation() {
    Computation<Integer> computation = new Computation<>();
    CompletableFuture<Integer> future = Interop.future(computation);
    computation.tryCancel(checked);
    assertThatThrownBy(future::get)
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isSameAs(checked);

    Computation<Integer> canceled = new Computation<>();
    canceled.tryCancel(new TerminateException());
    assertThat(Interop.future(canceled)).isCancelled();
  }

  @Test
  void future_thatIsCanceled_leavesNothingWithTheComputation() {
    Computation<Integer> computation = new Computation<>();
    WeakReference<Object> reference = canceledFuture(computation);
    assertThat(computation.isRunning()).isTrue();
    Wait.untilCollected(reference, computation);
  }

  private static WeakReference<Object> canceledFuture(Computation<Integer> computation) {
    CompletableFuture<Integer> future = Interop.future(computation);
    future.cancel(true);
    return new WeakReference<>(future);
  }

  @OnEveryScheduler
  void linkedFuture_cancelsItsComputation(Scheduler scheduler) {
    scheduler.run(
        () -> {
          Computation<Integer> computation = new Computation<>();
          Interop.linkedFuture(computation).cancel(true);
          assertThat(computation.cancelReason()).isInstanceOf(CancellationException.class);

          Computation<Integer> slow = new Computation<>();
          CompletableFuture<Integer> limited =
              Interop.linkedFuture(slow).orTimeout(10, TimeUnit.MILLISECONDS);
          assertThatThrownBy(limited::join).cause().isInstanceOf(TimeoutException.class);
          Wait.until(() -> !slow.isRunning()); // what depends on a future comes after its end
          assertThat(slow.cancelReason()).isInstanceOf(TimeoutException.class);

          Computation<Integer> replaced = new Computation<>();
          Interop.linkedFuture(replaced).complete(7);
          assertThat(replaced.isRunning()).isTrue();
        });
  }

  // A promise as a future

  @OnEveryScheduler
  void future_ofAPromise(Scheduler scheduler) {
    scheduler.run(
        () ->
            Bundle.run(
                bundle -> {
                  CompletableFuture<Integer> seven = Interop.future(bundle.forkAsPromise(() -> 7));
                  assertThat(Interop.await(seven)).isEqualTo(7);

                  Promise<Integer> endless =
                      bundle.forkAsPromise(
                          () -> {
                            Control.block();
                            return 7;
                          });
                  CompletableFuture<Integer> future = Interop.future(endless);
                  assertThat(future.cancel(true)).isTrue();
                  assertThat(endless.isRunning()).isTrue();

                  Interop.linkedFuture(endless).cancel(true);
                  endless.join();
                  assertThat(Interop.future(endless)).isCancelled();
                }));
  }

  // Bad input

  @Test
  void null_isRefused() {
    assertThatNullPointerException()
        .isThrownBy(() -> Interop.await((CompletionStage<Object>) null));
    assertThatNullPointerException()
        .isThrownBy(() -> Interop.await((CompletableFuture<Object>) null));
    assertThatNullPointerException().isThrownBy(() -> Interop.await((Future<Object>) null));
    assertThatNullPointerException().isThrownBy(() -> Interop.awaitEvent(null));
    assertThatNullPointerException().isThrownBy(() -> Interop.computation(null));
    assertThatNullPointerException().isThrownBy(() -> Interop.linkedComputation(null));
    assertThatNullPointerException().isThrownBy(() -> Interop.future((Computation<Object>) null));
    assertThatNullPointerException().isThrownBy(() -> Interop.future((Promise<Object>) null));
    assertThatNullPointerException()
        .isThrownBy(() -> Interop.linkedFuture((Computation<Object>) null));
    assertThatNullPointerException().isThrownBy(() -> Interop.linkedFuture((Promise<Object>) null));
  }

  @Test
  void timeout_aroundTheWait_cancelsTheStage() {
    assertThatThrownBy(() -> Control.callWithin(Duration.ofMillis(10), () -> Interop.await(stage)))
        .isInstanceOf(TimeoutException.class);
    assertThat(stage).isCancelled();
  }
}
