package dev.picos.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every Java thread is a fiber. */
class ThreadHandlerTest {
  private final RuntimeException reason = new RuntimeException("reason");
  private final Computation<Object> computation = new Computation<>();
  private final Trigger trigger = new Trigger();

  @ParameterizedTest
  @EnumSource
  void current_isTheSameInAThread(Task.Kind kind) throws Exception {
    // a thread is always the same fiber, which is not canceled and permits cancelation
    Task<List<Fiber>> task =
        Task.start(
            kind,
            () -> {
              Fiber first = Fiber.current();
              Fiber.yield();
              return List.of(first, Fiber.current());
            });

    Fiber first = task.result().get(0);
    Fiber second = task.result().get(1);

    assertThat(first).isSameAs(second);
    assertThat(first.forbidsCancelation()).isFalse();
    assertThat(first.computation().isRunning()).isTrue();
  }

  @ParameterizedTest
  @EnumSource
  void current_differsBetweenThreads(Task.Kind kind) throws Exception {
    // each thread is a fiber of its own, under a computation of its own
    Fiber here = Fiber.current();

    Fiber there = Task.start(kind, Fiber::current).result();

    assertThat(here).isNotSameAs(there);
    assertThat(here.computation()).isNotSameAs(there.computation());
  }

  @ParameterizedTest
  @EnumSource
  void await_parksUntilTheSignal(Task.Kind kind) throws Exception {
    // an awaiting thread parks until it is signaled
    Task<Throwable> waiter = Task.start(kind, trigger::await);
    waiter.untilParked();

    trigger.signal();

    assertThat(waiter.result()).isNull();
  }

  @ParameterizedTest
  @EnumSource
  void await_endsWithCancelation(Task.Kind kind) throws Exception {
    // canceling the computation of an awaiting thread ends the await, with the very reason
    AtomicReference<Fiber> fiber = new AtomicReference<>();
    Task<Throwable> waiter =
        Task.start(
            kind,
            () -> {
              fiber.set(Fiber.current());
              return trigger.await();
            });
    waiter.untilParked();

    fiber.get().computation().tryCancel(reason);

    assertThat(waiter.result()).isSameAs(reason);
    assertThat(trigger.isSignaled()).isTrue();
  }

  @ParameterizedTest
  @EnumSource
  void await_whenCanceled(Task.Kind kind) throws Exception {
    // an await by a canceled thread returns the reason at once, and disposes of the trigger
    Task<Throwable> waiter =
        Task.start(
            kind,
            () -> {
              Fiber.current().computation().tryCancel(reason);
              return trigger.await();
            });

    assertThat(waiter.result()).isSameAs(reason);
    assertThat(trigger.isSignaled()).isTrue();
  }

  @ParameterizedTest
  @EnumSource
  void await_whenForbidden(Task.Kind kind) throws Exception {
    // A thread that forbids cancelation awaits the signal, canceled or not
    Task<Throwable> waiter =
        Task.start(
            kind,
            () -> {
              Fiber.current().computation().tryCancel(reason);
              return Fiber.current()
                  .<Throwable, RuntimeException>callForbiddingCancelation(trigger::await);
            });
    waiter.untilParked();
    boolean signaledByCancelation = trigger.isSignaled();

    trigger.signal();

    assertThat(signaledByCancelation).isFalse();
    assertThat(waiter.result()).isNull();
  }

  @ParameterizedTest
  @EnumSource
  void await_leavesNothingBehind(Task.Kind kind) throws Exception {
    // Once a thread has been resumed, its computation holds the trigger no more
    Task<Integer> waiter =
        Task.start(
            kind,
            () -> {
              assertThat(trigger.await()).isNull();
              return Fiber.current().computation().attachedCount();
            });
    waiter.untilParked();

    trigger.signal();

    assertThat(waiter.result()).isZero();
  }

  @ParameterizedTest
  @EnumSource
  void await_whenInterrupted(Task.Kind kind) throws Exception {
    // An await with the interrupt status set parks, and keeps the status
    Task<Boolean> waiter =
        Task.start(
            kind,
            () -> {
              Thread.currentThread().interrupt();
              assertThat(trigger.await()).isNull();
              return Thread.interrupted();
            });
    waiter.untilParked();

    trigger.signal();

    assertThat(waiter.result()).isTrue();
  }

  @ParameterizedTest
  @EnumSource
  void await_interruptedMeanwhile(Task.Kind kind) throws Exception {
    // An interrupt does not end an await, and is kept
    Task<Boolean> waiter =
        Task.start(
            kind,
            () -> {
              assertThat(trigger.await()).isNull();
              return Thread.interrupted();
            });
    waiter.untilParked();

    waiter.thread().interrupt();
    Wait.until(() -> !waiter.thread().isInterrupted());
    waiter.untilParked();
    trigger.signal();

    assertThat(waiter.result()).isTrue();
  }

  @ParameterizedTest
  @EnumSource
  void await_unparkedByStrangers(Task.Kind kind) throws Exception {
    // stray unparks, before the await and in it, do not end it
    Task<Boolean> waiter =
        Task.start(
            kind,
            () -> {
              LockSupport.unpark(Thread.currentThread());
              assertThat(trigger.await()).isNull();
              return trigger.isSignaled();
            });
    for (int i = 0; i < 10; i++) {
      waiter.untilParked();
      LockSupport.unpark(waiter.thread());
    }
    waiter.untilParked();

    trigger.signal();

    assertThat(waiter.result()).isTrue();
  }

  @Test
  void await_inForkJoinPool() throws Exception {
    // a pool gets another worker for one that waits, which may wait for what is still in the queue
    try (ForkJoinPool pool = new ForkJoinPool(1)) {
      ForkJoinTask<Object> waiter =
          pool.submit(
              () -> {
                pool.execute(() -> computation.tryReturn("value"));
                return computation.await();
              });

      assertThat(waiter.get(20, TimeUnit.SECONDS)).isEqualTo("value");
    }
  }

  @Test
  void await_inForkJoinPoolWithoutMoreThreads() throws Exception {
    // where the pool refuses another worker, its worker waits all the same
    AtomicReference<Thread> worker = new AtomicReference<>();
    try (ForkJoinPool pool =
        new ForkJoinPool(
            1,
            ForkJoinPool.defaultForkJoinWorkerThreadFactory,
            null,
            false,
            1,
            1,
            1,
            null,
            1,
            TimeUnit.MINUTES)) {
      ForkJoinTask<Object> waiter =
          pool.submit(
              () -> {
                worker.set(Thread.currentThread());
                return computation.await();
              });
      Wait.until(() -> worker.get() != null && worker.get().getState() == Thread.State.WAITING);

      computation.tryReturn("value");

      assertThat(waiter.get(20, TimeUnit.SECONDS)).isEqualTo("value");
    }
  }

  @ParameterizedTest
  @EnumSource
  void yield_whenCanceled(Task.Kind kind) throws Exception {
    // A canceled thread that yields throws its reason, unless it forbids cancelation
    Task<String> yielder =
        Task.start(
            kind,
            () -> {
              Fiber.current().computation().tryCancel(reason);
              Fiber.current().runForbiddingCancelation(Fiber::yield);
              assertThatThrownBy(Fiber::yield).isSameAs(reason);
              return "done";
            });

    assertThat(yielder.result()).isEqualTo("done");
  }

  @ParameterizedTest
  @EnumSource
  void spawn_startsAVirtualThread(Task.Kind kind) throws Exception {
    // a thread may spawn fibers, which run as virtual threads and may spawn fibers themselves
    Computation<Thread> child = new Computation<>();
    Computation<Thread> grandchild = new Computation<>();
    List<Fiber> seen = new ArrayList<>();
    Fiber childFiber = new Fiber(child);
    Fiber grandchildFiber = new Fiber(grandchild, true);

    Task<Thread> spawner =
        Task.start(
            kind,
            () -> {
              Fiber.spawn(
                  childFiber,
                  self -> {
                    seen.addAll(List.of(self, Fiber.current()));
                    Fiber.spawn(
                        grandchildFiber,
                        grand -> {
                          seen.addAll(List.of(grand, Fiber.current()));
                          grandchild.tryReturn(Thread.currentThread());
                        });
                    child.tryReturn(Thread.currentThread());
                  });
              return Thread.currentThread();
            });

    assertThat(grandchild.await().isVirtual()).isTrue();
    assertThat(child.await().isVirtual()).isTrue();
    assertThat(List.of(spawner.result(), child.await(), grandchild.await()))
        .doesNotHaveDuplicates();
    assertThat(seen).containsExactly(childFiber, childFiber, grandchildFiber, grandchildFiber);
  }

  @ParameterizedTest
  @EnumSource
  void spawn_passesTheContextClassLoaderOn(Task.Kind kind) throws Exception {
    // a fiber has the context class loader of the thread that spawns it
    ClassLoader loader = new URLClassLoader(new URL[0]);
    Task<Boolean> spawner =
        Task.start(
            kind,
            () -> {
              Thread.currentThread().setContextClassLoader(loader);
              Fiber.spawn(
                  new Fiber(computation),
                  self -> computation.tryReturn(Thread.currentThread().getContextClassLoader()));
              return true;
            });

    assertThat(spawner.result()).isTrue();
    assertThat(computation.await()).isSameAs(loader);
  }

  @ParameterizedTest
  @EnumSource
  void spawn_whenCanceled(Task.Kind kind) throws Exception {
    // a canceled thread that spawns throws its reason and starts nothing, unless it forbids it
    Fiber child = new Fiber(computation);
    List<String> log = new ArrayList<>();
    Task<String> spawner =
        Task.start(
            kind,
            () -> {
              Fiber.current().computation().tryCancel(reason);
              assertThatThrownBy(() -> Fiber.spawn(child, self -> log.add("refused")))
                  .isSameAs(reason);
              Fiber.current()
                  .runForbiddingCancelation(
                      () -> Fiber.spawn(child, self -> computation.tryReturn("spawned")));
              return "done";
            });

    assertThat(spawner.result()).isEqualTo("done");
    assertThat(computation.await()).isEqualTo("spawned");
    assertThat(log).isEmpty();
  }

  @Test
  void spawn_ofThrowingMain() {
    // what leaves the main of a fiber that no run counts reaches its thread's exception handler
    Computation<Throwable> uncaught = new Computation<>();

    Fiber.spawn(
        new Fiber(computation),
        self -> {
          Thread.currentThread()
              .setUncaughtExceptionHandler((thread, thrown) -> uncaught.tryReturn(thrown));
          throw reason;
        });

    assertThat(uncaught.await()).isSameAs(reason);
  }

  @ParameterizedTest
  @EnumSource
  void cancelAfter_isNotTooEarly(Task.Kind kind) throws Exception {
    // The computation is canceled with the reason, not earlier than the delay
    Duration delay = Duration.ofMillis(20);
    Task<Long> waiter =
        Task.start(
            kind,
            () -> {
              long start = System.nanoTime();
              computation.cancelAfter(delay, reason);
              computation.join();
              return System.nanoTime() - start;
            });

    assertThat(waiter.result()).isGreaterThanOrEqualTo(delay.toNanos());
    assertThat(computation.cancelReason()).isSameAs(reason);
  }

  @Test
  void cancelAfter_zero() {
    // a delay of zero cancels
    computation.cancelAfter(Duration.ZERO, reason);

    computation.join();

    assertThat(computation.cancelReason()).isSameAs(reason);
  }

  static Stream<Duration> hugeDelays() {
    return Stream.of(
        Duration.ofDays(100L * 365),
        Duration.ofNanos(Long.MAX_VALUE),
        Duration.ofSeconds(100_000_000_000L),
        Duration.ofSeconds(Long.MAX_VALUE, 999_999_999));
  }

  @ParameterizedTest
  @MethodSource("hugeDelays")
  void cancelAfter_hugeDelay(Duration delay) {
    // An absurd delay does not overflow to an early cancelation, nor disturb other timeouts
    Computation<Object> other = new Computation<>();

    computation.cancelAfter(delay, reason);
    other.cancelAfter(Duration.ofMillis(5), reason);
    other.join();

    assertThat(computation.isRunning()).isTrue();
    assertThat(computation.tryReturn("value")).isTrue();
  }

  @Test
  void cancelAfter_severalOnOneComputation() {
    // of several timeouts the first to pass cancels
    RuntimeException late = new RuntimeException("late");
    computation.cancelAfter(Duration.ofDays(1), late);
    computation.cancelAfter(Duration.ofMillis(1), reason);
    computation.cancelAfter(Duration.ofDays(2), late);

    computation.join();

    assertThat(computation.cancelReason()).isSameAs(reason);
  }

  @Test
  void cancelAfter_onCompletedComputation() {
    // A timeout of a completed computation changes nothing, and is not kept
    computation.tryReturn("value");

    WeakReference<Throwable> garbage = cancelAfterWithGarbage(computation);

    Wait.untilCollected(garbage);
    assertThat(computation.await()).isEqualTo("value");
  }

  @Test
  void cancelAfter_onComputationThatCompletes() {
    // the timeout of a computation that completes is removed at once and holds nothing
    WeakReference<Throwable> garbage = cancelAfterWithGarbage(computation);

    computation.tryReturn("value");

    Wait.untilCollected(garbage, computation);
  }

  @Test
  void cancelAfter_onComputationThatATransactionCompletes() {
    // the same holds when a transaction completes it
    WeakReference<Throwable> garbage = cancelAfterWithGarbage(computation);
    Transaction transaction = new Transaction();
    assertThat(transaction.tryReturn(computation, "value")).isTrue();

    transaction.tryCommit();

    Wait.untilCollected(garbage, computation);
  }

  @Test
  void cancelAfter_racingWithCompletion() {
    // The timer does not keep timeouts that are set just while their computations complete
    Race.<Computation<Object>>run(
        5_000,
        Computation::new,
        each -> each.cancelAfter(Duration.ofDays(1), reason),
        each -> each.tryReturn("value"),
        each -> assertThat(each.await()).isEqualTo("value"));

    Wait.until(() -> ThreadTimer.SHARED.held() < 2_100);
  }

  private static WeakReference<Throwable> cancelAfterWithGarbage(Computation<?> computation) {
    Throwable garbage = new RuntimeException("garbage");
    computation.cancelAfter(Duration.ofDays(1), garbage);
    return new WeakReference<>(garbage);
  }

  @ParameterizedTest
  @EnumSource
  void cancelAfter_whenCanceled(Task.Kind kind) throws Exception {
    // a canceled thread throws its reason and sets no timeout, unless it forbids cancelation
    Task<String> task =
        Task.start(
            kind,
            () -> {
              Fiber.current().computation().tryCancel(reason);
              assertThatThrownBy(() -> computation.cancelAfter(Duration.ZERO, reason))
                  .isSameAs(reason);
              assertThat(computation.attachedCount()).isZero();
              Fiber.current()
                  .runForbiddingCancelation(() -> computation.cancelAfter(Duration.ZERO, reason));
              return "done";
            });

    assertThat(task.result()).isEqualTo("done");
    computation.join();
    assertThat(computation.cancelReason()).isSameAs(reason);
  }

  @Test
  void cancelAfter_manyTimes() {
    // a thousand timeouts in no order all pass, none too early
    long start = System.nanoTime();
    List<Computation<Object>> computations =
        Stream.<Computation<Object>>generate(Computation::new).limit(1_000).toList();

    for (int i = 0; i < 1_000; i++) {
      computations.get(i).cancelAfter(Duration.ofMillis(i * 7 % 20), reason);
    }
    for (int i = 0; i < 1_000; i++) {
      computations.get(i).join();
      assertThat(System.nanoTime() - start)
          .isGreaterThanOrEqualTo(Duration.ofMillis(i * 7 % 20).toNanos());
    }

    assertThat(computations).allMatch(Computation::isCanceled);
  }

  @Test
  void cancelAfter_setsOffAThrowingAction() {
    // an action that throws in the timer's thread does not keep later timeouts from passing
    Trigger throwing =
        Trigger.fromAction(
            reason,
            null,
            (t, x, y) -> {
              throw x;
            });
    assertThat(computation.tryAttach(throwing)).isTrue();
    Computation<Object> later = new Computation<>();

    computation.cancelAfter(Duration.ofMillis(1), reason);
    computation.join();
    later.cancelAfter(Duration.ofMillis(1), reason);
    later.join();

    assertThat(later.cancelReason()).isSameAs(reason);
  }

  @Test
  void timer_isADaemon() {
    // the timer's thread does not keep the JVM alive
    Computation<Thread> timer = new Computation<>();
    Computation<Object> acting =
        Computation.withAction(
            Computation.Mode.FIFO,
            timer,
            null,
            (t, c, nothing) -> c.tryReturn(Thread.currentThread()));

    acting.cancelAfter(Duration.ZERO, reason);

    assertThat(timer.await().isDaemon()).isTrue();
  }
}
