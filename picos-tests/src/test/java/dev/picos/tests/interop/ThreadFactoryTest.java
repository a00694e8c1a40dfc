package dev.picos.tests.interop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.FiberLocal;
import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import dev.picos.core.Trigger;
import dev.picos.domains.DeadlockException;
import dev.picos.domains.Service;
import dev.picos.domains.UnfinishedRunException;
import dev.picos.interop.Interop;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import dev.picos.sched.randos.RandosScheduler;
import dev.picos.std.channel.Channel;
import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import dev.picos.tests.OnEveryScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Threads that are fibers: those of factories, and those that fibers start themselves. */
class ThreadFactoryTest {
  private enum Kind {
    FIFO {
      @Override
      Service start() {
        return FifoScheduler.create().start();
      }
    },
    MULTIFIFO {
      @Override
      Service start() {
        return MultiFifoScheduler.builder().domains(2).build().start();
      }
    };

    abstract Service start();
  }

  private static final Thread.UncaughtExceptionHandler IGNORED = (thread, thrown) -> {};

  // In a run

  @OnEveryScheduler
  void run_waitsForThreadsOfItsFactory(Scheduler scheduler) throws Exception {
    AtomicInteger ran = new AtomicInteger();
    List<Thread> threads = new ArrayList<>();
    scheduler.run(
        () -> {
          for (int i = 0; i < 100; i++) {
            Thread thread =
                Interop.threadFactory()
                    .newThread(
                        () -> {
                          Thread.yield();
                          ran.incrementAndGet();
                        });
            threads.add(thread);
            thread.start();
          }
        });
    if (scheduler instanceof ThreadScheduler) { // whose threads belong to no run
      for (Thread thread : threads) {
        thread.join();
      }
    }
    assertThat(ran).hasValue(100);
  }

  @OnEveryScheduler
  void thread_isAFiber_withLocalsOfItsOwn(Scheduler scheduler) throws Exception {
    FiberLocal<String> local = new FiberLocal<>();
    ThreadLocal<String> threadLocal = ThreadLocal.withInitial(() -> "none");
    scheduler.run(
        () -> {
          local.set(Fiber.current(), "of main");
          threadLocal.set("of main");
          Fiber main = Fiber.current();
          List<Object> seen = new ArrayList<>();
          Thread thread =
              Interop.threadFactory()
                  .newThread(
                      () -> {
                        seen.add(Fiber.current());
                        Fiber.yield();
                        seen.add(Fiber.current());
                        seen.add(local.getOrDefault(Fiber.current(), "none"));
                        seen.add(threadLocal.get());
                        seen.add(Thread.currentThread());
                      });
          thread.start();
          thread.join();
          assertThat(seen.get(0)).isNotSameAs(main).isSameAs(seen.get(1));
          assertThat(seen.subList(2, 5)).containsExactly("none", "none", thread);
          assertThat(thread.getState()).isEqualTo(Thread.State.TERMINATED);
        });
  }

  @OnEveryScheduler
  void fiberOperations_workInThreads(Scheduler scheduler) throws Exception {
    scheduler.run(
        () -> {
          Channel<Integer> channel = Channel.buffered(1);
          Trigger trigger = new Trigger();
          Thread sender =
              start(
                  () -> {
                    assertThat(trigger.await()).isNull();
                    for (int i = 0; i < 10; i++) {
                      channel.send(i);
                    }
                    Fiber.sleep(Duration.ofMillis(1));
                    channel.close();
                  });
          Fiber.yield();
          trigger.signal();
          List<Integer> received = new ArrayList<>();
          for (int i = 0; i < 10; i++) {
            received.add(channel.receive());
          }
          sender.join();
          assertThat(received).isEqualTo(IntStream.range(0, 10).boxed().toList());
        });
  }

  private static Thread start(Runnable body) {
    Thread thread = Interop.threadFactory().newThread(body);
    thread.start();
    return thread;
  }

  @OnEveryScheduler
  void interrupt_isAnInterrupt(Scheduler scheduler) {
    scheduler.run(
        () -> {
          CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
          Thread thread =
              start(
                  () -> {
                    try {
                      new CountDownLatch(1).await();
                      interrupted.complete(false);
                    } catch (InterruptedException expected) {
                      interrupted.complete(true);
                    }
                  });
          Fiber.yield();
          thread.interrupt();
          assertThat(Interop.await(interrupted)).isTrue();
        });
  }

  @OnEveryScheduler
  void uncaughtException_goesToTheThreadsHandler_andTheRunGoesOn(Scheduler scheduler)
      throws Exception {
    RuntimeException thrown = new RuntimeException("leaves the body");
    AtomicReference<Throwable> handled = new AtomicReference<>();
    scheduler.run(
        () -> {
          Thread thread =
              Interop.threadFactory()
                  .newThread(
                      () -> {
                        throw thrown;
                      });
          thread.setUncaughtExceptionHandler((where, what) -> handled.set(what));
          thread.start();
          thread.join();
        });
    assertThat(handled).hasValue(thrown);
  }

  @OnEveryScheduler
  void executorOfThreads_doesItsTasks(Scheduler scheduler) throws Exception {
    scheduler.run(
        () -> {
          try (ExecutorService executor =
              Executors.newThreadPerTaskExecutor(Interop.threadFactory())) {
            List<Future<Integer>> futures =
                IntStream.range(0, 50)
                    .mapToObj(
                        i ->
                            executor.submit(
                                () -> {
                                  Fiber.yield();
                                  return i;
                                }))
                    .toList();
            int sum = 0;
            for (Future<Integer> future : futures) {
              sum += future.get();
            }
            assertThat(sum).isEqualTo(49 * 50 / 2);
          }
        });
  }

  @OnEveryScheduler
  void threadThatStartsThreads_isWaitedFor(Scheduler scheduler) throws Exception {
    CountDownLatch ended = new CountDownLatch(1);
    scheduler.run(
        () -> {
          Thread outer = start(() -> start(ended::countDown));
          outer.join();
          ended.await();
        });
  }

  @Test
  void thread_startedAfterItsRun_isRejected() throws Exception {
    // and so is one that is started outside of it
    List<Thread> threads = new ArrayList<>();
    FifoScheduler.create()
        .run(
            () -> {
              threads.add(Interop.threadFactory().newThread(() -> {}));
              threads.add(Interop.threadFactory().newThread(() -> {}));
              Thread second = threads.get(1);
              Throwable refused = Task.start(() -> catchThrowable(second::start)).result();
              assertThat(refused).isInstanceOf(RejectedExecutionException.class);
            });

    assertThatThrownBy(threads.get(0)::start)
        .isInstanceOf(RejectedExecutionException.class)
        .hasMessageContaining("fifo");
    assertThat(threads.get(0).isAlive()).isFalse();
  }

  @Test
  void thread_outlivesTheFiberThatMadeIt() {
    // the factory is that of the run, and not of the fiber that asked for it
    AtomicInteger ran = new AtomicInteger();
    FifoScheduler.create()
        .run(
            () -> {
              Computation<Thread> made = new Computation<>();
              Fiber.spawn(
                  new Fiber(made),
                  self -> made.tryReturn(Interop.threadFactory().newThread(ran::incrementAndGet)));
              Thread thread = made.await();
              Fiber.yield();
              thread.start();
            });

    assertThat(ran).hasValue(1);
  }

  // Of a service

  @ParameterizedTest
  @EnumSource
  void service_waitsForThreads_startedAnywhere(Kind kind) {
    AtomicInteger ran = new AtomicInteger();
    try (Service service = kind.start()) {
      for (int i = 0; i < 1_000; i++) {
        service.threadFactory().newThread(ran::incrementAndGet).start();
      }
    }
    assertThat(ran).hasValue(1_000);
  }

  @ParameterizedTest
  @EnumSource
  void closedService_rejectsThreads(Kind kind) {
    Service service = kind.start();
    Thread late = service.threadFactory().newThread(() -> {});
    service.close();

    assertThatThrownBy(late::start)
        .isInstanceOf(RejectedExecutionException.class)
        .hasMessageContaining("before its service is closed");
    assertThat(late.getState()).isEqualTo(Thread.State.TERMINATED);
  }

  @ParameterizedTest
  @EnumSource
  void closeNow_cancelsThreads(Kind kind) throws Exception {
    Service service = kind.start();
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    Thread thread =
        service
            .threadFactory()
            .newThread(() -> thrown.set(catchThrowable(() -> Fiber.sleep(Duration.ofHours(1)))));
    thread.start();
    Wait.until(() -> thread.getState() == Thread.State.WAITING);
    service.closeNow();

    assertThat(thrown.get()).hasMessageContaining("has been closed");
    thread.join();
  }

  @ParameterizedTest
  @EnumSource
  void closeWithGrace_interruptsThreads(Kind kind) {
    Service service = kind.start();
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    Thread thread =
        service
            .threadFactory()
            .newThread(() -> thrown.set(catchThrowable(() -> new CountDownLatch(1).await())));
    thread.start();
    Wait.until(() -> thread.getState() == Thread.State.WAITING);

    while (!service.close(Duration.ofMillis(1))) {
      Thread.onSpinWait(); // the machine may be busy
    }
    assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
  }

  @ParameterizedTest
  @EnumSource
  void uncaughtException_goesToTheServicesHandler(Kind kind) {
    RuntimeException leaving = new RuntimeException("leaves the body");
    AtomicReference<Throwable> handled = new AtomicReference<>();
    try (Service service = kind.start()) {
      service.uncaughtExceptionHandler((thread, thrown) -> handled.set(thrown));
      service
          .threadFactory()
          .newThread(
              () -> {
                throw leaving;
              })
          .start();
    }
    assertThat(handled).hasValue(leaving);
  }

  @ParameterizedTest
  @EnumSource
  void threads_areInterruptedAndJoined_byOthers(Kind kind) throws Exception {
    try (Service service = kind.start()) {
      BlockingQueue<Integer> queue = new ArrayBlockingQueue<>(1);
      AtomicInteger sum = new AtomicInteger();
      Thread consumer =
          service
              .threadFactory()
              .newThread(
                  () -> {
                    try {
                      while (true) {
                        sum.addAndGet(queue.take());
                      }
                    } catch (InterruptedException end) {
                      sum.addAndGet(1_000);
                    }
                  });
      consumer.start();
      for (int i = 1; i <= 10; i++) {
        queue.put(i);
      }
      Wait.until(queue::isEmpty);
      Wait.until(() -> consumer.getState() == Thread.State.WAITING);
      consumer.interrupt();
      consumer.join();

      assertThat(sum).hasValue(1_055);
    }
  }

  @ParameterizedTest
  @EnumSource
  void threads_thatAreWokenWhenTheyPark_areCountedOnce(Kind kind) throws Exception {
    // the end of a thread that another domain runs to its end is not seen by the first one, too
    int threads = 30_000;
    AtomicInteger ended = new AtomicInteger();
    Queue<Thread> parking = new ConcurrentLinkedQueue<>(); // no lock, which might use up a permit
    try (Service service = kind.start()) {
      ThreadFactory factory = service.threadFactory();
      Task<Boolean> waker =
          Task.start(
              () -> {
                for (int i = 0; i < threads; i++) {
                  Wait.until(() -> !parking.isEmpty());
                  LockSupport.unpark(parking.remove());
                }
              });
      for (int i = 0; i < threads; i++) {
        factory
            .newThread(
                () -> {
                  parking.add(Thread.currentThread());
                  LockSupport.park();
                  ended.incrementAndGet();
                })
            .start();
      }
      waker.result();
    }
    assertThat(ended).hasValue(threads);
  }

  @ParameterizedTest
  @EnumSource
  void start_nearTheEndOfTheStack_isAllOrNothing(Kind kind) throws Exception {
    // in a plain thread and in a fiber of the service, which goes on and can be closed
    AtomicInteger started = new AtomicInteger();
    AtomicInteger ran = new AtomicInteger();
    try (Service service = kind.start()) {
      Runnable deep = () -> startDeep(service.threadFactory(), started, ran, 0);
      Task.start(deep::run).result();
      service.submitBlock(deep::run).await();
      assertThat(service.submit(() -> 7).await()).isEqualTo(7);
    }
    assertThat(ran).hasValue(started.get());
  }

  private static void startDeep(
      ThreadFactory factory, AtomicInteger started, AtomicInteger ran, int depth) {
    try {
      if (depth < 1_000_000) {
        startDeep(factory, started, ran, depth + 1);
      }
    } catch (StackOverflowError end) {
      // from here on, a start succeeds sooner or later
    }
    if (depth % 16 == 0) {
      factory.newThread(ran::incrementAndGet).start();
      started.incrementAndGet();
    }
  }

  // Where a thread blocks its carrier, and others take over

  private static final CountDownLatch GOES_ON = new CountDownLatch(1);
  private static final CountDownLatch GOES_ON_AND_YIELDS = new CountDownLatch(1);

  /** A class whose initialiser waits, so that the thread cannot leave its carrier. */
  private static final class Waits {
    static {
      assertThat(catchThrowable(GOES_ON::await)).isNull();
    }

    static void use() {}
  }

  /** Another one. */
  private static final class WaitsToo {
    static {
      assertThat(catchThrowable(GOES_ON_AND_YIELDS::await)).isNull();
    }

    static void use() {}
  }

  @Test
  void threadThatHasLostItsDomain_endsOnce() throws Exception {
    FifoScheduler.create()
        .run(
            () -> {
              for (boolean yields : new boolean[] {false, true}) {
                Thread thread =
                    Interop.threadFactory()
                        .newThread(
                            () -> {
                              if (yields) {
                                WaitsToo.use();
                                Fiber.yield();
                              } else {
                                Waits.use();
                              }
                            });
                thread.start();
                Fiber.yield(); // the thread blocks the domain, and another one goes on here
                (yields ? GOES_ON_AND_YIELDS : GOES_ON).countDown();
                thread.join();
              }
            });
  }

  @Test
  void freshThreads_changeNothingForThreadsOfTheProgram() throws Exception {
    AtomicInteger ran = new AtomicInteger();
    FifoScheduler.builder()
        .freshThreads(true)
        .build()
        .run(
            () -> {
              for (int i = 0; i < 10; i++) {
                Interop.threadFactory()
                    .newThread(
                        () -> {
                          Fiber.yield();
                          ran.incrementAndGet();
                        })
                    .start();
              }
            });
    assertThat(ran).hasValue(10);
  }

  @Test
  void runThatIsGivenUp_tellsOfItsThreads_andInterruptsThem() throws Exception {
    AtomicInteger interrupted = new AtomicInteger();
    AtomicReference<Thread> hangs = new AtomicReference<>();
    Scheduler scheduler = FifoScheduler.builder().endsOnInterrupt(true).build();
    Task<Throwable> run =
        Task.start(
            () ->
                catchThrowable(
                    () ->
                        scheduler.run(
                            () -> {
                              Thread thread =
                                  Interop.threadFactory()
                                      .newThread(
                                          () -> {
                                            try {
                                              new CountDownLatch(1).await();
                                            } catch (InterruptedException givenUp) {
                                              interrupted.incrementAndGet();
                                            }
                                          });
                              thread.setName("hangs");
                              thread.start();
                              hangs.set(thread);
                            })));
    Wait.until(() -> hangs.get() != null && hangs.get().getState() == Thread.State.WAITING);
    run.thread().interrupt();
    assertThat(run.result())
        .isInstanceOf(UnfinishedRunException.class)
        .hasMessageContaining("\"hangs\" waits");
    assertThat(interrupted).hasValue(1);
  }

  @ParameterizedTest
  @EnumSource
  void threads_inheritWhatTheJdksDo(Kind kind) throws Exception {
    InheritableThreadLocal<String> inherited = new InheritableThreadLocal<>();
    inherited.set("from the maker");
    ClassLoader loader = new ClassLoader() {};
    ClassLoader before = Thread.currentThread().getContextClassLoader();
    List<Object> seen = new ArrayList<>();
    try (Service service = kind.start()) {
      Thread.currentThread().setContextClassLoader(loader);
      Thread thread =
          service
              .threadFactory()
              .newThread(
                  () -> {
                    seen.add(inherited.get());
                    seen.add(Thread.currentThread().getContextClassLoader());
                  });
      thread.start();
      thread.join();
    } finally {
      Thread.currentThread().setContextClassLoader(before);
    }
    assertThat(seen).containsExactly("from the maker", loader);
  }

  // Adopted

  @Test
  void threadsThatAFiberStarts_areInTheOrderOfTheScheduler() {
    // no thread runs before main suspends, and then they run one after another, in their order
    List<Integer> order = new ArrayList<>(); // unguarded: they do not run in parallel
    FifoScheduler.builder()
        .adoptsThreads(true)
        .build()
        .run(
            () -> {
              for (int i = 0; i < 100; i++) {
                int number = i;
                Thread.startVirtualThread(
                    () -> {
                      order.add(number);
                      Thread.yield();
                      order.add(100 + number);
                    });
              }
              order.add(-1);
            });

    assertThat(order).isEqualTo(IntStream.range(-1, 200).boxed().toList());
  }

  @Test
  void seed_determinesTheOrderOfThreads() {
    // code with virtual threads alone, an executor and a queue runs the same way each time
    assertThat(traceOf(1)).isEqualTo(traceOf(1)).isNotEqualTo(traceOf(2));
  }

  private static List<String> traceOf(long seed) {
    List<String> trace = new ArrayList<>();
    RandosScheduler.builder()
        .seed(seed)
        .build()
        .run(
            () -> {
              BlockingQueue<Integer> queue = new ArrayBlockingQueue<>(2);
              try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
                for (int i = 0; i < 4; i++) {
                  int number = i;
                  executor.submit(
                      () -> {
                        for (int j = 0; j < 10; j++) {
                          queue.put(number);
                          trace.add("put " + number);
                        }
                        return null;
                      });
                  executor.submit(
                      () -> {
                        for (int j = 0; j < 10; j++) {
                          trace.add("took " + queue.take());
                        }
                        return null;
                      });
                }
              }
            });
    return trace;
  }

  @Test
  void fibersOfTheThreadScheduler_areNotAdopted() {
    // they are fibers already, and of that scheduler
    RandosScheduler.create()
        .run(
            () -> {
              Fiber outer = Fiber.current();
              ThreadScheduler.create()
                  .run(
                      () -> {
                        Fiber main = Fiber.current();
                        assertThat(main).isNotSameAs(outer);
                        Computation<Fiber> child = new Computation<>();
                        Fiber fiber = new Fiber(child);
                        Fiber.spawn(fiber, self -> child.tryReturn(Fiber.current()));
                        assertThat(child.await()).isSameAs(fiber);
                      });
              Computation<Fiber> single = new Computation<>();
              Fiber fiber = new Fiber(single);
              ThreadScheduler.create().spawn(fiber, self -> single.tryReturn(Fiber.current()));
              assertThat(single.await()).isSameAs(fiber);
            });
  }

  @Test
  void deadlockOfThreads_isFound() {
    // threads that wait for each other in the JDK's own way, in a closed world
    assertThatThrownBy(
            () ->
                RandosScheduler.builder()
                    .virtualTime(true)
                    .build()
                    .run(
                        () -> {
                          CountDownLatch never = new CountDownLatch(1);
                          Thread.ofVirtual()
                              .name("waits for ever")
                              .uncaughtExceptionHandler(IGNORED)
                              .start(() -> awaitUninterruptibly(never))
                              .join();
                        }))
        .isInstanceOf(DeadlockException.class)
        .hasMessageContaining("waits for ever");
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    while (latch.getCount() > 0) {
      LockSupport.park();
    }
  }

  @Test
  void threadsThatAFiberStarts_areLeftToTheJdk_ifNotAdopted() {
    CompletableFuture<Boolean> inTheRun = new CompletableFuture<>();
    CountDownLatch over = new CountDownLatch(1);
    FifoScheduler.create()
        .run(
            () ->
                Thread.startVirtualThread(
                    () -> {
                      try {
                        over.await();
                        inTheRun.complete(false);
                      } catch (InterruptedException e) {
                        inTheRun.completeExceptionally(e);
                      }
                    }));
    over.countDown(); // which the run did not wait for

    assertThat(inTheRun.join()).isFalse();
  }
}
