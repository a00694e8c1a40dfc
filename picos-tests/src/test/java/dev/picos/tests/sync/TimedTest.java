package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.OnReturn;
import dev.picos.std.sync.Broadcast;
import dev.picos.std.sync.Ivar;
import dev.picos.std.sync.Latch;
import dev.picos.std.sync.Semaphore;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What all waits with a timeout have in common, of what is acquired, of conditions, latches, and
 * values that are to come.
 */
class TimedTest {
  private static final Duration SHORT = Duration.ofMillis(3);
  private static final Duration LONG = Duration.ofDays(1);

  private final RuntimeException reason = new CancellationException("reason");

  /** Something that is not there, until it is provided, once in each test. */
  private abstract static class Awaited {
    /** Waits; returns whether it has come. */
    abstract boolean await(Duration timeout);

    /** Makes it come, for one fiber that waits for it or will. */
    abstract void provide();

    /** To be called before what {@link #provide} does reaches nobody but those who wait. */
    void untilWaiting() {}

    @Override
    public String toString() {
      return getClass().getSimpleName();
    }
  }

  private static final class OfAcquirable extends Awaited {
    private final Acquirable acquirable;
    private final Semaphore vacate = new Semaphore(0);
    private final Semaphore done = new Semaphore(0);

    OfAcquirable(Acquirable acquirable) {
      this.acquirable = acquirable;
      Computation<Object> occupier =
          Fibers.start(
              () -> {
                acquirable.occupy();
                done.release();
                vacate.acquire();
                acquirable.vacate();
                done.release();
                return "vacated";
              });
      done.acquire();
      assertThat(occupier.isRunning()).isTrue();
    }

    @Override
    boolean await(Duration timeout) {
      boolean acquired = acquirable.tryAcquire(timeout);
      if (acquired) {
        acquirable.release();
      }
      return acquired;
    }

    @Override
    void provide() {
      vacate.release();
      Control.runProtected(() -> done.acquire());
    }

    @Override
    public String toString() {
      return acquirable.toString();
    }
  }

  private static final class OfCondition extends Awaited {
    private final Side side;

    OfCondition(Side side) {
      this.side = side;
    }

    @Override
    boolean await(Duration timeout) {
      Control.runProtected(() -> side.acquire());
      try {
        return side.await(timeout);
      } finally {
        side.release(); // fails if the wait has ended without the lock
      }
    }

    @Override
    void provide() {
      side.signal();
    }

    @Override
    void untilWaiting() {
      Waiting.until(side.condition(), 1);
    }

    @Override
    public String toString() {
      return side.condition().toString();
    }
  }

  private static final class OfLatch extends Awaited {
    private final Latch latch = new Latch(1);

    @Override
    boolean await(Duration timeout) {
      return latch.await(timeout);
    }

    @Override
    void provide() {
      latch.decr();
    }
  }

  /** Where a wait in vain ends with a {@link TimeoutException}. */
  private abstract static class OfValue extends Awaited {
    abstract Object read(Duration timeout) throws TimeoutException;

    @Override
    boolean await(Duration timeout) {
      try {
        assertThat(read(timeout)).isEqualTo("value");
        return true;
      } catch (TimeoutException thrown) {
        assertThat(thrown).hasMessageContaining(timeout.toString());
        return false;
      }
    }
  }

  private static final class OfIvar extends OfValue {
    private final Ivar<String> ivar = new Ivar<>();

    @Override
    Object read(Duration timeout) throws TimeoutException {
      return ivar.read(timeout);
    }

    @Override
    void provide() {
      ivar.fill("value");
    }
  }

  private static final class OfCursor extends OfValue {
    private final Broadcast<String> broadcast = new Broadcast<>();
    private final Broadcast.Cursor<String> cursor = broadcast.tap();

    @Override
    Object read(Duration timeout) throws TimeoutException {
      return cursor.read(timeout);
    }

    @Override
    void provide() {
      broadcast.publish("value");
    }
  }

  private static final class OfReader extends OfValue {
    private final Broadcast<String> broadcast = new Broadcast<>();
    private final Broadcast.Reader<String> reader = broadcast.tap().reader();

    @Override
    Object read(Duration timeout) throws TimeoutException {
      return reader.read(timeout);
    }

    @Override
    void provide() {
      broadcast.publish("value");
    }
  }

  private static List<Awaited> all() {
    return Stream.of(
            Acquirable.all().stream().map(OfAcquirable::new),
            Side.all().stream().map(OfCondition::new),
            Stream.of(new OfLatch(), new OfIvar(), new OfCursor(), new OfReader()))
        .<Awaited>flatMap(each -> each)
        .toList();
  }

  /** A fiber that waits for a day. */
  private static Computation<Boolean> waiter(Computation<?> computation, Awaited awaited) {
    return Fibers.startUnder(computation, () -> awaited.await(LONG));
  }

  private static void yieldSometimes() {
    for (int i = 0; i < 10; i++) {
      Fiber.yield();
    }
  }

  @Test
  void negativeOrNull() {
    // no timeout is refused, whether there is something to wait for or not
    for (Awaited each : all()) {
      assertThatIllegalArgumentException()
          .as("%s", each)
          .isThrownBy(() -> each.await(Duration.ofNanos(-1)))
          .withMessageContaining("negative")
          .withMessageContaining("PT-0.000000001S");
      assertThatNullPointerException().as("%s", each).isThrownBy(() -> each.await(null));
      if (!(each instanceof OfCondition)) {
        each.provide();
        assertThatIllegalArgumentException()
            .as("%s", each)
            .isThrownBy(() -> each.await(Duration.ofSeconds(-1)));
        assertThatNullPointerException().as("%s", each).isThrownBy(() -> each.await(null));
        assertThat(each.await(Duration.ZERO)).as("%s", each).isTrue();
      }
    }
  }

  @OnEveryScheduler
  void timesOut(Scheduler scheduler) {
    // a wait in vain ends when its time is over and not earlier, and what comes later is there
    scheduler.run(
        () -> {
          for (Awaited each : all()) {
            long start = System.nanoTime();
            assertThat(each.await(SHORT)).as("%s", each).isFalse();
            assertThat(System.nanoTime() - start)
                .as("%s", each)
                .isGreaterThanOrEqualTo(SHORT.toNanos());
            Computation<Boolean> next = waiter(new Computation<>(), each);
            each.untilWaiting();
            each.provide();
            assertThat(next.await()).as("%s", each).isTrue();
          }
        });
  }

  @OnEveryScheduler
  void comesMeanwhile(Scheduler scheduler) {
    // a wait ends when what is waited for comes, long before its time is over
    scheduler.run(
        () -> {
          for (Awaited each : all()) {
            Computation<Boolean> waiter = waiter(new Computation<>(), each);
            yieldSometimes();
            assertThat(waiter.isRunning()).as("%s", each).isTrue();
            each.untilWaiting();
            each.provide();
            assertThat(waiter.await()).as("%s", each).isTrue();
          }
        });
  }

  @OnEveryScheduler
  void extremes(Scheduler scheduler) {
    // a timeout of a nanosecond passes, and one beyond all times does not
    scheduler.run(
        () -> {
          for (Awaited each : all()) {
            assertThat(each.await(Duration.ofNanos(1))).as("%s", each).isFalse();
            Computation<Boolean> waiter =
                Fibers.start(() -> each.await(Duration.ofSeconds(Long.MAX_VALUE, 999_999_999)));
            yieldSometimes();
            each.untilWaiting();
            each.provide();
            assertThat(waiter.await()).as("%s", each).isTrue();
          }
        });
  }

  @OnEveryScheduler
  void zero(Scheduler scheduler) {
    // with a timeout of zero there is no wait: what is there is taken
    scheduler.run(
        () -> {
          for (Awaited each : all()) {
            assertThat(each.await(Duration.ZERO)).as("%s", each).isFalse();
            each.provide();
            assertThat(each.await(Duration.ZERO))
                .as("%s", each)
                .isEqualTo(!(each instanceof OfCondition)); // where signals are not kept
          }
        });
  }

  @OnEveryScheduler
  void canceledBefore(Scheduler scheduler) {
    // a canceled fiber throws its reason where it would have to wait, be it for no time at all
    scheduler.run(
        () -> {
          for (Awaited each : all()) {
            Canceled.with(
                reason,
                () -> {
                  for (Duration timeout : List.of(Duration.ZERO, Duration.ofNanos(1), LONG)) {
                    assertThatThrownBy(() -> each.await(timeout)).as("%s", each).isSameAs(reason);
                  }
                });
            Computation<Boolean> next = waiter(new Computation<>(), each);
            each.untilWaiting();
            each.provide();
            assertThat(next.await()).as("%s", each).isTrue();
          }
        });
  }

  @OnEveryScheduler
  void canceledMeanwhile(Scheduler scheduler) {
    // a fiber that is canceled while it waits throws its reason, and what comes is for the next
    scheduler.run(
        () -> {
          for (Awaited each : all()) {
            Computation<Object> computation = new Computation<>();
            Computation<Boolean> canceled = waiter(computation, each);
            yieldSometimes();
            computation.tryCancel(reason);
            assertThatThrownBy(canceled::await).as("%s", each).isSameAs(reason);
            Computation<Boolean> next = waiter(new Computation<>(), each);
            each.untilWaiting();
            each.provide();
            assertThat(next.await()).as("%s", each).isTrue();
          }
        });
  }

  @OnEveryScheduler
  void canceledMeanwhile_forbidden(Scheduler scheduler) {
    // where cancelation is forbidden the time goes on, and ends the wait
    scheduler.run(
        () -> {
          for (Awaited each : all()) {
            Computation<Object> computation = new Computation<>();
            Computation<Boolean> waiter =
                Fibers.startUnder(
                    computation,
                    () -> {
                      boolean[] came = {true};
                      Control.callProtected(() -> came[0] = each.await(SHORT));
                      return came[0];
                    });
            computation.tryCancel(reason);
            assertThat(waiter.await()).as("%s", each).isFalse();
            each.provide();
          }
        });
  }

  @OnEveryScheduler
  void computationReturnsMeanwhile(Scheduler scheduler) {
    // a fiber whose computation returns, as one shared with others may, still waits its time
    scheduler.run(
        () -> {
          for (Awaited each : all()) {
            Computation<Object> computation = new Computation<>();
            Computation<Boolean> inVain =
                Fibers.startUnder(computation, () -> each.await(Duration.ofMillis(5)));
            yieldSometimes();
            computation.tryReturn("by another fiber");
            assertThat(inVain.await()).as("%s", each).isFalse();
            Computation<Object> other = new Computation<>();
            Computation<Boolean> waiter = waiter(other, each);
            each.untilWaiting();
            other.tryReturn("by another fiber");
            yieldSometimes();
            assertThat(waiter.isRunning()).as("%s", each).isTrue();
            each.provide();
            assertThat(waiter.await()).as("%s", each).isTrue();
          }
        });
  }

  @OnEveryScheduler
  void promise(Scheduler scheduler) {
    // a promise is awaited with a timeout like everything else, and its fiber not concerned
    scheduler.run(
        () ->
            Bundle.run(
                OnReturn.TERMINATE,
                bundle -> {
                  Ivar<String> ivar = new Ivar<>();
                  var promise = bundle.forkAsPromise(() -> ivar.read());
                  for (Duration timeout : List.of(Duration.ZERO, SHORT)) {
                    assertThatThrownBy(() -> promise.await(timeout))
                        .isInstanceOf(TimeoutException.class)
                        .hasMessageContaining(timeout.toString());
                  }
                  assertThatIllegalArgumentException()
                      .isThrownBy(() -> promise.await(Duration.ofNanos(-1)));
                  Canceled.with(
                      reason,
                      () -> {
                        assertThatThrownBy(() -> promise.await(LONG)).isSameAs(reason);
                        assertThatThrownBy(() -> promise.await(Duration.ZERO)).isSameAs(reason);
                      });
                  assertThat(promise.isRunning()).isTrue();
                  Computation<Object> waiter = Fibers.start(() -> promise.await(LONG));
                  yieldSometimes();
                  ivar.fill("value");
                  assertThat(waiter.await()).isEqualTo("value");
                  Canceled.with(
                      reason, () -> assertThat(awaitNow(promise::await)).isEqualTo("value"));
                }));
  }

  private interface Waiter {
    Object await(Duration timeout) throws TimeoutException;
  }

  private static Object awaitNow(Waiter waiter) {
    try {
      return waiter.await(Duration.ZERO);
    } catch (TimeoutException thrown) {
      throw new AssertionError(thrown);
    }
  }
}
