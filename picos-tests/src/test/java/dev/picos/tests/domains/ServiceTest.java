package dev.picos.tests.domains;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Named.named;

import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.FatalFiberError;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import dev.picos.domains.Domains;
import dev.picos.domains.Execution;
import dev.picos.domains.Policy;
import dev.picos.domains.Ready;
import dev.picos.domains.ReadyQueue;
import dev.picos.domains.Service;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import dev.picos.std.structured.Flock;
import dev.picos.testing.Fork;
import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import dev.picos.testing.fibers.Fibers;
import java.io.IOException;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Runs that take work from outside, until they are closed. */
@Timeout(60)
class ServiceTest {
  private static final RuntimeException REASON = new RuntimeException("canceled by the test");

  @Retention(RetentionPolicy.RUNTIME)
  @ParameterizedTest
  @MethodSource("dev.picos.tests.domains.ServiceTest#schedulers")
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
    return new Fiber(new Computation<>());
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
      assertThatNullPointerException().isThrownBy(() -> service.submitBlock(null));
      assertThatNullPointerException().isThrownBy(() -> service.execute(null));
      assertThatNullPointerException().isThrownBy(() -> service.uncaughtExceptionHandler(null));
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
                  Flock.call(
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

  // Failures of single fibers

  private static void fail() {
    throw REASON;
  }

  @OnEachThatStarts
  void execute_runsTheTask(Supplier<Service> scheduler) {
    // a service is an executor like any other
    AtomicInteger ran = new AtomicInteger();
    try (Service service = scheduler.get()) {
      Executor executor = service;
      for (int i = 0; i < 100; i++) {
        executor.execute(ran::incrementAndGet);
      }
      assertThat(CompletableFuture.supplyAsync(() -> 42, service).join()).isEqualTo(42);
    }
    assertThat(ran).hasValue(100);
  }

  @OnEachThatStarts
  void execute_thatThrows_isReportedAndTheServiceGoesOn(Supplier<Service> scheduler) {
    List<Throwable> uncaught = Collections.synchronizedList(new ArrayList<>());
    try (Service service = scheduler.get()) {
      service.uncaughtExceptionHandler((thread, thrown) -> uncaught.add(thrown));
      for (int i = 0; i < 20; i++) {
        service.execute(ServiceTest::fail);
      }
      service.execute(
          () -> {
            throw new StackOverflowError("not real");
          });
      assertThat(service.submit(() -> 1).await()).isEqualTo(1);
    }
    assertThat(uncaught).hasSize(21).contains(REASON);
  }

  @OnEachThatStarts
  void execute_thatThrows_isToldToTheHandlerOfItsThread(Supplier<Service> scheduler) {
    // as for any thread, unless the service has been given a handler
    Computation<Throwable> uncaught = new Computation<>();
    Computation<Thread> where = new Computation<>();
    try (Service service = scheduler.get()) {
      service.execute(
          () -> {
            where.tryReturn(Thread.currentThread());
            Thread.currentThread()
                .setUncaughtExceptionHandler(
                    (thread, thrown) -> {
                      assertThat(thread).isSameAs(where.await());
                      uncaught.tryReturn(thrown);
                    });
            fail();
          });
      assertThat(uncaught.await()).isSameAs(REASON);
    }
  }

  @OnEachThatStarts
  void execute_thatEndsBecauseItIsCanceled_isNotReported(Supplier<Service> scheduler) {
    List<Throwable> uncaught = Collections.synchronizedList(new ArrayList<>());
    Computation<Boolean> started = new Computation<>();
    Service service = scheduler.get();
    service.uncaughtExceptionHandler((thread, thrown) -> uncaught.add(thrown));
    service.execute(
        () -> {
          started.tryReturn(true);
          new Computation<>().join();
        });
    service.execute(
        () -> {
          Fiber.current().computation().tryCancel(new IOException("checked"));
          Fiber.yield();
        });
    started.await();

    service.closeNow();

    assertThat(uncaught).isEmpty();
  }

  @OnEachThatStarts
  void handlerThatThrows_isIgnored(Supplier<Service> scheduler) {
    try (Service service = scheduler.get()) {
      service.uncaughtExceptionHandler((thread, thrown) -> fail());
      service.execute(ServiceTest::fail);
      assertThat(service.submit(() -> 1).await()).isEqualTo(1);
    }
  }

  @OnEachThatStarts
  void submitBlock_takesWhatHasNoValue(Supplier<Service> scheduler) {
    // what people write compiles as it stands: calls with and without a value, references to
    // methods, what only throws, and what throws something checked
    List<Integer> list = Collections.synchronizedList(new ArrayList<>());
    try (Service service = scheduler.get()) {
      service.submitBlock(() -> list.add(1)).await();
      service.submitBlock(() -> list.clear()).await();
      service.submitBlock(list::clear).await();
      assertThat(service.submitBlock(() -> {}).await()).isNull();
      Computation<?> failed = service.submitBlock(ServiceTest::fail);
      Computation<?> checked =
          service.submitBlock(
              () -> {
                throw new IOException("checked");
              });
      failed.join();
      checked.join();
      assertThat(failed.cancelReason()).isSameAs(REASON);
      assertThat(checked.cancelReason()).isInstanceOf(IOException.class);
    }
    assertThat(list).isEmpty();
  }

  @OnEachThatStarts
  void listenerThatThrows_isReportedAndTheServiceGoesOn(Supplier<Service> scheduler) {
    // what is attached to one result concerns that result alone, which is completed all the same
    List<Throwable> uncaught = Collections.synchronizedList(new ArrayList<>());
    Computation<Integer> gate = new Computation<>();
    Computation<Integer> other = new Computation<>();
    Service service = scheduler.get();
    service.uncaughtExceptionHandler((thread, thrown) -> uncaught.add(thrown));
    Computation<Integer> returns = service.submit(gate::await);
    Computation<Integer> fails = service.submit(() -> 1 / (gate.await() - 6));
    Computation<Integer> canceled = service.submit(() -> new Computation<Integer>().await());
    Computation<Integer> innocent = service.submit(other::await);
    attachThrowing(returns);
    attachThrowing(fails);
    attachThrowing(canceled);

    gate.tryReturn(6);
    returns.join();
    fails.join();
    other.tryReturn(7);

    assertThat(innocent.await()).isEqualTo(7);
    assertThat(service.submit(() -> 1).await()).isEqualTo(1);
    service.closeNow();
    assertThat(returns.await()).isEqualTo(6);
    assertThat(fails.cancelReason()).isInstanceOf(ArithmeticException.class);
    assertThat(canceled.cancelReason()).isInstanceOf(CancellationException.class);
    assertThat(uncaught).hasSize(3).containsOnly(REASON);
  }

  private static void attachThrowing(Computation<?> result) {
    assertThat(result.tryAttach(Trigger.fromAction(null, null, (trigger, x, y) -> fail())))
        .isTrue();
  }

  @OnEachThatStarts
  void exceptionThatLeavesAnyOtherFiber_isReportedAndTheServiceGoesOn(Supplier<Service> scheduler) {
    // it would end a run; of a service, it ends neither the service nor any other fiber
    List<Throwable> uncaught = Collections.synchronizedList(new ArrayList<>());
    Computation<Integer> gate = new Computation<>();
    try (Service service = scheduler.get()) {
      service.uncaughtExceptionHandler((thread, thrown) -> uncaught.add(thrown));
      Computation<Integer> innocent = service.submit(gate::await);
      service.submit(fiber(), self -> Fibers.sneak(REASON));
      service.submitBlock(() -> Fiber.spawn(fiber(), self -> fail())).await();
      gate.tryReturn(8);
      assertThat(innocent.await()).isEqualTo(8);
      assertThat(service.submit(() -> 1).await()).isEqualTo(1);
    }
    assertThat(uncaught).containsExactly(REASON, REASON);
  }

  // Closing within bounds

  private static final Duration MOMENT = Duration.ofMillis(5);

  /** Closes again and again, since on a busy machine what is interrupted may take its time. */
  private static void closeUntilItEnds(Service service) {
    while (!service.close(MOMENT)) {
      Thread.onSpinWait();
    }
  }

  @OnEachThatStarts
  void closeWithin_whatEndsByItself_isLeftAlone(Supplier<Service> scheduler) throws Exception {
    Service service = scheduler.get();
    Computation<Integer> gate = new Computation<>();
    Computation<Integer> result = service.submit(gate::await);
    Task<Boolean> closing = Task.start(() -> service.close(Duration.ofHours(1)));
    closing.untilParked();
    gate.tryReturn(5);

    assertThat(closing.result()).isTrue();
    assertThat(result.await()).isEqualTo(5);
    assertThat(service.close(Duration.ofHours(1))).isTrue();
    assertThat(service.close(Duration.ZERO)).isTrue();
    assertThatThrownBy(() -> service.execute(() -> {}))
        .isInstanceOf(RejectedExecutionException.class);
  }

  @Test
  void closeWithin_fiberThatAwaits_isCanceledAndNotInterrupted() {
    Service service = MultiFifoScheduler.create().start();
    Computation<Boolean> interrupted = new Computation<>();
    Computation<Object> result =
        service.submit(
            () -> {
              try {
                return new Computation<>().await();
              } finally {
                interrupted.tryReturn(Thread.currentThread().isInterrupted());
              }
            });

    // the waits are long, for the second step to suffice
    assertThat(service.close(Duration.ofSeconds(2))).isTrue();

    assertThat(result.cancelReason())
        .isInstanceOf(CancellationException.class)
        .hasMessage(service + " has been closed");
    assertThat(interrupted.await()).isFalse();
  }

  @OnEachThatStarts
  @SuppressWarnings("try") // a connection on which nothing comes
  void closeWithin_fiberThatBlocksInTheJdk_isInterrupted(Supplier<Service> scheduler)
      throws Exception {
    // what closeNow would wait for in vain: a queue, a sleep, an idle connection, an accept
    Service service = scheduler.get();
    try (ServerSocket server = new ServerSocket(0, 2, InetAddress.getLoopbackAddress());
        Socket idle = new Socket(server.getInetAddress(), server.getLocalPort());
        ServerSocket nobodyComes = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      CountDownLatch started = new CountDownLatch(4);
      List<Body<?, ?>> blocking =
          List.of(
              () -> new LinkedBlockingQueue<>().take(),
              () -> {
                Thread.sleep(Duration.ofHours(1));
                return 0;
              },
              () -> server.accept().getInputStream().read(),
              nobodyComes::accept);
      List<Computation<?>> results = new ArrayList<>();
      for (Body<?, ?> block : blocking) {
        results.add(
            service.submit(
                () -> {
                  started.countDown();
                  return block.run();
                }));
      }
      started.await();

      closeUntilItEnds(service);

      assertThat(results).allMatch(Computation::isCanceled);
    }
  }

  @OnEachThatStarts
  void closeWithin_fibersOfOthers_areCanceledAtLast(Supplier<Service> scheduler) {
    // a fiber of the caller's own, and one that a fiber has spawned under a computation of its own
    Service service = scheduler.get();
    Fiber own = fiber();
    Fiber child = fiber();
    Computation<Throwable> ownReason = new Computation<>();
    Computation<Throwable> childReason = new Computation<>();
    service.submit(own, self -> ownReason.tryReturn(new Trigger().await()));
    service
        .submitBlock(() -> Fiber.spawn(child, self -> childReason.tryReturn(new Trigger().await())))
        .await();

    closeUntilItEnds(service);

    assertThat(ownReason.await())
        .isInstanceOf(CancellationException.class)
        .isSameAs(own.computation().cancelReason());
    assertThat(childReason.await()).isSameAs(child.computation().cancelReason());
  }

  @OnEachThatStarts
  void closeWithin_whatHeedsNothing_isNotWaitedFor(Supplier<Service> scheduler) {
    // the caller learns that it goes on, and may wait for longer; what has not started by then
    // starts canceled and interrupted
    Service service = scheduler.get();
    AtomicBoolean goOn = new AtomicBoolean();
    Computation<Boolean> started = new Computation<>();
    Computation<Boolean> late = new Computation<>();
    service.submit(
        () -> {
          started.tryReturn(true);
          while (!goOn.get()) {
            Thread.onSpinWait();
          }
          return Fiber.current()
              .callForbiddingCancelation(
                  () -> {
                    Fiber.spawn(fiber(), self -> late.tryReturn(isToldToEnd(self)));
                    return 1;
                  });
        });
    started.await();

    boolean byMoment = service.close(MOMENT);
    boolean atOnce = service.close(Duration.ZERO);

    assertThat(byMoment).isFalse();
    assertThat(atOnce).isFalse();
    goOn.set(true);
    service.close();
    assertThat(service.close(Duration.ZERO)).isTrue();
    assertThat(late.await()).isTrue();
  }

  private static boolean isToldToEnd(Fiber self) {
    return self.isCanceled() && Thread.currentThread().isInterrupted();
  }

  @OnEachThatStarts
  void closeWithin_byAnInterruptedThread_waitsAndKeepsTheStatus(Supplier<Service> scheduler)
      throws Exception {
    Service service = scheduler.get();
    Computation<Integer> gate = new Computation<>();
    Computation<Integer> result = service.submit(gate::await);
    Task<Boolean> closing =
        Task.start(
            () -> {
              Thread.currentThread().interrupt();
              boolean ended = service.close(Duration.ofHours(1));
              return Thread.interrupted() && ended;
            });
    closing.untilParked();
    gate.tryReturn(1);
    assertThat(closing.result()).isTrue();
    assertThat(result.await()).isEqualTo(1);
  }

  @OnEachThatStarts
  void closeWithin_byACanceledFiber_waits(Supplier<Service> scheduler) {
    Service service = scheduler.get();
    Computation<Integer> gate = new Computation<>();
    Computation<Integer> result = service.submit(gate::await);
    boolean ended =
        FifoScheduler.create()
            .call(
                () -> {
                  Fibers.start(
                      () -> {
                        Fiber.yield();
                        return gate.tryReturn(1);
                      });
                  Computation<Object> canceled = new Computation<>();
                  canceled.tryCancel(REASON);
                  Computation<?> before = Fiber.current().computation();
                  Fiber.current().setComputation(canceled);
                  try {
                    return service.close(Duration.ofHours(1));
                  } finally {
                    Fiber.current().setComputation(before);
                  }
                });
    assertThat(ended).isTrue();
    assertThat(result.await()).isEqualTo(1);
  }

  @OnEachThatStarts
  @SuppressWarnings("try") // closes it itself
  void closeWithin_inAFiberOfTheService_orLessThanNothing_isRefused(Supplier<Service> scheduler) {
    try (Service service = scheduler.get()) {
      Computation<Boolean> closing = service.submit(() -> service.close(MOMENT));
      closing.join();
      assertThat(closing.cancelReason())
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("would wait for its own end");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> service.close(Duration.ofMillis(-1)))
          .withMessageContaining("negative");
      assertThatNullPointerException().isThrownBy(() -> service.close(null));
      assertThat(service.submit(() -> 2).await()).isEqualTo(2);
    }
  }

  @OnEachThatStarts
  void closeWithin_whileAnotherWaits_endsBoth(Supplier<Service> scheduler) throws Exception {
    // one waits without a bound for what another one interrupts
    Service service = scheduler.get();
    Computation<Object> result = service.submit(() -> new LinkedBlockingQueue<>().take());
    Task<Boolean> waiting =
        Task.start(
            () -> {
              service.closeNow();
              return result.isCanceled();
            });
    closeUntilItEnds(service);
    assertThat(waiting.result()).isTrue();
  }

  @OnEachThatStarts
  void closeWithin_interruptsNoFiberOfAnotherService(Supplier<Service> scheduler) {
    // hosts go from service to service, and interrupts do not go with them
    AtomicInteger interrupted = new AtomicInteger();
    try (Service other = scheduler.get()) {
      for (int round = 0; round < 100; round++) {
        Service service = scheduler.get();
        for (int i = 0; i < 5; i++) {
          service.execute(
              () -> {
                try {
                  Fiber.yield();
                  Fiber.yield();
                } catch (CancellationException closed) {
                  // ends
                }
              });
          other.execute(
              () -> {
                for (int k = 0; k < 20; k++) {
                  Fiber.yield();
                  if (Thread.currentThread().isInterrupted()) {
                    interrupted.incrementAndGet();
                  }
                }
              });
        }
        boolean unused = service.close(Duration.ZERO);
        service.close();
      }
    }
    assertThat(interrupted).hasValue(0);
  }

  // A scheduler that fails

  /** First come, first served, until it breaks. */
  private static final class Breaking implements Policy {
    private final ReadyQueue queue = new ReadyQueue();
    private volatile boolean broken;

    @Override
    public void ready(Ready fiber, boolean first) {
      queue.add(fiber);
    }

    @Override
    public Ready next() {
      if (broken) {
        throw REASON;
      }
      return queue.poll();
    }

    @Override
    public boolean isEmpty() {
      return queue.isEmpty();
    }

    @Override
    public boolean spend(Operation operation) {
      return false;
    }

    /** Breaks, and lets the service find out. */
    void breakDown(Service service) {
      broken = true;
      try {
        service.execute(() -> {});
      } catch (RejectedExecutionException found) {
        // already
      }
    }
  }

  @Test
  void defectOfTheScheduler_endsTheService() {
    Breaking policy = new Breaking();
    Service service = new Execution(policy).start();
    Computation<Boolean> started = new Computation<>();
    Computation<Object> pending =
        service.submit(
            () -> {
              started.tryReturn(true);
              new Computation<>().join();
              return "went on";
            });
    started.await();
    policy.breakDown(service);

    pending.join();
    assertThat(pending.cancelReason()).isInstanceOf(FatalFiberError.class).hasCause(REASON);
    assertThatThrownBy(() -> service.submit(() -> 1))
        .isInstanceOf(RejectedExecutionException.class)
        .hasMessage(service + " has failed")
        .hasCause(REASON);
    FatalFiberError thrown =
        catchThrowableOfType(FatalFiberError.class, () -> service.close(Duration.ZERO));
    assertThat(thrown).isSameAs(pending.cancelReason());
    service.close();
    service.closeNow();
    assertThat(service.close(Duration.ZERO)).isTrue();
  }

  @Test
  void defectOfTheScheduler_whileOthersSubmit_leavesNobodyWaiting() throws Exception {
    for (int round = 0; round < 30; round++) {
      Breaking policy = new Breaking();
      Service service = new Execution(policy).start();
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
      policy.breakDown(service);
      for (Computation<Integer> result : submitter.result()) {
        result.join();
      }
      assertThatThrownBy(service::closeNow).isInstanceOf(FatalFiberError.class);
    }
  }

  @Test
  void defectOfTheScheduler_thrownByAnEarlyClose_isNotSuppressedInItself() {
    FatalFiberError error =
        catchThrowableOfType(
            FatalFiberError.class,
            () -> {
              Breaking policy = new Breaking();
              try (Service service = new Execution(policy).start()) {
                policy.breakDown(service);
                service.closeNow();
              }
            });
    assertThat(error).hasCause(REASON).hasNoSuppressedExceptions();
  }

  // The end of the JVM

  /** A server with a connection on which nothing comes. */
  public static final class Server {
    private Server() {}

    public static void main(String[] args) throws Exception {
      Service service = MultiFifoScheduler.create().start();
      Runtime.getRuntime()
          .addShutdownHook(
              new Thread(
                  () -> {
                    while (!service.close(Duration.ofMillis(5))) {
                      System.out.println("not yet");
                    }
                    System.out.println("closed");
                  }));
      service.execute(
          () -> {
            throw new IllegalStateException("printed");
          });
      ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
      Socket client = new Socket(server.getInetAddress(), server.getLocalPort());
      Computation<Boolean> connected = new Computation<>();
      service.submit(
          () -> {
            Socket connection = server.accept();
            connected.tryReturn(true);
            return connection.getInputStream().read();
          });
      connected.await();
      System.out.println(client.isConnected());
      System.exit(3);
    }
  }

  @Test
  void shutdownHook_closesAService() throws Exception {
    // an idle connection does not keep the JVM alive, and what nobody looks at has been printed
    Fork fork =
        Fork.java(
            Server.class,
            List.of(Computation.class, Service.class, MultiFifoScheduler.class),
            List.of(Fork.OPENS));

    assertThat(fork.output())
        .contains("java.lang.IllegalStateException: printed")
        .endsWith("closed");
    assertThat(fork.exit()).isEqualTo(3);
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
