package dev.picos.tests.structured;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.testing.Task;
import dev.picos.testing.fibers.Canceled;
import dev.picos.tests.OnEveryScheduler;
import java.io.IOException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class CancelableByInterruptTest {
  private final AtomicInteger ended = new AtomicInteger();

  private void block() {
    try {
      Control.block();
    } finally {
      ended.incrementAndGet();
    }
  }

  @OnEveryScheduler
  void interruptedMeanwhile_scopeEnds(Scheduler scheduler) {
    // An interrupt of the thread that waits in a scope cancels the scope, and is used up
    scheduler.run(
        () -> {
          Thread main = Thread.currentThread();
          assertThatThrownBy(
                  () ->
                      Control.runCancelableByInterrupt(
                          () ->
                              Bundle.run(
                                  bundle -> {
                                    bundle.fork(this::block);
                                    bundle.fork(
                                        () -> {
                                          Fiber.yield();
                                          main.interrupt();
                                          block();
                                        });
                                    block();
                                  })))
              .isInstanceOf(InterruptedException.class);
          assertThat(ended).hasValue(3);
          assertThat(Thread.interrupted()).isFalse();
          Control.check();
        });
  }

  @OnEveryScheduler
  void interruptedWhileItJoins_scopeEnds(Scheduler scheduler) {
    // Also if the main body has returned, and the scope waits for its fibers
    scheduler.run(
        () -> {
          Thread main = Thread.currentThread();
          assertThatThrownBy(
                  () ->
                      Control.callCancelableByInterrupt(
                          () ->
                              Bundle.call(
                                  bundle -> {
                                    bundle.fork(
                                        () -> {
                                          Fiber.yield();
                                          main.interrupt();
                                          block();
                                        });
                                    return "value";
                                  })))
              .isInstanceOf(InterruptedException.class);
          assertThat(ended).hasValue(1);
        });
  }

  @OnEveryScheduler
  void interruptedBefore_endsTheFirstWait(Scheduler scheduler) {
    // A status that is set before ends the first wait
    scheduler.run(
        () -> {
          Thread.currentThread().interrupt();
          assertThatThrownBy(() -> Control.runCancelableByInterrupt(this::block))
              .isInstanceOf(InterruptedException.class);
          assertThat(Thread.interrupted()).isFalse();
        });
  }

  @OnEveryScheduler
  void interruptedInVain_statusIsSetAgain(Scheduler scheduler) throws InterruptedException {
    // A body that returns in spite of the interrupt has returned, and the interrupt is not lost
    scheduler.run(
        () -> {
          int value =
              Control.callCancelableByInterrupt(
                  () -> {
                    Thread.currentThread().interrupt();
                    assertThatThrownBy(this::block).hasCauseInstanceOf(InterruptedException.class);
                    return 1;
                  });
          assertThat(value).isEqualTo(1);
          assertThat(Thread.interrupted()).isTrue();
        });
  }

  @OnEveryScheduler
  void interruptedAfterwards_cancelsNothing(Scheduler scheduler) throws InterruptedException {
    // Once it has returned, interrupts are what they were
    scheduler.run(
        () -> {
          Control.runCancelableByInterrupt(Control::yield);
          Thread.currentThread().interrupt();
          Control.yield();
          Control.sleep(java.time.Duration.ofMillis(1));
          assertThat(Thread.interrupted()).isTrue();
        });
  }

  @OnEveryScheduler
  void canceledFromOutside_throwsThatReason(Scheduler scheduler) {
    // Cancelation before and meanwhile comes out as itself
    RuntimeException reason = new CancellationException("reason");
    scheduler.run(
        () -> {
          Canceled.with(
              reason,
              () ->
                  assertThatThrownBy(() -> Control.runCancelableByInterrupt(ended::incrementAndGet))
                      .isSameAs(reason));
          Computation<Object> computation = new Computation<>();
          Canceled.under(
              computation,
              () ->
                  assertThatThrownBy(
                          () ->
                              Control.runCancelableByInterrupt(
                                  () -> {
                                    computation.tryCancel(reason);
                                    Control.block();
                                  }))
                      .isSameAs(reason));
        });
    assertThat(ended).hasValue(0);
  }

  @OnEveryScheduler
  void otherFailure_comesOut(Scheduler scheduler) {
    // What the body throws for another reason comes out unchanged
    IOException checked = new IOException("checked");
    scheduler.run(
        () ->
            assertThatThrownBy(
                    () ->
                        Control.runCancelableByInterrupt(
                            () -> {
                              throw checked;
                            }))
                .isSameAs(checked));
  }

  @Test
  void plainThread() throws Exception {
    // A plain thread that waits in a scope is stopped as its owner expects
    Task<Object> task =
        Task.start(
            () -> {
              Control.runCancelableByInterrupt(
                  () -> Bundle.run(bundle -> bundle.fork(this::block)));
              return "returned";
            });
    task.untilParked();
    task.thread().interrupt();
    assertThatThrownBy(task::result).isInstanceOf(InterruptedException.class);
    assertThat(ended).hasValue(1);
  }
}
