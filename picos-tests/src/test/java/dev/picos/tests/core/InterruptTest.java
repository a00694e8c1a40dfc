package dev.picos.tests.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.core.Trigger;
import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/** Interrupts are not cancelation. */
class InterruptTest {
  private final List<Object> log = Collections.synchronizedList(new ArrayList<>());

  @OnEveryScheduler
  void operations_withTheStatusSet(Scheduler scheduler) {
    // no operation minds the interrupt status, and none of them loses it
    scheduler.run(
        () -> {
          Thread.currentThread().interrupt();
          Fiber.yield();
          log.add(Fibers.start(() -> 42).await());
          Fiber.sleep(Duration.ofMillis(1));
          log.add(Fiber.current().isCanceled());
          log.add(Thread.interrupted());
        });

    assertThat(log).containsExactly(42, false, true);
  }

  @OnEveryScheduler
  void await_withTheStatusSet(Scheduler scheduler) throws Exception {
    // an await with the interrupt status set parks and does not spin, and keeps the status
    AtomicReference<Thread> thread = new AtomicReference<>();
    Trigger trigger = new Trigger();
    Task<Boolean> runner =
        Task.start(
            () ->
                scheduler.call(
                    () -> {
                      Thread.currentThread().interrupt();
                      thread.set(Thread.currentThread());
                      assertThat(trigger.await()).isNull();
                      return Thread.interrupted();
                    }));
    Wait.until(() -> thread.get() != null);
    Wait.until(() -> thread.get().getState() == Thread.State.WAITING);

    trigger.signal();

    assertThat(runner.result()).isTrue();
  }

  @OnEveryScheduler
  void await_interruptedMeanwhile(Scheduler scheduler) throws Exception {
    // an interrupt does not end an await, and is seen afterwards
    AtomicReference<Thread> thread = new AtomicReference<>();
    Trigger trigger = new Trigger();
    Task<Boolean> runner =
        Task.start(
            () ->
                scheduler.call(
                    () -> {
                      thread.set(Thread.currentThread());
                      assertThat(trigger.await()).isNull();
                      return Thread.interrupted();
                    }));
    Wait.until(() -> trigger.toString().equals("Trigger[awaiting]"));
    Wait.until(() -> thread.get().getState() == Thread.State.WAITING);

    thread.get().interrupt();
    Wait.until(() -> thread.get().getState() == Thread.State.WAITING);
    trigger.signal();

    assertThat(runner.result()).isTrue();
  }

  @OnEveryScheduler
  void status_isKeptForTheNextBlockingCall(Scheduler scheduler) {
    // after an await the status ends the next interruptible JDK call
    scheduler.run(
        () -> {
          Thread.currentThread().interrupt();
          Fibers.start(() -> 42).await();
          assertThatExceptionOfType(InterruptedException.class)
              .isThrownBy(() -> Thread.sleep(Duration.ofDays(1)));
          log.add(Thread.interrupted());
        });

    assertThat(log).containsExactly(false);
  }

  @OnEveryScheduler
  void status_staysWithItsFiber(Scheduler scheduler) {
    // the interrupt status that a fiber ends with is not seen by the fibers that come after it
    List<Computation<Boolean>> later = new ArrayList<>();

    scheduler.run(
        () -> {
          for (int i = 0; i < 100; i++) {
            Fibers.start(
                    () -> {
                      Thread.currentThread().interrupt();
                      return null;
                    })
                .await();
            later.add(Fibers.start(() -> Thread.currentThread().isInterrupted()));
          }
        });

    assertThat(later).hasSize(100).noneMatch(Computation::await);
  }
}
