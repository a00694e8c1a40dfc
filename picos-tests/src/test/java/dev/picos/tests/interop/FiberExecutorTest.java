package dev.picos.tests.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.picos.core.BlockWith;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.domains.Service;
import dev.picos.interop.FiberExecutor;
import dev.picos.interop.Interop;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import dev.picos.sched.randos.RandosScheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.TerminateException;
import dev.picos.testing.Wait;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FiberExecutorTest {
  /** Where an executor has its fibers, and where it is used. */
  private enum Place {
    THREADS {
      @Override
      void with(BlockWith<FiberExecutor, Exception> body) throws Exception {
        use(FiberExecutor.create(), body);
      }
    },
    FIFO_SERVICE {
      @Override
      void with(BlockWith<FiberExecutor, Exception> body) throws Exception {
        try (Service service = FifoScheduler.create().start()) {
          use(FiberExecutor.of(service::submit), body);
        }
      }
    },
    MULTIFIFO_SERVICE {
      @Override
      void with(BlockWith<FiberExecutor, Exception> body) throws Exception {
        try (Service service = MultiFifoScheduler.builder().domains(2).build().start()) {
          use(FiberExecutor.of(service::submit), body);
        }
      }
    },
    FIFO_RUN {
      @Override
      void with(BlockWith<FiberExecutor, Exception> body) throws Exception {
        FifoScheduler.create().run(() -> use(FiberExecutor.inThisRun(), body));
      }
    },
    RANDOS_RUN {
      @Override
      void with(BlockWith<FiberExecutor, Exception> body) throws Exception {
        VIRTUAL.run(() -> use(FiberExecutor.inThisRun(), body));
      }
    },
    BUNDLE {
      @Override
      void with(BlockWith<FiberExecutor, Exception> body) throws Exception {
        MultiFifoScheduler.builder()
            .domains(2)
            .build()
            .run(() -> Bundle.run(bundle -> use(FiberExecutor.of(bundle), body)));
      }
    },
    RANDOS_BUNDLE {
      @Override
      void with(BlockWith<FiberExecutor, Exception> body) throws Exception {
        VIRTUAL.run(() -> Bundle.run(bundle -> use(FiberExecutor.of(bundle), body)));
      }
    };

    private static final Scheduler VIRTUAL = RandosScheduler.builder().virtualTime(true).build();

    abstract void with(BlockWith<FiberExecutor, Exception> body) throws Exception;

    private static void use(FiberExecutor executor, BlockWith<FiberExecutor, Exception> body)
        throws Exception {
      try (executor) {
        body.run(executor);
      }
      assertThat(executor.isTerminated()).isTrue();
    }
  }

  private static final Duration HOUR = Duration.ofHours(1);

  private final IOException checked = new IOException("checked");
  private final RuntimeException reason = new RuntimeException("reason");

  // Tasks

  @ParameterizedTest
  @EnumSource
  void tasks_run(Place place) throws Exception {
    place.with(
        executor -> {
          List<Future<Integer>> futures = new ArrayList<>();
          for (int i = 0; i < 100; i++) {
            int number = i;
            futures.add(
                executor.submit(
                    () -> {
                      Fiber.yield();
                      return number;
                    }));
          }
          for (int i = 0; i < 100; i++) {
            assertThat(futures.get(i).get()).isEqualTo(i);
            assertThat(futures.get(i).state()).isEqualTo(Future.State.SUCCESS);
          }
        });
  }

  @ParameterizedTest
  @EnumSource
  void close_waitsForTasks(Place place) throws Exception {
    AtomicInteger ended = new AtomicInteger();
    place.with(
        executor -> {
          for (int i = 0; i < 10; i++) {
            executor.execute(
                () -> {
                  Fiber.sleep(Duration.ofMillis(1));
                  ended.incrementAndGet();
                });
          }
          executor.close();
          assertThat(ended).hasValue(10);
        });
  }

  @ParameterizedTest
  @EnumSource
  void failure_isInTheFuture_andNowhereElse(Place place) throws Exception {
    place.with(
        executor -> {
          Future<Integer> failed =
              executor.submit(
                  (Callable<Integer>)
                      () -> {
                        throw checked;
                      });
          assertThatThrownBy(failed::get).isInstanceOf(ExecutionException.class).hasCause(checked);
          assertThat(failed.exceptionNow()).isSameAs(checked);
          assertThat(executor.submit(() -> 7).get()).isEqualTo(7);
        });
  }

  @ParameterizedTest
  @EnumSource
  void cancelWithForce_cancelsTheFiber_andInterruptsWhatBlocks(Place place) throws Exception {
    place.with(
        executor -> {
          AtomicReference<Throwable> inFiber = new AtomicReference<>();
          AtomicReference<Throwable> inJdk = new AtomicReference<>();
          CountDownLatch begun = new CountDownLatch(2);
          CountDownLatch ended = new CountDownLatch(2);
          List<Future<?>> futures =
              List.of(
                  executor.submit(
                      () -> {
                        begun.countDown();
                        inFiber.set(catchThrowable(() -> Fiber.sleep(HOUR)));
                        ended.countDown();
                      }),
                  executor.submit(
                      () -> {
                        begun.countDown();
                        inJdk.set(catchThrowable(() -> new CountDownLatch(1).await()));
                        ended.countDown();
                      }));
          begun.await();
          futures.forEach(future -> assertThat(future.cancel(true)).isTrue());
          ended.await();

          assertThat(inFiber.get()).isInstanceOf(TerminateException.class);
          assertThat(inJdk.get()).isInstanceOf(InterruptedException.class);
          assertThat(futures).allMatch(Future::isCancelled);
          assertThatThrownBy(futures.get(0)::get).isInstanceOf(CancellationException.class);
          assertThat(futures.get(0).cancel(true)).isFalse();
        });
  }

  @ParameterizedTest
  @EnumSource
  void cancelWithoutForce_letsATaskGoOn(Place place) throws Exception {
    place.with(
        executor -> {
          CountDownLatch begun = new CountDownLatch(1);
          CountDownLatch goOn = new CountDownLatch(1);
          Computation<String> wentOn = new Computation<>();
          Future<?> future =
              executor.submit(
                  () -> {
                    begun.countDown();
                    goOn.await();
                    Fiber.yield();
                    return wentOn.tryReturn("went on");
                  });
          begun.await();
          assertThat(future.cancel(false)).isTrue();
          goOn.countDown();
          assertThat(wentOn.await()).isEqualTo("went on");
        });
  }

  @Test
  void cancel_beforeTheTaskBegins_keepsItFromRunning() {
    AtomicInteger ran = new AtomicInteger();
    FifoScheduler.create()
        .run(
            () -> {
              try (FiberExecutor executor = FiberExecutor.inThisRun()) {
                assertThat(executor.submit(ran::incrementAndGet).cancel(true)).isTrue();
                assertThat(executor.submit(ran::incrementAndGet).cancel(false)).isTrue();
              }
            });
    assertThat(ran).hasValue(0);
  }

  @ParameterizedTest
  @EnumSource
  void get_isEndedByATimeout(Place place) throws Exception {
    place.with(
        executor -> {
          CountDownLatch latch = new CountDownLatch(1);
          Future<?> future = executor.submit(() -> awaitQuietly(latch));
          assertThatThrownBy(() -> future.get(1, TimeUnit.MILLISECONDS))
              .isInstanceOf(TimeoutException.class);
          assertThatThrownBy(() -> future.get(0, TimeUnit.DAYS))
              .isInstanceOf(TimeoutException.class);
          assertThatThrownBy(() -> future.get(-1, TimeUnit.DAYS))
              .isInstanceOf(TimeoutException.class);
          latch.countDown();
          future.get(Long.MAX_VALUE, TimeUnit.DAYS);
          future.get(0, TimeUnit.DAYS);
        });
  }

  @Test
  void interrupt_comesBeforeATimeout() throws Exception {
    // as in the JDK's own futures, and it is used up
    try (FiberExecutor executor = FiberExecutor.create()) {
      CountDownLatch latch = new CountDownLatch(1);
      Future<?> future = executor.submit(() -> awaitQuietly(latch));
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> future.get(0, TimeUnit.DAYS))
          .isInstanceOf(InterruptedException.class);
      Thread.currentThread().interrupt();
      Callable<Boolean> endless = () -> latch.await(1, TimeUnit.DAYS);
      assertThatThrownBy(() -> executor.invokeAll(List.of(endless, endless)))
          .isInstanceOf(InterruptedException.class);
      assertThat(Thread.interrupted()).isFalse();
      assertThatNullPointerException().isThrownBy(() -> future.get(0, null));
      latch.countDown();
    }
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @ParameterizedTest
  @EnumSource
  void get_isEndedByAnInterrupt_andByCancelation(Place place) throws Exception {
    place.with(
        executor -> {
          CountDownLatch latch = new CountDownLatch(1);
          Future<?> future = executor.submit(() -> awaitQuietly(latch));
          Thread.currentThread().interrupt();
          assertThatThrownBy(future::get).isInstanceOf(InterruptedException.class);
          assertThat(Thread.currentThread().isInterrupted()).isFalse();
          Canceled.with(reason, () -> assertThatThrownBy(future::get).isSameAs(reason));
          latch.countDown();
        });
  }

  @ParameterizedTest
  @EnumSource
  void invokeAll_andInvokeAny(Place place) throws Exception {
    place.with(
        executor -> {
          List<Callable<Integer>> tasks =
              IntStream.range(0, 10).<Callable<Integer>>mapToObj(i -> () -> i).toList();
          int sum = 0;
          for (Future<Integer> future : executor.invokeAll(tasks)) {
            sum += future.resultNow();
          }
          assertThat(sum).isEqualTo(45);
          assertThat(executor.invokeAny(tasks)).isBetween(0, 9);
          assertThat(executor.invokeAny(tasks, 1, TimeUnit.HOURS)).isBetween(0, 9);
          assertThat(executor.invokeAll(tasks, 1, TimeUnit.HOURS)).allMatch(Future::isDone);
          Callable<Integer> failing =
              () -> {
                throw checked;
              };
          assertThatThrownBy(() -> executor.invokeAny(List.of(failing)))
              .isInstanceOf(ExecutionException.class)
              .hasCause(checked);
        });
  }

  @ParameterizedTest
  @EnumSource
  void invokeAll_ofACanceledFiber_throwsTheReason(Place place) throws Exception {
    place.with(
        executor ->
            Canceled.with(
                reason,
                () ->
                    assertThatThrownBy(() -> executor.invokeAll(List.of(() -> 1)))
                        .isSameAs(reason)));
  }

  @ParameterizedTest
  @EnumSource
  void invokeAll_ofAFiberThatIsCanceledMeanwhile_cancelsTheTasks(Place place) throws Exception {
    // even with an exception such as the futures throw themselves
    CancellationException meanwhile = new CancellationException("meanwhile");
    place.with(
        executor -> {
          CountDownLatch begun = new CountDownLatch(1);
          AtomicReference<Throwable> ofTask = new AtomicReference<>();
          Callable<Integer> endless =
              () -> {
                begun.countDown();
                ofTask.set(catchThrowable(() -> Fiber.sleep(HOUR)));
                return 1;
              };
          Computation<List<Future<Integer>>> waiting =
              Fibers.start(() -> executor.invokeAll(List.of(endless)));
          begun.await();
          waiting.tryCancel(meanwhile);
          executor.close();
          assertThat(ofTask.get()).isInstanceOf(TerminateException.class);
        });
  }

  @ParameterizedTest
  @EnumSource
  void completionService_ofTheExecutor(Place place) throws Exception {
    place.with(
        executor -> {
          ExecutorCompletionService<Integer> completed = new ExecutorCompletionService<>(executor);
          for (int i = 0; i < 10; i++) {
            int number = i;
            completed.submit(() -> number);
          }
          int sum = 0;
          for (int i = 0; i < 10; i++) {
            sum += completed.take().get();
          }
          assertThat(sum).isEqualTo(45);
        });
  }

  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"BUNDLE", "RANDOS_BUNDLE"})
  void uncaughtException_goesToTheHandlerOfTheThread(Place place) throws Exception {
    AtomicReference<Throwable> handled = new AtomicReference<>();
    place.with(
        executor ->
            executor.execute(
                () -> {
                  Thread.currentThread()
                      .setUncaughtExceptionHandler((thread, thrown) -> handled.set(thrown));
                  throw reason;
                }));
    assertThat(handled).hasValue(reason);
  }

  @Test
  void handlerThatThrows_doesNotFailTheRun() {
    FifoScheduler.create()
        .run(
            () -> {
              try (FiberExecutor executor = FiberExecutor.inThisRun()) {
                executor.execute(
                    () -> {
                      Thread.currentThread()
                          .setUncaughtExceptionHandler(
                              (thread, thrown) -> {
                                throw new IllegalStateException("of the handler", thrown);
                              });
                      throw reason;
                    });
              }
            });
  }

  @Test
  void executorOfARun_rejectsTasksOnceItsFiberHasEnded() {
    AtomicReference<FiberExecutor> left = new AtomicReference<>();
    FifoScheduler.create().run(() -> left.set(FiberExecutor.inThisRun()));
    assertThatThrownBy(() -> left.get().execute(() -> {}))
        .isInstanceOf(RejectedExecutionException.class)
        .hasMessage("the fiber that made the executor has ended");
    left.get().close();
  }

  @Test
  void uncaughtException_isAnErrorOfTheBundle() {
    assertThatThrownBy(
            () ->
                Bundle.run(
                    bundle ->
                        FiberExecutor.of(bundle)
                            .execute(
                                () -> {
                                  throw reason;
                                })))
        .isSameAs(reason);
  }

  @Test
  void bundle_thatStops_cancelsTasks() {
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    CountDownLatch begun = new CountDownLatch(1);
    Bundle.run(
        bundle -> {
          FiberExecutor executor = FiberExecutor.of(bundle);
          Future<?> future =
              executor.submit(
                  () -> {
                    begun.countDown();
                    thrown.set(catchThrowable(() -> Fiber.sleep(HOUR)));
                  });
          awaitQuietly(begun);
          bundle.terminate();
          assertThatThrownBy(() -> executor.execute(() -> {}))
              .isInstanceOf(RejectedExecutionException.class);
          assertThat(future.isCancelled()).isFalse();
        });
    assertThat(thrown.get()).isInstanceOf(TerminateException.class);
  }

  // The end

  @ParameterizedTest
  @EnumSource
  void shutdown_rejectsFurtherTasks(Place place) throws Exception {
    place.with(
        executor -> {
          CountDownLatch latch = new CountDownLatch(1);
          executor.execute(() -> awaitQuietly(latch));
          assertThat(executor.isShutdown()).isFalse();
          executor.shutdown();
          executor.shutdown();
          assertThat(executor.isShutdown()).isTrue();
          assertThat(executor.isTerminated()).isFalse();
          assertThatThrownBy(() -> executor.execute(() -> {}))
              .isInstanceOf(RejectedExecutionException.class)
              .hasMessage("FiberExecutor[tasks: 1, shut down] has been shut down");
          assertThatThrownBy(() -> executor.schedule(() -> {}, 1, TimeUnit.SECONDS))
              .isInstanceOf(RejectedExecutionException.class);
          assertThat(executor.awaitTermination(1, TimeUnit.MILLISECONDS)).isFalse();
          assertThat(executor.awaitTermination(-1, TimeUnit.MILLISECONDS)).isFalse();
          latch.countDown();
          assertThat(executor.awaitTermination(1, TimeUnit.HOURS)).isTrue();
          assertThat(executor.isTerminated()).isTrue();
          assertThat(executor).hasToString("FiberExecutor[tasks: 0, terminated]");
        });
  }

  @ParameterizedTest
  @EnumSource
  void shutdownNow_cancelsAndInterrupts(Place place) throws Exception {
    place.with(
        executor -> {
          AtomicReference<Throwable> inFiber = new AtomicReference<>();
          AtomicReference<Throwable> inJdk = new AtomicReference<>();
          CountDownLatch begun = new CountDownLatch(2);
          executor.execute(
              () -> {
                begun.countDown();
                inFiber.set(catchThrowable(() -> Fiber.sleep(HOUR)));
              });
          executor.execute(
              () -> {
                begun.countDown();
                inJdk.set(catchThrowable(() -> new CountDownLatch(1).await()));
              });
          begun.await();
          assertThat(executor.shutdownNow()).isEmpty();
          assertThat(executor.awaitTermination(1, TimeUnit.HOURS)).isTrue();
          assertThat(inFiber.get()).isInstanceOf(TerminateException.class);
          assertThat(inJdk.get()).isInstanceOf(InterruptedException.class);
        });
  }

  @Test
  void shutdownNow_letsWhatHasNotBegunBeginInterrupted() {
    // nothing that was accepted is lost
    List<Boolean> interrupted = new ArrayList<>();
    FifoScheduler.create()
        .run(
            () -> {
              FiberExecutor executor = FiberExecutor.inThisRun();
              executor.execute(() -> interrupted.add(Thread.currentThread().isInterrupted()));
              executor.shutdownNow();
              executor.close();
            });
    assertThat(interrupted).containsExactly(true);
  }

  @ParameterizedTest
  @EnumSource
  void close_ofAnInterruptedCaller_stopsTheTasks_andKeepsTheStatus(Place place) throws Exception {
    place.with(
        executor -> {
          executor.execute(() -> assertThat(catchThrowable(() -> Fiber.sleep(HOUR))).isNotNull());
          Thread.currentThread().interrupt();
          executor.close();
          assertThat(Thread.interrupted()).isTrue();
        });
  }

  @ParameterizedTest
  @EnumSource
  void close_ofACanceledCaller_stopsTheTasks(Place place) throws Exception {
    place.with(
        executor -> {
          executor.execute(() -> assertThat(catchThrowable(() -> Fiber.sleep(HOUR))).isNotNull());
          Canceled.with(reason, executor::close);
          assertThat(executor.isTerminated()).isTrue();
        });
  }

  @Test
  void spawnerThatRefuses_rejectsTheTask() {
    // and the executor can still be closed
    FiberExecutor executor =
        FiberExecutor.of(
            (fiber, main) -> {
              throw new IllegalStateException("takes no more");
            });
    assertThatThrownBy(() -> executor.execute(() -> {}))
        .isInstanceOf(RejectedExecutionException.class)
        .hasRootCauseMessage("takes no more");
    executor.close();
    assertThat(executor.isTerminated()).isTrue();
  }

  @Test
  void closedService_rejectsTasks() {
    Service service = FifoScheduler.create().start();
    FiberExecutor executor = FiberExecutor.of(service::submit);
    service.close();
    assertThatThrownBy(() -> executor.execute(() -> {}))
        .isInstanceOf(RejectedExecutionException.class)
        .hasMessageContaining("has been closed");
    executor.close();
  }

  @Test
  void arguments_mustNotBeNull() {
    try (FiberExecutor executor = FiberExecutor.create()) {
      assertThatNullPointerException().isThrownBy(() -> executor.execute(null));
      assertThatNullPointerException().isThrownBy(() -> executor.submit((Runnable) null));
      assertThatNullPointerException().isThrownBy(() -> executor.submit((Callable<?>) null));
      assertThatNullPointerException()
          .isThrownBy(() -> executor.schedule((Runnable) null, 1, TimeUnit.DAYS));
      assertThatNullPointerException().isThrownBy(() -> executor.schedule(() -> {}, 1, null));
      assertThatNullPointerException()
          .isThrownBy(() -> executor.scheduleAtFixedRate(null, 1, 1, TimeUnit.DAYS));
      assertThatNullPointerException().isThrownBy(() -> executor.supplyAsync(null));
      assertThatNullPointerException().isThrownBy(() -> executor.runAsync(null));
      assertThatNullPointerException().isThrownBy(() -> executor.awaitTermination(1, null));
    }
    assertThatNullPointerException().isThrownBy(() -> FiberExecutor.of((Bundle) null));
    assertThatNullPointerException()
        .isThrownBy(() -> FiberExecutor.of((FiberExecutor.Spawner) null));
  }

  // Scheduled tasks

  @ParameterizedTest
  @EnumSource
  void scheduledTask_runsAfterItsDelay(Place place) throws Exception {
    place.with(
        executor -> {
          long start = System.nanoTime();
          ScheduledFuture<Integer> later = executor.schedule(() -> 7, 5, TimeUnit.MILLISECONDS);
          ScheduledFuture<?> atOnce = executor.schedule(() -> {}, -5, TimeUnit.MILLISECONDS);
          ScheduledFuture<?> nextDay = executor.schedule(() -> {}, 25, TimeUnit.HOURS);
          assertThat(nextDay.getDelay(TimeUnit.DAYS)).isOne();
          assertThat(nextDay.compareTo(atOnce)).isPositive();
          assertThat(atOnce.compareTo(nextDay)).isNegative();
          nextDay.cancel(false);
          assertThat(later.get()).isEqualTo(7);
          assertThat(atOnce.get()).isNull();
          if (!place.name().startsWith("RANDOS")) { // whose time is virtual
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(5_000_000);
          }
        });
  }

  @ParameterizedTest
  @EnumSource
  void scheduledTask_thatIsCanceled_doesNotKeepTheExecutor(Place place) throws Exception {
    place.with(
        executor -> {
          AtomicInteger ran = new AtomicInteger();
          ScheduledFuture<?> future = executor.schedule(ran::incrementAndGet, 1, TimeUnit.HOURS);
          assertThat(future.cancel(false)).isTrue();
          executor.close();
          assertThat(ran).hasValue(0);
        });
  }

  @ParameterizedTest
  @EnumSource
  void shutdownNow_cancelsScheduledTasks(Place place) throws Exception {
    place.with(
        executor -> {
          ScheduledFuture<?> future = executor.schedule(() -> {}, 1, TimeUnit.HOURS);
          executor.shutdownNow();
          executor.close();
          assertThatThrownBy(future::get).isInstanceOf(CancellationException.class);
        });
  }

  @ParameterizedTest
  @EnumSource
  void close_waitsForScheduledTasks(Place place) throws Exception {
    AtomicInteger ran = new AtomicInteger();
    place.with(
        executor -> {
          ScheduledFuture<?> unused =
              executor.schedule(ran::incrementAndGet, 2, TimeUnit.MILLISECONDS);
        });
    assertThat(ran).hasValue(1);
  }

  @ParameterizedTest
  @EnumSource
  void periodicTasks_runUntilTheShutdown(Place place) throws Exception {
    place.with(
        executor -> {
          CountDownLatch rate = new CountDownLatch(5);
          CountDownLatch delay = new CountDownLatch(5);
          ScheduledFuture<?> atFixedRate =
              executor.scheduleAtFixedRate(rate::countDown, 0, 1, TimeUnit.MILLISECONDS);
          ScheduledFuture<?> withFixedDelay =
              executor.scheduleWithFixedDelay(delay::countDown, 1, 1, TimeUnit.MILLISECONDS);
          rate.await();
          delay.await();
          assertThat(atFixedRate.isDone()).isFalse();
          executor.close();
          assertThat(atFixedRate.isCancelled()).isTrue();
          assertThat(withFixedDelay.isCancelled()).isTrue();
        });
  }

  @ParameterizedTest
  @EnumSource
  void periodicTask_endsWithItsFirstFailure_orWhenCanceled(Place place) throws Exception {
    place.with(
        executor -> {
          AtomicInteger runs = new AtomicInteger();
          ScheduledFuture<?> failing =
              executor.scheduleAtFixedRate(
                  () -> {
                    if (runs.incrementAndGet() == 3) {
                      throw reason;
                    }
                  },
                  0,
                  1,
                  TimeUnit.MILLISECONDS);
          assertThatThrownBy(failing::get).isInstanceOf(ExecutionException.class).hasCause(reason);
          assertThat(runs).hasValue(3);

          CountDownLatch begun = new CountDownLatch(1);
          ScheduledFuture<?> hourly =
              executor.scheduleWithFixedDelay(begun::countDown, 0, 1, TimeUnit.HOURS);
          begun.await();
          assertThat(hourly.cancel(false)).isTrue();
        });
  }

  @Test
  void periodicTask_beginsUninterruptedEachTime() {
    List<Boolean> interrupted = new ArrayList<>();
    Place.VIRTUAL.run(
        () -> {
          try (FiberExecutor executor = FiberExecutor.inThisRun()) {
            ScheduledFuture<?> unused =
                executor.scheduleAtFixedRate(
                    () -> {
                      interrupted.add(Thread.currentThread().isInterrupted());
                      Thread.currentThread().interrupt();
                    },
                    0,
                    1,
                    TimeUnit.HOURS);
            Fiber.sleep(Duration.ofMinutes(150));
          }
        });
    assertThat(interrupted).containsExactly(false, false, false);
  }

  @ParameterizedTest
  @EnumSource
  void periodicTask_thatFailsDuringTheShutdown_saysSo(Place place) throws Exception {
    place.with(
        executor -> {
          CountDownLatch begun = new CountDownLatch(1);
          CountDownLatch shutDown = new CountDownLatch(1);
          ScheduledFuture<?> future =
              executor.scheduleAtFixedRate(
                  () -> {
                    begun.countDown();
                    awaitQuietly(shutDown);
                    throw reason;
                  },
                  0,
                  1,
                  TimeUnit.HOURS);
          begun.await();
          executor.shutdown();
          assertThat(future.isDone()).isFalse();
          shutDown.countDown();
          assertThatThrownBy(future::get).isInstanceOf(ExecutionException.class).hasCause(reason);
        });
  }

  @Test
  void period_mustBePositive() {
    try (FiberExecutor executor = FiberExecutor.create()) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> executor.scheduleAtFixedRate(() -> {}, 0, 0, TimeUnit.DAYS))
          .withMessage("period must be positive: 0");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> executor.scheduleWithFixedDelay(() -> {}, 0, -1, TimeUnit.DAYS))
          .withMessage("delay must be positive: -1");
    }
  }

  @Test
  void periodicTasks_keepTheirRateInVirtualTime() {
    // a day of hourly tasks, in no time
    AtomicInteger runs = new AtomicInteger();
    Place.VIRTUAL.run(
        () -> {
          FiberExecutor executor = FiberExecutor.inThisRun();
          ScheduledFuture<?> unused =
              executor.scheduleAtFixedRate(runs::incrementAndGet, 1, 1, TimeUnit.HOURS);
          Fiber.sleep(Duration.ofHours(24).plusMinutes(30));
          executor.close();
        });
    assertThat(runs).hasValue(24);
  }

  // Futures that depend on each other

  @ParameterizedTest
  @EnumSource
  void supplyAsync_andWhatDependsOnIt_runHere(Place place) throws Exception {
    place.with(
        executor -> {
          Thread caller = Thread.currentThread();
          CompletableFuture<Integer> six = executor.supplyAsync(() -> 6);
          CompletableFuture<Integer> answer =
              six.thenApplyAsync(value -> value * 7)
                  .thenCombine(executor.supplyAsync(() -> 0), Integer::sum);
          assertThat(answer.join()).isEqualTo(42);
          assertThat(
                  executor.runAsync(() -> assertThat(Thread.currentThread()).isNotSameAs(caller)))
              .succeedsWithin(Duration.ofMinutes(1));
          assertThat(answer.defaultExecutor()).isSameAs(executor);
        });
  }

  @ParameterizedTest
  @EnumSource
  void orTimeout_goesByTheClockOfTheFiber(Place place) throws Exception {
    place.with(
        executor -> {
          CountDownLatch latch = new CountDownLatch(1);
          CompletableFuture<?> late =
              executor.runAsync(() -> awaitQuietly(latch)).orTimeout(3, TimeUnit.MILLISECONDS);
          assertThatThrownBy(late::join)
              .isInstanceOf(CompletionException.class)
              .hasCauseInstanceOf(TimeoutException.class);
          CompletableFuture<Integer> instead =
              executor
                  .supplyAsync(
                      () -> {
                        awaitQuietly(latch);
                        return 1;
                      })
                  .completeOnTimeout(2, 3, TimeUnit.MILLISECONDS);
          assertThat(instead.join()).isEqualTo(2);
          latch.countDown();
        });
  }

  @Test
  void timeoutOfAFuture_isNoDeadlockInAClosedWorld() {
    // the timeouts of the JDK's own futures come from a thread that the run knows nothing of
    Place.VIRTUAL.run(
        () -> {
          Computation<Integer> never = new Computation<>();
          CompletableFuture<Integer> future = Interop.future(never).orTimeout(3, TimeUnit.SECONDS);
          assertThatThrownBy(future::join).hasCauseInstanceOf(TimeoutException.class);
        });
  }

  // Limits

  @ParameterizedTest
  @EnumSource
  void aHundredThousandTasks(Place place) throws Exception {
    AtomicInteger ran = new AtomicInteger();
    place.with(
        executor -> {
          for (int i = 0; i < 100_000; i++) {
            executor.execute(ran::incrementAndGet);
          }
        });
    assertThat(ran).hasValue(100_000);
  }

  @ParameterizedTest
  @EnumSource
  void submitters_raceWithTheShutdown(Place place) throws Exception {
    // each task that was accepted has run by the time of the termination
    for (int round = 0; round < 50; round++) {
      AtomicInteger accepted = new AtomicInteger();
      AtomicInteger ran = new AtomicInteger();
      place.with(
          executor -> {
            Computation<Boolean> submitting =
                Fibers.start(
                    () -> {
                      for (int i = 0; i < 100; i++) {
                        try {
                          executor.execute(ran::incrementAndGet);
                          accepted.incrementAndGet();
                        } catch (RejectedExecutionException shutDown) {
                          return true;
                        }
                        Fiber.yield();
                      }
                      return false;
                    });
            for (int i = Fiber.random(50); i > 0; i--) {
              Fiber.yield();
            }
            executor.shutdown();
            submitting.join();
          });
      assertThat(ran).hasValue(accepted.get());
    }
  }

  @Test
  void executorThatIsDone_keepsNothing() {
    FiberExecutor executor = FiberExecutor.create();
    Future<?> future = executor.submit(() -> {});
    Wait.until(future::isDone);
    executor.close();
    assertThat(executor).hasToString("FiberExecutor[tasks: 0, terminated]");
  }
}
