package dev.picos.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.picos.core.Computation;
import dev.picos.core.FatalFiberError;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import dev.picos.domains.Service;
import dev.picos.interop.agrona.FiberAgent;
import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is particular about fibers on event loops; see also {@link EventLoopContractTest}. */
class EventLoopSchedulerTest {
  private final ExecutorService loop = Executors.newSingleThreadExecutor();
  private final EventLoopScheduler scheduler = EventLoopScheduler.on(loop);

  @AfterEach
  void endLoop() {
    loop.shutdown();
  }

  private static <T> T result(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  private static Throwable failure(CompletionStage<?> stage) {
    Throwable thrown = catchThrowable(() -> stage.toCompletableFuture().join());
    return thrown instanceof CompletionException ? thrown.getCause() : thrown;
  }

  // What comes out

  @Test
  void stage_hasWhatMainReturns() throws Exception {
    assertThat(result(scheduler.call(() -> "done"))).isEqualTo("done");
    assertThat(result(scheduler.run(() -> {}))).isNull();
  }

  @Test
  void stage_hasWhatMainThrows() {
    IOException thrown = new IOException("no");
    assertThat(
            failure(
                scheduler.run(
                    () -> {
                      throw thrown;
                    })))
        .isSameAs(thrown);
  }

  @Test
  void stage_waitsForFibersThatMainHasSpawned() throws Exception {
    Trigger end = new Trigger();
    AtomicBoolean ended = new AtomicBoolean();
    CompletionStage<Boolean> stage =
        scheduler
            .run(
                () ->
                    Fiber.spawn(
                        new Fiber(new Computation<>()),
                        fiber -> {
                          Throwable unused = end.await();
                          ended.set(true);
                        }))
            .thenApply(over -> ended.get());
    loop.submit(() -> {}).get();
    assertThat(stage.toCompletableFuture()).isNotDone();
    end.signal();
    assertThat(result(stage)).isTrue();
  }

  @Test
  void stage_ofARunWithAFatalErrorHasThat() {
    Throwable thrown =
        failure(
            scheduler.run(
                () -> {
                  Fiber.spawn(
                      new Fiber(new Computation<>()),
                      fiber -> {
                        throw new IllegalArgumentException("fatal");
                      });
                  Throwable unused = new Trigger().await();
                }));
    assertThat(thrown)
        .isInstanceOf(FatalFiberError.class)
        .hasRootCauseInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("event loop");
  }

  @Test
  void fiberOfTheCaller_canBeCanceled() {
    Computation<Void> computation = new Computation<>();
    AtomicReference<Throwable> reason = new AtomicReference<>();
    CompletionStage<Void> stage =
        scheduler.run(new Fiber(computation), fiber -> reason.set(new Trigger().await()));
    CancellationException canceled = new CancellationException();
    computation.tryCancel(canceled);
    assertThat(failure(stage)).isNull();
    assertThat(reason).hasValue(canceled);
  }

  // Where fibers run

  @Test
  void fibers_andOtherTasksRunOneAtATime() throws Exception {
    int[] count = new int[1]; // which is no counter for several threads
    CompletionStage<Void> stage =
        scheduler.run(
            () -> {
              for (int i = 0; i < 4; i++) {
                Fiber.spawn(
                    new Fiber(new Computation<>()),
                    fiber -> {
                      for (int j = 0; j < 10_000; j++) {
                        count[0]++;
                        Fiber.yield();
                      }
                    });
              }
            });
    for (int i = 0; i < 10_000; i++) {
      loop.execute(() -> count[0]++);
    }
    result(stage);
    loop.submit(() -> {}).get();
    assertThat(count[0]).isEqualTo(50_000);
  }

  @Test
  void fiberThatYieldsInALoop_leavesTheLoopToItsOtherTasks() throws Exception {
    AtomicBoolean ends = new AtomicBoolean();
    CompletionStage<Void> stage =
        scheduler.run(
            () -> {
              while (!ends.get()) {
                Fiber.yield();
              }
            });
    for (int i = 0; i < 10; i++) {
      loop.submit(() -> {}).get();
    }
    ends.set(true);
    result(stage);
  }

  @Test
  void executorWithSeveralThreads_runsTwoFibersOneAtATime() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(3);
    int[] count = new int[1];
    result(
        EventLoopScheduler.on(pool)
            .run(
                () -> {
                  for (int i = 0; i < 10; i++) {
                    Fiber.spawn(
                        new Fiber(new Computation<>()),
                        fiber -> {
                          for (int j = 0; j < 1_000; j++) {
                            count[0]++;
                            if (j % 50 == 0) {
                              LockSupport.parkNanos(1);
                            } else {
                              Fiber.yield();
                            }
                          }
                        });
                  }
                }));
    pool.shutdown();
    assertThat(count[0]).isEqualTo(10_000);
  }

  @Test
  void callInLoop_isInTheThreadOfTheLoop() throws Exception {
    Thread thread = loop.submit(Thread::currentThread).get();
    assertThat(result(scheduler.call(() -> scheduler.callInLoop(Thread::currentThread))))
        .isSameAs(thread);
    assertThat(scheduler.<Thread, RuntimeException>callInLoop(Thread::currentThread))
        .isSameAs(thread);
  }

  @Test
  void callInLoop_throwsWhatTheTaskThrows() {
    IOException thrown = new IOException("no");
    assertThatThrownBy(
            () ->
                scheduler.callInLoop(
                    () -> {
                      throw thrown;
                    }))
        .isSameAs(thrown);
  }

  @Test
  void callInLoop_doesNotBeginOnceTheFiberIsCanceled() throws Exception {
    CountDownLatch goesOn = new CountDownLatch(1);
    AtomicBoolean called = new AtomicBoolean();
    Computation<Void> computation = new Computation<>();
    CancellationException reason = new CancellationException();
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    CompletionStage<Void> stage =
        scheduler.run(
            new Fiber(computation),
            fiber -> {
              computation.tryCancel(reason);
              thrown.set(
                  catchThrowable(
                      () ->
                          scheduler.callInLoop(
                              () -> {
                                called.set(true);
                                return null;
                              })));
            });
    goesOn.countDown();
    result(stage);
    loop.submit(() -> {}).get();
    assertThat(thrown).hasValue(reason);
    assertThat(called).isFalse();
  }

  // Executors that are none

  @Test
  void executorThatRunsTasksAtOnce_isRefused() {
    assertRunsNothing(EventLoopScheduler.on(Runnable::run));
  }

  @Test
  void executorThatRunsTasksAtOnceAndTellsNobody_isRefused() {
    // it logs, say, what its tasks throw
    assertRunsNothing(
        EventLoopScheduler.on(
            task -> {
              try {
                task.run();
              } catch (RuntimeException logged) {
                assertThat(logged).hasMessageContaining("before execute() returns");
              }
            }));
  }

  private static void assertRunsNothing(EventLoopScheduler direct) {
    AtomicBoolean ran = new AtomicBoolean();
    assertThatThrownBy(() -> direct.run(() -> ran.set(true)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("before execute() returns");
    Service service = direct.start();
    Computation<Void> result = service.submitBlock(() -> ran.set(true));
    assertThat(catchThrowable(result::await))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("before execute() returns");
    assertThat(ran).isFalse();
  }

  @Test
  void taskAtTheEndOfTheStack_losesNoWakeUp() throws Exception {
    // a loop may be pumped deep in somebody's recursion, such as one of Swing's dialogs
    EventLoopScheduler deep = EventLoopScheduler.on(task -> loop.execute(() -> runDeep(task)));
    for (int i = 0; i < 2; i++) {
      assertThat(
              result(
                  deep.call(
                      () -> {
                        Fiber.yield();
                        return 42;
                      })))
          .isEqualTo(42);
    }
  }

  /** Runs {@code task} as far down as it goes, and again a little further up until it has run. */
  @SuppressWarnings("InfiniteRecursion") // ends with the stack
  private static void runDeep(Runnable task) {
    boolean isAtTheEnd = false;
    try {
      runDeep(task);
    } catch (StackOverflowError end) {
      isAtTheEnd = true;
    }
    if (isAtTheEnd) {
      task.run();
    }
  }

  @Test
  void executorOfVirtualThreads_isRefused() {
    AtomicBoolean ran = new AtomicBoolean();
    Executor virtual =
        task -> Thread.ofVirtual().uncaughtExceptionHandler((t, e) -> {}).start(task);
    assertThat(failure(EventLoopScheduler.on(virtual).run(() -> ran.set(true))))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("virtual threads");
    assertThat(ran).isFalse();
  }

  @Test
  void executorThatIsClosed_isRefused() {
    loop.shutdown();
    AtomicBoolean ran = new AtomicBoolean();
    assertThatThrownBy(() -> scheduler.run(() -> ran.set(true)))
        .isInstanceOf(RejectedExecutionException.class);
    assertThatThrownBy(() -> scheduler.callInLoop(() -> ran.getAndSet(true)))
        .isInstanceOf(RejectedExecutionException.class);
    assertThat(ran).isFalse();
  }

  @Test
  void nulls() {
    assertThatThrownBy(() -> EventLoopScheduler.on(null)).hasMessage("loop");
    assertThatThrownBy(() -> scheduler.call(null)).hasMessage("main");
    assertThatThrownBy(() -> scheduler.run(null)).hasMessage("main");
    assertThatThrownBy(() -> scheduler.callInLoop(null)).hasMessage("task");
    assertThatThrownBy(() -> scheduler.run(null, fiber -> {})).hasMessage("fiber");
    assertThatThrownBy(() -> scheduler.run(new Fiber(new Computation<>()), null))
        .hasMessage("main");
  }

  // The end of the loop

  @Test
  void fibersThatAreLeft_goOnInThePoolWhenTheLoopHasBeenShutDown() throws Exception {
    Trigger goesOn = new Trigger();
    CompletionStage<Boolean> stage =
        scheduler.call(
            () -> {
              Throwable unused = goesOn.await();
              for (int i = 0; i < 100; i++) {
                Fiber.yield();
              }
              return true;
            });
    loop.submit(() -> {}).get();
    loop.shutdown();
    assertThat(loop.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
    goesOn.signal();
    assertThat(result(stage)).isTrue();
  }

  @Test
  void runningFiber_goesOnInThePoolWhenTheLoopIsShutDown() throws Exception {
    AtomicBoolean ends = new AtomicBoolean();
    CompletionStage<Void> stage =
        scheduler.run(
            () -> {
              while (!ends.get()) {
                Fiber.yield();
              }
            });
    loop.submit(() -> {}).get();
    loop.shutdown();
    assertThat(loop.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
    ends.set(true);
    result(stage);
  }

  @Test
  void taskThatIsDropped_isNoticed() throws Exception {
    CountDownLatch began = new CountDownLatch(1);
    loop.execute(
        () -> {
          began.countDown();
          try {
            new CountDownLatch(1).await();
          } catch (InterruptedException shutDown) {
            // ends
          }
        });
    CompletionStage<String> stage = scheduler.call(() -> "after all");
    began.await();
    assertThat(loop.shutdownNow()).hasSize(1);
    assertThat(result(stage)).isEqualTo("after all");
  }

  @Test
  void callerRunsPolicy_isARefusal() throws Exception {
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            1,
            1,
            0,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(1),
            new ThreadPoolExecutor.CallerRunsPolicy());
    Trigger goesOn = new Trigger();
    CountDownLatch end = new CountDownLatch(1);
    CompletionStage<String> stage =
        EventLoopScheduler.on(pool)
            .call(
                () -> {
                  Throwable unused = goesOn.await();
                  return "in the pool";
                });
    pool.submit(() -> {}).get();
    pool.execute(() -> assertThat(catchThrowable(end::await)).isNull());
    Wait.until(() -> pool.getQueue().isEmpty());
    pool.execute(() -> {}); // fills the queue
    goesOn.signal();
    assertThat(result(stage)).isEqualTo("in the pool");
    end.countDown();
    pool.shutdown();
  }

  @Test
  void executorThatFailsAndKeepsTheTask_runsItOnce() throws Exception {
    AtomicInteger executed = new AtomicInteger();
    Executor failing =
        task -> {
          loop.execute(task);
          if (executed.incrementAndGet() % 2 == 0) {
            throw new OutOfMemoryError("no thread for it");
          }
        };
    AtomicInteger steps = new AtomicInteger();
    result(
        EventLoopScheduler.on(failing)
            .run(
                () -> {
                  for (int i = 0; i < 100; i++) {
                    LockSupport.parkNanos(1_000); // so that the run is asleep, and calls
                    steps.incrementAndGet();
                  }
                }));
    assertThat(steps).hasValue(100);
  }

  @Test
  void noMemoryAndNoStackForATask_loseNoWakeUp() throws Exception {
    AtomicInteger executed = new AtomicInteger();
    Executor failing =
        task -> {
          switch (executed.incrementAndGet() % 3) {
            case 0 -> throw new OutOfMemoryError("full");
            case 2 -> throw new StackOverflowError("deep");
            default -> loop.execute(task);
          }
        };
    AtomicInteger steps = new AtomicInteger();
    result(
        EventLoopScheduler.on(failing)
            .run(
                () -> {
                  for (int i = 0; i < 50; i++) {
                    Fiber.sleep(Duration.ofNanos(1_000));
                    steps.incrementAndGet();
                  }
                }));
    assertThat(steps).hasValue(50);
  }

  @Test
  void shutdownAtAnyMoment_losesNoWakeUp() throws Exception {
    for (int round = 0; round < 300; round++) {
      ExecutorService shortLived = Executors.newSingleThreadExecutor();
      List<Trigger> triggers = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        triggers.add(new Trigger());
      }
      AtomicInteger woken = new AtomicInteger();
      CompletionStage<Void> stage =
          EventLoopScheduler.on(shortLived)
              .run(
                  () -> {
                    for (Trigger trigger : triggers) {
                      Fiber.spawn(
                          new Fiber(new Computation<>()),
                          fiber -> {
                            Throwable unused = trigger.await();
                            Fiber.yield();
                            woken.incrementAndGet();
                          });
                    }
                  });
      Task<Boolean> waker = Task.start(() -> triggers.forEach(Trigger::signal));
      shortLived.shutdown();
      result(stage);
      waker.result();
      assertThat(woken).hasValue(10);
    }
  }

  // Services

  @Test
  void service_runsWhatIsSubmittedOnTheLoop() throws Exception {
    int[] count = new int[1];
    try (Service service = scheduler.start()) {
      List<Computation<Void>> results = new ArrayList<>();
      for (int i = 0; i < 1_000; i++) {
        results.add(service.submitBlock(() -> count[0]++));
        loop.execute(() -> count[0]++);
      }
      results.forEach(Computation::join);
    }
    loop.submit(() -> {}).get();
    assertThat(count[0]).isEqualTo(2_000);
  }

  @Test
  void service_goesOnInThePoolAfterTheLoop() {
    try (Service service = scheduler.start()) {
      assertThat(service.submit(() -> 1).await()).isEqualTo(1);
      loop.shutdown();
      assertThat(service.submit(() -> 2).await()).isEqualTo(2);
      assertThat(service.submit(() -> 3).await()).isEqualTo(3);
    }
  }

  @Test
  void threadsOfAService_runOnTheLoop() throws Exception {
    int[] count = new int[1];
    try (Service service = scheduler.start()) {
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        Thread thread =
            service
                .threadFactory()
                .newThread(
                    () -> {
                      for (int j = 0; j < 1_000; j++) {
                        count[0]++;
                        Thread.yield();
                      }
                    });
        thread.start();
        threads.add(thread);
      }
      for (Thread thread : threads) {
        thread.join();
      }
    }
    assertThat(count[0]).isEqualTo(10_000);
  }

  // What is left

  @Test
  void threadsOfFibers_areNotKeptOnceTheRunIsOver() throws Exception {
    List<WeakReference<Thread>> threads = Collections.synchronizedList(new ArrayList<>());
    for (int i = 0; i < 20; i++) {
      result(
          scheduler.run(
              () -> {
                Fiber.yield();
                threads.add(new WeakReference<>(Thread.currentThread()));
              }));
    }
    threads.forEach(thread -> Wait.untilCollected(thread, scheduler, loop));
  }

  @Test
  void threadsOfFibers_areNotKeptOnceTheLoopIsOver() throws Exception {
    Trigger goesOn = new Trigger();
    AtomicReference<WeakReference<Thread>> thread = new AtomicReference<>();
    Service service = scheduler.start();
    Computation<Throwable> waiting = service.submit(() -> goesOn.await());
    service.submitBlock(() -> thread.set(new WeakReference<>(Thread.currentThread()))).join();
    loop.submit(() -> {}).get();
    loop.shutdown();
    goesOn.signal();
    waiting.join();
    service.close();
    Wait.untilCollected(thread.get(), service);
  }

  @Test
  void interruptOfTheLoop_isKeptAndNoFiberSeesIt() throws Exception {
    LinkedBlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
    Trigger goesOn = new Trigger();
    CompletionStage<Boolean> stage =
        EventLoopScheduler.on(tasks::add)
            .call(
                () -> {
                  Throwable unused = goesOn.await();
                  return Thread.interrupted();
                });
    Thread.currentThread().interrupt();
    tasks.remove().run();
    assertThat(Thread.currentThread().isInterrupted()).isTrue();
    goesOn.signal();
    tasks.remove().run();
    assertThat(Thread.interrupted()).isTrue();
    assertThat(result(stage)).isFalse();
  }

  // Agrona's agent

  @Test
  void agent_saysWhetherThereWasWork() {
    FiberAgent agent = new FiberAgent("work");
    AtomicInteger ran = new AtomicInteger();
    assertThat(agent.doWork()).isZero();
    agent.execute(ran::incrementAndGet);
    assertThat(agent.doWork()).isEqualTo(1);
    assertThat(ran).hasValue(1);
    assertThat(agent.roleName()).isEqualTo("work");
    assertThat(agent).hasToString("agent work");
  }

  @Test
  void agentThatIsClosed_runsWhatThereIsAndTakesNoMore() {
    FiberAgent agent = new FiberAgent("closed");
    AtomicInteger ran = new AtomicInteger();
    agent.execute(ran::incrementAndGet);
    agent.execute(
        () -> {
          throw new IllegalArgumentException("by a task");
        });
    AssertionError error = new AssertionError("by another one");
    for (int i = 0; i < 2; i++) {
      agent.execute(
          () -> {
            throw error;
          });
    }
    agent.execute(ran::incrementAndGet);
    assertThatThrownBy(agent::onClose).isSameAs(error);
    assertThat(error.getSuppressed())
        .singleElement()
        .hasToString("java.lang.IllegalArgumentException: by a task");
    assertThat(ran).hasValue(2);
    assertThatThrownBy(() -> agent.execute(ran::incrementAndGet))
        .isInstanceOf(RejectedExecutionException.class)
        .hasMessage("agent closed has been closed");
    agent.onClose();
    assertThat(agent.doWork()).isZero();
  }
}
