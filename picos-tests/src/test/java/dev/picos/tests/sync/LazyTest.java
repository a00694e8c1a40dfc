package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.TerminateException;
import dev.picos.std.sync.Ivar;
import dev.picos.std.sync.Lazy;
import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.Alone;
import dev.picos.tests.Heap;
import dev.picos.tests.OnEveryKindOfScheduler;
import dev.picos.tests.OnEveryScheduler;
import dev.picos.tests.OnEveryTwoSchedulers;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.lang.ref.WeakReference;
import java.net.SocketTimeoutException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileLockInterruptionException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;

class LazyTest {
  private final RuntimeException reason = new CancellationException("reason");
  private final RuntimeException error = new IllegalArgumentException("error");
  private final AtomicInteger runs = new AtomicInteger();
  private final Lazy<Integer> lazy = Lazy.of(runs::incrementAndGet);

  @Test
  void force_once() {
    // The body runs when the value is asked for first, and never again
    assertThat(lazy.isForced()).isFalse();
    assertThat(lazy.isValue()).isFalse();
    assertThat(lazy).hasToString("Lazy[not forced]");
    assertThat(runs).hasValue(0);
    assertThat(lazy.force()).isEqualTo(1);
    assertThat(lazy.force()).isEqualTo(1);
    assertThat(lazy.isForced()).isTrue();
    assertThat(lazy.isValue()).isTrue();
    assertThat(lazy).hasToString("Lazy[1]");
  }

  @Test
  void ofValue() {
    // A value that is there already; null is one, also from a body
    Lazy<Object> none = Lazy.ofValue(null);
    Lazy<Object> computed = Lazy.of(() -> null);

    assertThat(none.isValue()).isTrue();
    assertThat(none.force()).isNull();
    assertThat(computed.force()).isNull();
    assertThat(computed.isValue()).isTrue();
    assertThat(Lazy.ofValue(7).force()).isEqualTo(7);
  }

  @Test
  void nulls() {
    // no body and no function is refused
    assertThatNullPointerException().isThrownBy(() -> Lazy.of(null));
    assertThatNullPointerException().isThrownBy(() -> lazy.map(null));
    assertThatNullPointerException().isThrownBy(() -> lazy.mapValue(null));
    assertThat(lazy.isForced()).isFalse();
  }

  @Test
  void force_bodyThrows() {
    // what the body throws is the result: that very object, every time
    Lazy<Object> failing = Lazy.of(() -> failOnce(error));

    assertThatThrownBy(failing::force).isSameAs(error);
    assertThatThrownBy(failing::force).isSameAs(error);
    assertThat(runs).hasValue(1);
    assertThat(failing.isForced()).isTrue();
    assertThat(failing.isValue()).isFalse();
    assertThat(failing).hasToString("Lazy[threw " + error + "]");
  }

  @Test
  void force_bodyThrowsChecked() {
    // a checked one is carried by a ComputationException, an error thrown as it is
    IOException checked = new IOException("checked");
    Error fatal = new AssertionError("fatal");
    Lazy<Object> failing =
        Lazy.of(
            () -> {
              throw checked;
            });
    Lazy<Object> broken =
        Lazy.of(
            () -> {
              throw fatal;
            });

    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(failing::force)
          .isInstanceOf(ComputationException.class)
          .extracting(Throwable::getCause)
          .isSameAs(checked);
      assertThatThrownBy(broken::force).isSameAs(fatal);
    }
  }

  private Object failOnce(RuntimeException thrown) {
    runs.incrementAndGet();
    throw thrown;
  }

  @OnEveryScheduler
  void force_byMany(Scheduler scheduler) {
    // Of many that force at the same time one runs the body, and all get its result
    scheduler.run(
        () -> {
          for (int round = 0; round < 200; round++) {
            runs.set(0);
            int[] plain = {0};
            Lazy<Object> each =
                Lazy.of(
                    () -> {
                      plain[0] = runs.incrementAndGet();
                      Fiber.yield();
                      return new Object();
                    });
            List<Computation<Object>> forcers = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
              forcers.add(
                  Fibers.start(
                      () -> {
                        Object value = each.force();
                        assertThat(plain).containsExactly(1);
                        return value;
                      }));
            }
            Object value = each.force();
            assertThat(forcers).allSatisfy(forcer -> assertThat(forcer.await()).isSameAs(value));
            assertThat(runs).hasValue(1);
          }
        });
  }

  @OnEveryScheduler
  void force_byMany_bodyThrows(Scheduler scheduler) {
    // The same where it throws
    scheduler.run(
        () -> {
          Ivar<Integer> go = new Ivar<>();
          Lazy<Object> failing =
              Lazy.of(
                  () -> {
                    go.read();
                    return failOnce(error);
                  });
          List<Computation<Object>> forcers = new ArrayList<>();
          for (int i = 0; i < 8; i++) {
            forcers.add(Fibers.start(failing::force));
            Fiber.yield();
          }
          go.fill(1);
          assertThat(forcers)
              .allSatisfy(forcer -> assertThatThrownBy(forcer::await).isSameAs(error));
          assertThat(runs).hasValue(1);
        });
  }

  @OnEveryTwoSchedulers
  void acrossSchedulers(Scheduler one, Scheduler other) throws Exception {
    // fibers of two schedulers and a plain thread get the same value, which is computed once
    Lazy<Integer> slow =
        Lazy.of(
            () -> {
              Fiber.yield();
              return runs.incrementAndGet();
            });
    Task<Integer> first = Task.start(() -> one.call(slow::force));
    Task<Integer> second = Task.start(() -> other.call(slow::force));

    assertThat(slow.force()).isEqualTo(1);
    assertThat(first.result()).isEqualTo(1);
    assertThat(second.result()).isEqualTo(1);
  }

  @OnEveryScheduler
  void forcerCanceled_nobodyWaits(Scheduler scheduler) {
    // The cancelation of the fiber that runs the body is not the result
    scheduler.run(
        () -> {
          Computation<Object> computation = new Computation<>();
          Lazy<Integer> each =
              Lazy.of(
                  () -> {
                    int run = runs.incrementAndGet();
                    computation.tryCancel(reason);
                    Fiber.current().check();
                    return run;
                  });
          Lazy<Integer> mapped = each.map(value -> value + 1);
          Canceled.under(computation, () -> assertThatThrownBy(mapped::force).isSameAs(reason));
          assertThat(mapped.isForced()).isFalse();
          assertThat(each.isForced()).isFalse();
          assertThat(mapped.force()).isEqualTo(3);
        });
  }

  @OnEveryScheduler
  void forcerCanceled_othersWait(Scheduler scheduler) {
    // One of those that wait runs the body then, and the others get its result
    scheduler.run(
        () -> {
          for (int round = 0; round < 50; round++) {
            runs.set(0);
            Ivar<Integer> go = new Ivar<>();
            Lazy<Integer> each =
                Lazy.of(
                    () -> {
                      int run = runs.incrementAndGet();
                      go.read();
                      return run;
                    });
            Computation<Object> computation = new Computation<>();
            Computation<Object> forcer = Fibers.startUnder(computation, each::force);
            while (runs.get() == 0) {
              Fiber.yield();
            }
            List<Computation<Integer>> waiters = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
              waiters.add(Fibers.start(each::force));
            }
            for (int i = 0; i < round % 10; i++) {
              Fiber.yield();
            }
            computation.tryCancel(reason);
            assertThatThrownBy(forcer::await).isSameAs(reason);
            go.fill(1);
            assertThat(waiters).allSatisfy(waiter -> assertThat(waiter.await()).isEqualTo(2));
            assertThat(runs).hasValue(2);
          }
        });
  }

  @OnEveryScheduler
  void forcerCanceled_throwsSomethingElse(Scheduler scheduler) {
    // Whatever the body throws in a canceled fiber is thrown there, and is not the result
    IOException cleaningUp = new IOException("cleaning up");
    scheduler.run(
        () -> {
          Computation<Object> computation = new Computation<>();
          Lazy<Integer> each =
              Lazy.of(
                  () -> {
                    if (computation.tryCancel(reason)) {
                      throw cleaningUp;
                    }
                    return runs.incrementAndGet();
                  });
          Canceled.under(computation, () -> assertThatThrownBy(each::force).hasCause(cleaningUp));
          assertThat(each.isForced()).isFalse();
          assertThat(each.force()).isEqualTo(1);
        });
  }

  @OnEveryScheduler
  void forcerCanceled_returns(Scheduler scheduler) {
    // a body that returns although its fiber is canceled has computed the value
    scheduler.run(
        () -> {
          Computation<Object> computation = new Computation<>();
          Lazy<Integer> each =
              Lazy.of(
                  () -> {
                    computation.tryCancel(reason);
                    return runs.incrementAndGet();
                  });
          Canceled.under(
              computation,
              () -> {
                assertThat(each.force()).isEqualTo(1);
                assertThat(each.force()).isEqualTo(1);
              });
        });
  }

  @OnEveryScheduler
  void forcerForbids(Scheduler scheduler) {
    // where cancelation is forbidden, what the body throws is the result
    scheduler.run(
        () -> {
          Lazy<Object> failing = Lazy.of(() -> failOnce(error));
          Canceled.with(
              reason,
              () ->
                  Control.callProtected(() -> assertThatThrownBy(failing::force).isSameAs(error)));
          assertThat(failing.isForced()).isTrue();
          assertThatThrownBy(failing::force).isSameAs(error);
        });
  }

  @OnEveryScheduler
  void forcer_runsOutOfTime(Scheduler scheduler) {
    // who asks with a timeout takes the value away from nobody
    scheduler.run(
        () -> {
          Ivar<Integer> ivar = new Ivar<>();
          Lazy<Integer> slow = Lazy.of(() -> ivar.read());
          assertThatThrownBy(() -> Control.callWithin(Duration.ofMillis(1), slow::force))
              .isInstanceOf(TimeoutException.class);
          ivar.fill(7);
          assertThat(slow.force()).isEqualTo(7);
        });
  }

  /** What a body throws that was stopped, and so has computed nothing. */
  private static List<Throwable> stops() {
    return List.of(
        new InterruptedException(),
        new InterruptedIOException(),
        new ClosedByInterruptException(),
        new FileLockInterruptionException(),
        new TimeoutException(),
        new SocketTimeoutException(),
        new TerminateException(),
        new CancellationException(),
        new StackOverflowError("thrown by the test"),
        new OutOfMemoryError("thrown by the test"),
        ComputationException.unchecked(new TimeoutException()),
        new RuntimeException(new InterruptedException()),
        new UncheckedIOException(new ClosedByInterruptException()),
        new IllegalStateException(new ExecutionException(new TimeoutException())));
  }

  /** Has a body that throws {@code stop} when it first comes to its end, and then returns. */
  private Lazy<Integer> stoppedOnce(Throwable stop, Block<RuntimeException> work) {
    return Lazy.of(
        () -> {
          work.run();
          if (runs.incrementAndGet() == 1) {
            Fibers.sneak(stop);
          }
          return 7;
        });
  }

  private static void assertThrown(Throwable stop, Throwable thrown) {
    assertThat(
            thrown instanceof ComputationException && thrown != stop ? thrown.getCause() : thrown)
        .isSameAs(stop);
  }

  @OnEveryScheduler
  void stopped_nobodyWaits(Scheduler scheduler) {
    // What stopped the body is thrown where that ran, and is not the result
    for (Throwable stop : stops()) {
      runs.set(0);
      scheduler.run(
          () -> {
            Lazy<Integer> each = stoppedOnce(stop, () -> {});
            Lazy<Integer> mapped = each.map(value -> value + 1);
            assertThatThrownBy(mapped::force).satisfies(thrown -> assertThrown(stop, thrown));
            assertThat(mapped.isForced()).isFalse();
            assertThat(each.isForced()).isFalse();
            assertThat(each).hasToString("Lazy[not forced]");
            assertThat(mapped.force()).isEqualTo(8);
            assertThat(runs).hasValue(2);
          });
    }
  }

  @OnEveryScheduler
  void stopped_othersWait(Scheduler scheduler) {
    // One of those that wait runs the body then, and all of them get its result
    for (Throwable stop : stops()) {
      runs.set(0);
      scheduler.run(
          () -> {
            Ivar<Integer> begun = new Ivar<>();
            Ivar<Integer> go = new Ivar<>();
            Lazy<Integer> each =
                stoppedOnce(
                    stop,
                    () -> {
                      begun.tryFill(1);
                      go.read();
                    });
            Computation<Integer> first = Fibers.start(each::force);
            begun.read();
            List<Computation<Integer>> waiters = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
              waiters.add(Fibers.start(each::force));
              Fiber.yield();
            }
            go.fill(1);

            assertThatThrownBy(first::await).satisfies(thrown -> assertThrown(stop, thrown));
            assertThat(waiters).allSatisfy(waiter -> assertThat(waiter.await()).isEqualTo(7));
            assertThat(runs).hasValue(2);
          });
    }
  }

  @OnEveryScheduler
  void stopped_everyTime(Scheduler scheduler) {
    // each of those that wait runs the body once, and throws what stopped it there
    scheduler.run(
        () -> {
          Lazy<Integer> never =
              Lazy.of(
                  () -> {
                    Fiber.yield();
                    throw new TimeoutException("run " + runs.incrementAndGet());
                  });
          List<Computation<Integer>> forcers = new ArrayList<>();
          for (int i = 0; i < 5; i++) {
            forcers.add(Fibers.start(never::force));
          }
          assertThat(forcers)
              .allSatisfy(
                  forcer ->
                      assertThatThrownBy(forcer::await)
                          .hasRootCauseInstanceOf(TimeoutException.class));
          assertThat(runs).hasValue(5);
          assertThat(never.isForced()).isFalse();
        });
  }

  @OnEveryScheduler
  void body_runsOutOfTime(Scheduler scheduler) {
    // a limit that the body sets itself is not the result either, and one who waits takes over
    scheduler.run(
        () -> {
          Ivar<Integer> begun = new Ivar<>();
          Ivar<Integer> go = new Ivar<>();
          Lazy<Integer> each =
              Lazy.of(
                  () -> {
                    if (runs.incrementAndGet() == 1) {
                      begun.fill(1);
                      go.read();
                      Control.runWithin(Duration.ofMillis(1), () -> new Ivar<Integer>().read());
                    }
                    return 7;
                  });
          Computation<Integer> first = Fibers.start(each::force);
          begun.read();
          Computation<Integer> second = Fibers.start(each::force);
          for (int i = 0; i < 10; i++) {
            Fiber.yield();
          }
          go.fill(1);

          assertThatThrownBy(first::await).hasCauseInstanceOf(TimeoutException.class);
          assertThat(second.await()).isEqualTo(7);
          assertThat(runs).hasValue(2);
        });
  }

  @OnEveryScheduler
  void interrupted_statusIsAsTheBodyLeftIt(Scheduler scheduler) {
    // An interrupt that ends the body takes the value away from nobody, and the status of the
    // thread is what the body has made of it
    for (boolean restored : new boolean[] {false, true}) {
      runs.set(0);
      scheduler.run(
          () -> {
            Lock lock = new ReentrantLock();
            Lazy<Integer> each =
                Lazy.of(
                    () -> {
                      try {
                        lock.lockInterruptibly();
                      } catch (InterruptedException e) {
                        if (restored) {
                          Thread.currentThread().interrupt();
                        }
                        throw e;
                      }
                      lock.unlock();
                      return runs.incrementAndGet();
                    });
            Thread.currentThread().interrupt();
            assertThatThrownBy(each::force).hasCauseInstanceOf(InterruptedException.class);
            assertThat(Thread.interrupted()).isEqualTo(restored);
            assertThat(each.isForced()).isFalse();
            assertThat(each.force()).isEqualTo(1);
          });
    }
  }

  @Test
  void failed_isKept() {
    // What says that the body failed rather than was stopped is the result, whatever its causes
    RuntimeException one = new IllegalStateException("one");
    RuntimeException other = new IllegalStateException("other", one);
    one.initCause(other);
    for (Throwable failure :
        List.of(
            new IOException(new EOFException()),
            new AsynchronousCloseException(),
            new NoSuchElementException(),
            one)) {
      Lazy<Object> failing =
          Lazy.of(
              () -> {
                runs.incrementAndGet();
                Fibers.sneak(failure);
                return 7;
              });
      runs.set(0);
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(failing::force).satisfies(thrown -> assertThrown(failure, thrown));
      }
      assertThat(failing.isForced()).isTrue();
      assertThat(runs).hasValue(1);
    }
  }

  @OnEveryScheduler
  void canceledBefore(Scheduler scheduler) {
    // a canceled fiber throws its reason and runs nothing, unless there is a result
    scheduler.run(
        () ->
            Canceled.with(
                reason,
                () -> {
                  assertThatThrownBy(lazy::force).isSameAs(reason);
                  assertThat(runs).hasValue(0);
                  assertThat(Lazy.ofValue(1).force()).isEqualTo(1);
                  Control.callProtected(() -> assertThat(lazy.force()).isEqualTo(1));
                  assertThat(lazy.force()).isEqualTo(1);
                }));
  }

  @OnEveryScheduler
  void waiterCanceled(Scheduler scheduler) {
    // A canceled waiter throws its reason; the fiber that runs the body is not concerned
    scheduler.run(
        () -> {
          Ivar<Integer> ivar = new Ivar<>();
          Lazy<Integer> slow = Lazy.of(() -> ivar.read());
          Computation<Integer> forcer = Fibers.start(slow::force);
          while (!slow.toString().equals("Lazy[being forced]")) {
            Fiber.yield();
          }
          Computation<Object> computation = new Computation<>();
          Computation<Object> waiter = Fibers.startUnder(computation, slow::force);
          Fiber.yield();
          computation.tryCancel(reason);
          assertThatThrownBy(waiter::await).isSameAs(reason);
          Canceled.with(reason, () -> assertThatThrownBy(slow::force).isSameAs(reason));
          assertThat(forcer.isRunning()).isTrue();
          ivar.fill(7);
          assertThat(forcer.await()).isEqualTo(7);
        });
  }

  @OnEveryScheduler
  void waiter_computationReturns(Scheduler scheduler) {
    // a waiter whose computation returns, as one shared with others may, still waits
    scheduler.run(
        () -> {
          Ivar<Integer> ivar = new Ivar<>();
          Lazy<Integer> slow = Lazy.of(() -> ivar.read());
          Computation<Integer> forcer = Fibers.start(slow::force);
          while (!slow.toString().equals("Lazy[being forced]")) {
            Fiber.yield();
          }
          Computation<Object> computation = new Computation<>();
          Computation<Object> waiter = Fibers.startUnder(computation, slow::force);
          for (int i = 0; i < 10; i++) {
            Fiber.yield();
          }
          computation.tryReturn("by another fiber");
          for (int i = 0; i < 10; i++) {
            Fiber.yield();
          }
          assertThat(waiter.isRunning()).isTrue();
          ivar.fill(7);
          assertThat(waiter.await()).isEqualTo(7);
          assertThat(forcer.await()).isEqualTo(7);
        });
  }

  @Alone
  @OnEveryKindOfScheduler
  void canceledWaiters_leaveNothing(Scheduler scheduler) {
    // Waits that were canceled leave nothing behind
    scheduler.run(
        () -> {
          Ivar<Integer> ivar = new Ivar<>();
          Lazy<Integer> slow = Lazy.of(() -> ivar.read());
          Computation<Integer> forcer = Fibers.start(slow::force);
          while (!slow.toString().equals("Lazy[being forced]")) {
            Fiber.yield();
          }
          Canceled.with(
              reason,
              () -> {
                forceCanceled(slow, 1_000);
                long before = Heap.used();
                forceCanceled(slow, 100_000);
                assertThat(Heap.used() - before).isLessThan(4 * 100_000);
              });
          ivar.fill(7);
          assertThat(forcer.await()).isEqualTo(7);
        });
  }

  private void forceCanceled(Lazy<Integer> slow, int times) {
    for (int i = 0; i < times; i++) {
      try {
        throw new AssertionError("forced to " + slow.force());
      } catch (CancellationException thrown) {
        assertThat(thrown).isSameAs(reason);
      }
    }
  }

  @OnEveryScheduler
  void reentrant(Scheduler scheduler) {
    // A body that asks for its own value is told so, and goes on as it likes
    scheduler.run(
        () -> {
          List<Lazy<Integer>> self = new ArrayList<>();
          self.add(Lazy.of(() -> self.get(0).force() + 1));
          self.add(
              Lazy.of(
                  () -> {
                    assertThatIllegalStateException().isThrownBy(() -> self.get(1).force());
                    return 7;
                  }));
          self.add(Lazy.of(() -> self.get(3).force()));
          self.add(Lazy.of(() -> self.get(2).force()));

          for (int i = 0; i < 2; i++) {
            assertThatIllegalStateException()
                .isThrownBy(() -> self.get(0).force())
                .withMessageContaining("its own value");
            assertThatIllegalStateException().isThrownBy(() -> self.get(2).force());
          }
          assertThat(self.get(0).isForced()).isTrue();
          assertThat(self.get(1).force()).isEqualTo(7);
        });
  }

  @Test
  void endOfStack() throws Exception {
    // a chain that is too long for the stack leaves nothing behind; a deeper stack computes it
    List<Lazy<Integer>> chain = new ArrayList<>();
    chain.add(Lazy.ofValue(0));
    while (chain.size() <= 30_000) {
      chain.add(chain.getLast().map(value -> value + 1));
    }
    Lazy<Integer> last = chain.getLast();

    for (int i = 0; i < 20; i++) {
      inThread(
          200 + i, () -> assertThatThrownBy(last::force).isInstanceOf(StackOverflowError.class));
      assertThat(chain.stream().skip(1).map(Lazy::toString)).containsOnly("Lazy[not forced]");
    }

    inThread(128 * 1024, () -> assertThat(last.force()).isEqualTo(30_000));
  }

  private static void inThread(int kilobytes, Runnable body) throws Exception {
    FutureTask<?> task = new FutureTask<>(body, null);
    new Thread(null, task, "stack of " + kilobytes + " KB", kilobytes * 1024L).start();
    task.get();
  }

  @Test
  void map_isLazy() {
    // A mapped value is computed when it is asked for, and so is what it is made from
    Lazy<Integer> twice = lazy.map(value -> 2 * value);

    assertThat(runs).hasValue(0);
    assertThat(twice.force()).isEqualTo(2);
    assertThat(lazy.force()).isEqualTo(1);
    assertThat(twice.force()).isEqualTo(2);
  }

  @Test
  void map_throws() {
    // An exception of the source is also that of the mapped value, and only when asked for
    Lazy<Object> failing = Lazy.of(() -> failOnce(error));
    assertThatThrownBy(failing::force).isSameAs(error);

    Lazy<Object> mapped = failing.map(value -> value);

    assertThat(mapped.isForced()).isFalse();
    assertThatThrownBy(mapped::force).isSameAs(error);
    assertThat(runs).hasValue(1);
  }

  @Test
  void mapValue_isEagerWhereItCan() {
    // Mapped at once when forced already, lazily otherwise
    Lazy<Integer> later = lazy.mapValue(value -> 2 * value);
    assertThat(later.isForced()).isFalse();
    assertThat(runs).hasValue(0);
    lazy.force();

    Lazy<Integer> now = lazy.mapValue(value -> 3 * value);

    assertThat(now.isValue()).isTrue();
    assertThat(now.force()).isEqualTo(3);
    assertThat(later.force()).isEqualTo(2);
    assertThatThrownBy(
            () ->
                lazy.mapValue(
                    value -> {
                      throw error;
                    }))
        .isSameAs(error);
  }

  @Test
  void mapValue_throws() {
    // The exception of a source that is forced already is thrown at once
    Lazy<Object> failing = Lazy.of(() -> failOnce(error));
    assertThatThrownBy(failing::force).isSameAs(error);

    assertThatThrownBy(() -> failing.mapValue(value -> value)).isSameAs(error);
    Canceled.with(
        reason, () -> assertThatThrownBy(() -> failing.mapValue(value -> 1)).isSameAs(error));
  }

  @Test
  void forced_forgetsTheBody() {
    // a forced value refers to its result alone, whether it is a value or an exception
    Object held = new Object();
    WeakReference<Object> garbage = new WeakReference<>(held);
    Lazy<Integer> value = hashOf(held);
    Lazy<Integer> mapped = hashOf(held).map(hash -> hash + 1);
    Lazy<Object> failing = throwing(held);
    held = null;

    value.force();
    mapped.force();
    assertThatThrownBy(failing::force).isSameAs(error);

    Wait.untilCollected(garbage, value, mapped, failing);
  }

  private static Lazy<Integer> hashOf(Object held) {
    return Lazy.of(() -> held.hashCode());
  }

  private Lazy<Object> throwing(Object held) {
    return Lazy.of(() -> failOnce(held == null ? reason : error));
  }
}
