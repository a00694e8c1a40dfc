package dev.picos.tests.domains;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Named.named;

import dev.picos.core.Computation;
import dev.picos.core.FatalFiberError;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import dev.picos.domains.Domains;
import dev.picos.domains.Service;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import dev.picos.std.structured.Flock;
import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import dev.picos.tests.Fibers;
import java.io.IOException;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Runs that take work from outside, until they are closed. */
@Timeout(60)
class ServiceTest {
  private static final RuntimeException REASON = new RuntimeException("canceled by the test");

  @Retention(RetentionPolicy.RUNTIME)
  @ParameterizedTest
  @MethodSource("schedulers")
  @interface OnEachThatStarts {}

  static Stream<Named<Supplier<Service>>> schedulers() {
    return Stream.of(
        named("fifo", () -> FifoScheduler.create().start()),
        named("fifo quota 1", () -> FifoScheduler.builder().quota(1).build().start()),
        named("fifo fresh", () -> FifoScheduler.builder().freshThreads(true).build().start()),
        named("multififo 1", () -> MultiFifoScheduler.builder().domains(1).build().start()),
        named("multififo 2", () -> MultiFifoScheduler.builder().domains(2).build().start()),
        named(
            "multififo 2 quota 3",
            () -> MultiFifoScheduler.builder().domains(2).quota(3).build().start()));
  }

  private static Fiber fiber() {
    return new Fiber(new Computation<>(), false);
  }

  // Submitting

  @OnEachThatStarts
  void submit_fromAnywhere_returnsTheResult(Supplier<Service> scheduler) throws Exception {
    try (Service service = scheduler.get()) {
      assertThat(service.submit(() -> 6 * 7).await()).isEqualTo(42);
      for (Task.Kind kind : Task.Kind.values()) {
        Task<Integer> task = Task.start(kind, () -> service.submit(() -> 43).await());
        assertThat(task.result()).isEqualTo(43);
      }
      int fromFiber = FifoScheduler.create().call(() -> service.submit(() -> 44).await());
      int fromItsFiber = service.submit(() -> service.submit(() -> 45).await()).await();
      assertThat(List.of(fromFiber, fromItsFiber)).containsExactly(44, 45);
    }
  }

  @OnEachThatStarts
  void submit_fiber_runsItWithItsComputationAndLocals(Supplier<Service> scheduler) {
    Fiber fiber = fiber();
    Computation<Fiber> ran = new Computation<>();
    try (Service service = scheduler.get()) {
      service.submit(fiber, self -> ran.tryReturn(Fiber.current()));
      assertThat(ran.await()).isSameAs(fiber);
    }
  }

  @OnEachThatStarts
  void submit_manyThreads_losesNothing(Supplier<Service> scheduler) throws Exception {
    int each = 5_000;
    AtomicInteger ran = new AtomicInteger();
    Service service = scheduler.get();
    List<Task<Object>> tasks = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      tasks.add(
          Task.start(
              () -> {
                for (int k = 0; k < each; k++) {
                  service.submit(ran::incrementAndGet);
                }
                return null;
              }));
    }
    for (Task<?> task : tasks) {
      task.result();
    }
    service.close();
    assertThat(ran).hasValue(4 * each);
  }

  @OnEachThatStarts
  void bodyThatThrows_cancelsItsResultOnly(Supplier<Service> scheduler) {
    IOException thrown = new IOException("of the body");
    try (Service service = scheduler.get()) {
      Computation<Integer> result =
          service.submit(
              () -> {
                throw thrown;
              });
      result.join();
      assertThat(result.cancelReason()).isSameAs(thrown);
      assertThat(service.submit(() -> 1).await()).isEqualTo(1);
    }
  }

  @OnEachThatStarts
  void resultThatIsCanceled_cancelsTheFiber(Supplier<Service> scheduler) {
    try (Service service = scheduler.get()) {
      Trigger trigger = new Trigger();
      Computation<Throwable> seen = new Computation<>();
      Computation<?> result = service.submit(() -> seen.tryReturn(trigger.await()));
      Wait.until(() -> isAwaited(trigger));
      result.tryCancel(REASON);
      assertThat(seen.await()).isSameAs(REASON);
    }
  }

  private static void submitWaiter(Service service, Trigger trigger, AtomicBoolean ended) {
    service.submit(
        () -> {
          boolean canceled = trigger.await() != null;
          ended.set(true);
          return canceled;
        });
  }

  private static boolean isAwaited(Trigger trigger) {
    return catchThrowable(trigger::isInitial) != null;
  }

  @OnEachThatStarts
  void nulls_areRefused(Supplier<Service> scheduler) {
    try (Service service = scheduler.get()) {
      assertThatNullPointerException().isThrownBy(() -> service.submit(null));
      assertThatNullPointerException().isThrownBy(() -> service.submit(null, self -> {}));
      assertThatNullPointerException().isThrownBy(() -> service.submit(fiber(), null));
    }
  }

  // Closing

  @OnEachThatStarts
  void close_waitsForEveryFiber(Supplier<Service> scheduler) throws Exception {
    Service service = scheduler.get();
    Computation<Boolean> gate = new Computation<>();
    AtomicInteger ended = new AtomicInteger();
    for (int i = 0; i < 10; i++) {
      service.submit(
          () -> {
            Fibers.start(
                () -> {
                  gate.join();
                  Fiber.yield();
                  return ended.incrementAndGet();
                });
            return ended.incrementAndGet();
          });
    }
    Task<Integer> closing =
        Task.start(
            () -> {
              service.close();
              return ended.get();
            });
    closing.untilParked();
    assertThat(ended).hasValueLessThanOrEqualTo(10);
    gate.tryReturn(true);
    assertThat(closing.result()).isEqualTo(20);
  }

  @OnEachThatStarts
  void close_ofAnIdleService_returns(Supplier<Service> scheduler) {
    scheduler.get().close();
    Service service = scheduler.get();
    service.submit(() -> 1).await();
    service.close();
    service.close();
    service.closeNow();
  }

  @OnEachThatStarts
  void closeNow_cancelsWhatWasSubmitted(Supplier<Service> scheduler) {
    Service service = scheduler.get();
    List<Computation<Object>> results = new ArrayList<>();
    AtomicInteger children = new AtomicInteger();
    for (int i = 0; i < 10; i++) {
      results.add(
          service.submit(
              () ->
                  Flock.joinAfter(
                      () -> {
                        Flock.fork(
                            () -> {
                              try {
                                new Computation<>().join();
                              } finally {
                                children.incrementAndGet();
                              }
                            });
                        new Computation<>().join();
                        return null;
                      })));
    }
    results.forEach(result -> assertThat(result.isRunning()).isTrue());

    service.closeNow();

    for (Computation<?> result : results) {
      assertThat(result.cancelReason())
          .isInstanceOf(CancellationException.class)
          .hasMessage(service + " has been closed");
    }
    assertThat(children).hasValueLessThanOrEqualTo(10); // a flock canceled early forks nothing
  }

  @OnEachThatStarts
  void closeNow_leavesFibersOfTheCallersOwnAlone(Supplier<Service> scheduler) throws Exception {
    Service service = scheduler.get();
    Trigger trigger = new Trigger();
    Computation<Boolean> wasCanceled = new Computation<>();
    service.submit(fiber(), self -> wasCanceled.tryReturn(trigger.await() != null));
    Task<?> closing =
        Task.start(
            () -> {
              service.closeNow();
              return null;
            });
    closing.untilParked();
    trigger.signal();
    closing.result();
    assertThat(wasCanceled.await()).isFalse();
  }

  @OnEachThatStarts
  void closed_rejects(Supplier<Service> scheduler) {
    Service service = scheduler.get();
    service.close();
    AtomicBoolean ran = new AtomicBoolean();
    assertThatThrownBy(() -> service.submit(() -> ran.getAndSet(true)))
        .isInstanceOf(RejectedExecutionException.class)
        .hasMessage(service + " has been closed");
    assertThatThrownBy(() -> service.submit(fiber(), self -> ran.set(true)))
        .isInstanceOf(RejectedExecutionException.class)
        .hasNoCause();
    assertThat(ran).isFalse();
  }

  @OnEachThatStarts
  void closeWhileOthersSubmit_runsWhatItAccepts(Supplier<Service> scheduler) throws Exception {
    for (int round = 0; round < 50; round++) {
      Service service = scheduler.get();
      AtomicInteger ran = new AtomicInteger();
      AtomicBoolean go = new AtomicBoolean();
      List<Task<Integer>> submitters = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        submitters.add(
            Task.start(
                () -> {
                  int accepted = 0;
                  try {
                    for (; ; accepted++) {
                      service.submit(ran::incrementAndGet);
                      go.set(true);
                    }
                  } catch (RejectedExecutionException e) {
                    return accepted;
                  }
                }));
      }
      while (!go.get()) {
        Thread.onSpinWait();
      }
      service.close();
      int ranAtTheEnd = ran.get();
      int accepted = 0;
      for (Task<Integer> submitter : submitters) {
        accepted += submitter.result();
      }
      assertThat(ranAtTheEnd).isEqualTo(accepted).isEqualTo(ran.get());
    }
  }

  @OnEachThatStarts
  void close_bySeveral_allWait(Supplier<Service> scheduler) throws Exception {
    Service service = scheduler.get();
    Trigger trigger = new Trigger();
    AtomicBoolean ended = new AtomicBoolean();
    submitWaiter(service, trigger, ended);
    List<Task<Boolean>> closing = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      boolean now = i == 2;
      closing.add(
          Task.start(
              () -> {
                if (now) {
                  service.closeNow();
                } else {
                  service.close();
                }
                return ended.get();
              }));
    }
    for (Task<Boolean> each : closing) {
      assertThat(each.result()).isTrue();
    }
  }

  @OnEachThatStarts
  @SuppressWarnings("try") // closes it itself
  void close_inAFiberOfTheService_isRefused(Supplier<Service> scheduler) {
    try (Service service = scheduler.get()) {
      assertThatIllegalStateException()
          .isThrownBy(
              () ->
                  service
                      .submit(
                          () -> {
                            service.close();
                            return 1;
                          })
                      .await())
          .withMessageContaining("would wait for its own end");
      assertThatIllegalStateException()
          .isThrownBy(
              () ->
                  service
                      .submit(
                          () -> {
                            service.closeNow();
                            return 1;
                          })
                      .await());
      assertThat(service.submit(() -> 2).await()).isEqualTo(2);
    }
  }

  @OnEachThatStarts
  void close_byAnInterruptedThread_waitsAndKeepsTheStatus(Supplier<Service> scheduler)
      throws Exception {
    Service service = scheduler.get();
    Trigger trigger = new Trigger();
    AtomicBoolean ended = new AtomicBoolean();
    submitWaiter(service, trigger, ended);
    Task<Boolean> closing =
        Task.start(
            () -> {
              Thread.currentThread().interrupt();
              service.close();
              return Thread.interrupted() && ended.get();
            });
    Wait.until(() -> isAwaited(trigger));
    trigger.signal();
    assertThat(closing.result()).isTrue();
  }

  @OnEachThatStarts
  void close_byACanceledFiber_waits(Supplier<Service> scheduler) {
    AtomicBoolean ended = new AtomicBoolean();
    Service service = scheduler.get();
    FifoScheduler.create()
        .run(
            () -> {
              Computation<Object> scope = new Computation<>();
              scope.tryCancel(REASON);
              Computation<Boolean> closer =
                  Fibers.startUnder(
                      Fiber.current().computation(),
                      () -> {
                        service.submit(
                            () -> {
                              Fiber.yield();
                              return ended.getAndSet(true);
                            });
                        Fiber.current().setComputation(scope);
                        service.close();
                        return ended.get();
                      });
              assertThat(closer.await()).isTrue();
            });
  }

  // Failing

  @OnEachThatStarts
  void fatalError_endsTheService(Supplier<Service> scheduler) {
    Service service = scheduler.get();
    Computation<Object> pending =
        service.submit(
            () -> {
              new Computation<>().join();
              return "went on";
            });
    service.submit(fiber(), self -> Fibers.sneak(REASON));

    pending.join();
    assertThat(pending.cancelReason()).isInstanceOf(FatalFiberError.class).hasCause(REASON);
    assertThatThrownBy(() -> service.submit(() -> 1))
        .isInstanceOf(RejectedExecutionException.class)
        .hasMessage(service + " has failed")
        .hasCause(REASON);
    FatalFiberError thrown = catchThrowableOfType(FatalFiberError.class, service::close);
    assertThat(thrown).isSameAs(pending.cancelReason());
    service.close();
    service.closeNow();
  }

  @OnEachThatStarts
  void fatalError_whileOthersSubmit_leavesNobodyWaiting(Supplier<Service> scheduler)
      throws Exception {
    for (int round = 0; round < 30; round++) {
      Service service = scheduler.get();
      Task<List<Computation<Integer>>> submitter =
          Task.start(
              () -> {
                List<Computation<Integer>> results = new ArrayList<>();
                try {
                  for (; ; ) {
                    results.add(service.submit(() -> 1));
                  }
                } catch (RejectedExecutionException e) {
                  return results;
                }
              });
      service.submit(fiber(), self -> Fibers.sneak(REASON));
      for (Computation<Integer> result : submitter.result()) {
        result.join();
      }
      assertThatThrownBy(service::closeNow).isInstanceOf(FatalFiberError.class);
    }
  }

  @OnEachThatStarts
  void fatalError_thrownByAnEarlyClose_isNotSuppressedInItself(Supplier<Service> scheduler) {
    FatalFiberError error =
        catchThrowableOfType(
            FatalFiberError.class,
            () -> {
              try (Service service = scheduler.get()) {
                service.submit(fiber(), self -> Fibers.sneak(REASON));
                service.closeNow();
              }
            });
    assertThat(error).hasCause(REASON).hasNoSuppressedExceptions();
  }

  // Domains

  @OnEachThatStarts
  void idleServices_leaveTheDomainsToOthers(Supplier<Service> scheduler) {
    Domains shared = Domains.shared();
    List<Service> services = new ArrayList<>();
    for (int i = 0; i < 3 * shared.size(); i++) {
      services.add(scheduler.get());
    }
    for (int round = 0; round < 3; round++) {
      for (Service service : services) {
        assertThat(service.submit(() -> Thread.currentThread().isVirtual()).await()).isTrue();
      }
    }
    int result = MultiFifoScheduler.create().call(() -> Fibers.start(() -> 1).await());
    assertThat(result).isEqualTo(1);
    services.forEach(Service::close);
    Wait.until(() -> shared.idleCount() == shared.size());
  }
}
