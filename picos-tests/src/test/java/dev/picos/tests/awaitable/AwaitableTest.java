package dev.picos.tests.awaitable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.core.Trigger;
import dev.picos.std.awaitable.AwaitableLong;
import dev.picos.std.awaitable.AwaitableReference;
import dev.picos.std.awaitable.Registration;
import dev.picos.testing.fibers.Canceled;
import dev.picos.tests.OnEveryScheduler;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * What the awaitables of references and long numbers do otherwise; see {@link AwaitableIntTest}.
 */
class AwaitableTest {
  private static final Duration LONG = Duration.ofMinutes(10);
  private static final long BIG = 1L << 40;

  private final RuntimeException reason = new CancellationException("reason");
  private final AwaitableLong number = new AwaitableLong(BIG);
  private final String first = "value";
  private final String second = new StringBuilder(first).toString();
  private final AwaitableReference<@Nullable String> reference = new AwaitableReference<>(first);

  private final Waiters waiters = new Waiters(() -> number.waiterCount() + reference.waiterCount());

  private static void yieldALot() {
    for (int i = 0; i < 10; i++) {
      Fiber.yield();
    }
  }

  @Test
  void long_isAnAtomic() {
    // Long numbers are compared by value, in all their bits
    assertThat(number.get()).isEqualTo(BIG);
    assertThat(number.compareAndSet(0, 5)).isFalse();
    assertThat(number.compareAndSet(BIG, BIG + 5)).isTrue();
    assertThat(number.getAndSet(BIG + 7)).isEqualTo(BIG + 5);
    assertThat(number.getAndAdd(BIG)).isEqualTo(BIG + 7);
    assertThat(number.getAndIncrement()).isEqualTo(2 * BIG + 7);
    assertThat(number.getAndDecrement()).isEqualTo(2 * BIG + 8);
    number.set(Long.MAX_VALUE);
    assertThat(number.getAndIncrement()).isEqualTo(Long.MAX_VALUE);
    assertThat(number).hasToString("AwaitableLong[" + Long.MIN_VALUE + "]");
  }

  @Test
  void reference_isAnAtomic() {
    // References are compared by identity; null is one of them
    assertThat(first).isEqualTo(second).isNotSameAs(second);
    assertThat(reference.get()).isSameAs(first);
    assertThat(reference.compareAndSet(second, null)).isFalse();
    assertThat(reference.compareAndSet(first, null)).isTrue();
    assertThat(reference.get()).isNull();
    assertThat(reference).hasToString("AwaitableReference[null]");
    assertThat(reference.getAndSet(second)).isNull();
    reference.set(first);
    assertThat(reference.get()).isSameAs(first);
    assertThat(reference).hasToString("AwaitableReference[value]");
  }

  @OnEveryScheduler
  void long_isAwaitedByValue(Scheduler scheduler) {
    // One that waits for another number is woken when it is, in whatever bits
    scheduler.run(
        () -> {
          Computation<Object> waiter =
              waiters.start(
                  () -> {
                    number.await(BIG);
                    return "woken";
                  });
          waiters.until(1);
          number.set(Long.MAX_VALUE);
          number.set(BIG);
          number.broadcast();
          yieldALot();
          assertThat(waiter.isRunning()).isTrue();
          number.getAndAdd(BIG);
          number.signal();
          waiter.await();
          assertThat(number.waiterCount()).isZero();
        });
  }

  @OnEveryScheduler
  void reference_isAwaitedByIdentity(Scheduler scheduler) {
    // One that waits for another object is woken when it is, though it may be equal
    scheduler.run(
        () -> {
          Computation<Object> waiter =
              waiters.start(
                  () -> {
                    reference.await(first);
                    return "woken";
                  });
          waiters.until(1);
          reference.broadcast();
          yieldALot();
          assertThat(waiter.isRunning()).isTrue();
          reference.set(second);
          reference.signal();
          waiter.await();
          assertThat(reference).hasToString("AwaitableReference[value]");
        });
  }

  @OnEveryScheduler
  void reference_nullIsAValue(Scheduler scheduler) {
    // null is waited on like any other value
    scheduler.run(
        () -> {
          reference.set(null);
          Computation<Object> waiter =
              waiters.start(
                  () -> {
                    reference.await(null);
                    return "woken";
                  });
          waiters.until(1);
          reference.broadcast();
          yieldALot();
          assertThat(waiter.isRunning()).isTrue();
          reference.set(first);
          reference.signal();
          waiter.await();
        });
  }

  @OnEveryScheduler
  void awaiters(Scheduler scheduler) {
    // An awaiter takes a signal whatever the value is, and none once it is removed
    scheduler.run(
        () -> {
          Trigger one = new Trigger();
          Trigger two = new Trigger();
          Registration ofOne = reference.add(one);
          Registration ofTwo = reference.add(two);
          assertThat(ofOne.remove()).isTrue();
          reference.signal();
          assertThat(one.isSignaled()).isFalse();
          assertThat(two.await()).isNull();
          assertThat(ofTwo.remove()).isFalse();
          assertThat(number.add(one).remove()).isTrue();
          number.broadcast();
          assertThat(one.isSignaled()).isFalse();
        });
  }

  @OnEveryScheduler
  void cancelation(Scheduler scheduler) {
    // a canceled fiber throws the reason only where it has to wait, and leaves nothing
    scheduler.run(
        () -> {
          Canceled.with(
              reason,
              () -> {
                number.await(0);
                reference.await(second);
                assertThat(number.await(0, LONG)).isTrue();
                assertThat(reference.await(second, LONG)).isTrue();
                assertThatThrownBy(() -> number.await(BIG)).isSameAs(reason);
                assertThatThrownBy(() -> reference.await(first)).isSameAs(reason);
                assertThatThrownBy(() -> number.await(BIG, LONG)).isSameAs(reason);
                assertThatThrownBy(() -> reference.await(first, LONG)).isSameAs(reason);
              });
          waiters.until(0);
        });
  }

  @OnEveryScheduler
  void await_forSoLong(Scheduler scheduler) {
    // a limited wait ends with false when nothing comes, and with true when it is signaled
    scheduler.run(
        () -> {
          assertThat(number.await(BIG, Duration.ofMillis(1))).isFalse();
          assertThat(number.await(BIG, Duration.ZERO)).isFalse();
          assertThat(number.await(BIG, Computation.returned("over"))).isFalse();
          assertThat(reference.await(first, Duration.ofMillis(1))).isFalse();
          assertThat(reference.await(first, Duration.ZERO)).isFalse();
          assertThat(reference.await(first, Computation.returned("over"))).isFalse();
          assertThatIllegalArgumentException()
              .isThrownBy(() -> number.await(BIG, Duration.ofNanos(-1)));
          assertThatIllegalArgumentException()
              .isThrownBy(() -> reference.await(first, Duration.ofNanos(-1)));
          Computation<Boolean> ofNumber = waiters.start(() -> number.await(BIG, LONG));
          Computation<Boolean> ofReference = waiters.start(() -> reference.await(first, LONG));
          waiters.until(2);
          number.set(0);
          number.signal();
          reference.set(null);
          reference.signal();
          assertThat(ofNumber.await()).isTrue();
          assertThat(ofReference.await()).isTrue();
        });
  }
}
