package dev.picos.tests.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.testing.Wait;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** Computation.cancelAfter, as each scheduler brings it about. */
class TimeoutTest {
  private final RuntimeException reason = new RuntimeException("reason");
  private final Computation<Object> computation = new Computation<>();

  @OnEveryScheduler
  void cancelAfter_isNotTooEarly(Scheduler scheduler) {
    // The computation is canceled with the reason, not earlier than the delay
    Duration delay = Duration.ofMillis(20);

    long nanos =
        scheduler.call(
            () -> {
              long start = System.nanoTime();
              computation.cancelAfter(delay, reason);
              computation.join();
              return System.nanoTime() - start;
            });

    assertThat(nanos).isGreaterThanOrEqualTo(delay.toNanos());
    assertThat(computation.cancelReason()).isSameAs(reason);
  }

  @OnEveryScheduler
  void cancelAfter_endsAnAwait(Scheduler scheduler) {
    // a fiber whose computation times out throws the reason out of its await
    scheduler.run(
        () -> {
          Computation<Object> scope = new Computation<>();
          Computation<Object> waiter = Fibers.startUnder(scope, () -> new Computation<>().await());
          scope.cancelAfter(Duration.ofMillis(5), reason);
          assertThatThrownBy(waiter::await).isSameAs(reason);
        });
  }

  @OnEveryScheduler
  void cancelAfter_zero(Scheduler scheduler) {
    // a delay of zero cancels, and so does one of a nanosecond
    Computation<Object> other = new Computation<>();

    scheduler.run(
        () -> {
          computation.cancelAfter(Duration.ZERO, reason);
          other.cancelAfter(Duration.ofNanos(1), reason);
          computation.join();
          other.join();
        });

    assertThat(computation.cancelReason()).isSameAs(reason);
    assertThat(other.cancelReason()).isSameAs(reason);
  }

  @OnEveryScheduler
  void cancelAfter_negativeDelay(Scheduler scheduler) {
    // a negative delay is refused, before the cancelation of the caller is looked at
    scheduler.run(
        () -> {
          Computation<Object> canceled = new Computation<>();
          canceled.tryCancel(reason);
          Fibers.startUnder(
                  canceled,
                  () -> {
                    assertThatIllegalArgumentException()
                        .isThrownBy(() -> computation.cancelAfter(Duration.ofNanos(-1), reason));
                    return null;
                  })
              .await();
        });

    assertThat(computation.isRunning()).isTrue();
  }

  @OnEveryScheduler
  void cancelAfter_absurdDelay(Scheduler scheduler) {
    // Absurd delays do not overflow to early cancelations, nor disturb other timeouts
    List<Duration> delays =
        List.of(
            Duration.ofDays(100L * 365),
            Duration.ofNanos(Long.MAX_VALUE),
            Duration.ofSeconds(100_000_000_000L),
            Duration.ofSeconds(Long.MAX_VALUE, 999_999_999));
    Computation<Object> other = new Computation<>();

    scheduler.run(
        () -> {
          delays.forEach(delay -> computation.cancelAfter(delay, reason));
          other.cancelAfter(Duration.ofMillis(5), reason);
          other.join();
        });

    assertThat(computation.isRunning()).isTrue();
    assertThat(computation.tryReturn("value")).isTrue();
  }

  @OnEveryScheduler
  void cancelAfter_severalOnOneComputation(Scheduler scheduler) {
    // of several timeouts on one computation the first to pass cancels
    RuntimeException late = new RuntimeException("late");

    scheduler.run(
        () -> {
          computation.cancelAfter(Duration.ofDays(1), late);
          computation.cancelAfter(Duration.ofMillis(1), reason);
          computation.cancelAfter(Duration.ofDays(2), late);
          computation.join();
        });

    assertThat(computation.cancelReason()).isSameAs(reason);
  }

  @OnEveryScheduler
  void cancelAfter_onCompletedComputation(Scheduler scheduler) {
    // A timeout of a completed computation changes nothing, and is not kept
    computation.tryReturn("value");

    WeakReference<Throwable> garbage = scheduler.call(() -> cancelAfterWithGarbage(computation));

    Wait.untilCollected(garbage, computation);
    assertThat(computation.await()).isEqualTo("value");
  }

  @OnEveryScheduler
  void cancelAfter_onComputationThatCompletes(Scheduler scheduler) {
    // The timeout of a computation that completes holds nothing any more
    WeakReference<Throwable> garbage =
        scheduler.call(
            () -> {
              WeakReference<Throwable> pending = cancelAfterWithGarbage(computation);
              computation.tryReturn("value");
              return pending;
            });

    Wait.untilCollected(garbage, computation);
  }

  @OnEveryScheduler
  void cancelAfter_onComputationCompletedElsewhere(Scheduler scheduler) {
    // the same holds when it is completed by a plain thread after the run
    WeakReference<Throwable> garbage = scheduler.call(() -> cancelAfterWithGarbage(computation));

    computation.tryReturn("value");

    Wait.untilCollected(garbage, computation);
  }

  private static WeakReference<Throwable> cancelAfterWithGarbage(Computation<?> computation) {
    Throwable garbage = new RuntimeException("garbage");
    computation.cancelAfter(Duration.ofDays(1), garbage);
    return new WeakReference<>(garbage);
  }

  @OnEveryScheduler
  void cancelAfter_inCanceledFiber(Scheduler scheduler) {
    // a canceled fiber that sets a timeout throws its reason, and none is set
    Computation<Object> canceled = new Computation<>();
    canceled.tryCancel(reason);

    WeakReference<Throwable> garbage =
        scheduler.call(() -> Fibers.startUnder(canceled, () -> refuseGarbage(computation)).await());

    Wait.untilCollected(garbage, computation);
    assertThat(computation.isRunning()).isTrue();
  }

  private WeakReference<Throwable> refuseGarbage(Computation<?> computation) {
    Throwable garbage = new RuntimeException("garbage");
    assertThatThrownBy(() -> computation.cancelAfter(Duration.ofDays(1), garbage)).isSameAs(reason);
    return new WeakReference<>(garbage);
  }

  @OnEveryScheduler
  void cancelAfter_inForbiddingFiber(Scheduler scheduler) {
    // A canceled fiber that forbids cancelation sets timeouts like any other
    Computation<Object> canceled = new Computation<>();
    canceled.tryCancel(reason);

    scheduler.run(
        () ->
            Fibers.startUnder(
                    canceled,
                    () -> {
                      Fiber.current()
                          .runForbiddingCancelation(
                              () -> {
                                computation.cancelAfter(Duration.ofMillis(1), reason);
                                computation.join();
                              });
                      return null;
                    })
                .await());

    assertThat(computation.cancelReason()).isSameAs(reason);
  }

  @OnEveryScheduler
  void cancelAfter_manyTimes(Scheduler scheduler) {
    // a thousand timeouts in no order all pass, none too early; as many more are dropped meanwhile
    AtomicInteger early = new AtomicInteger();
    List<Computation<Object>> passing =
        Stream.<Computation<Object>>generate(Computation::new).limit(1_000).toList();
    List<Computation<Object>> dropped =
        Stream.<Computation<Object>>generate(Computation::new).limit(1_000).toList();

    scheduler.run(
        () -> {
          for (int i = 0; i < 1_000; i++) {
            long start = System.nanoTime();
            Duration delay = Duration.ofMillis(i * 7 % 30);
            Computation<Object> each = passing.get(i);
            each.cancelAfter(delay, reason);
            dropped.get(i).cancelAfter(Duration.ofSeconds(60 + i), reason);
            dropped.get(i).tryReturn("value");
            Fibers.start(
                () -> {
                  each.join();
                  boolean tooEarly = System.nanoTime() - start < delay.toNanos();
                  return early.addAndGet(tooEarly ? 1 : 0);
                });
          }
        });

    assertThat(passing).allMatch(Computation::isCanceled);
    assertThat(dropped).noneMatch(Computation::isCanceled);
    assertThat(early).hasValue(0);
  }

  @OnEveryScheduler
  void cancelAfter_racingWithCompletion(Scheduler scheduler) {
    // a timeout that meets the completion: one of the two wins, and nobody is left waiting
    AtomicInteger decided = new AtomicInteger();

    scheduler.run(
        () -> {
          for (int i = 0; i < 300; i++) {
            Computation<String> contended = new Computation<>();
            contended.cancelAfter(Duration.ofNanos(i * 500L), reason);
            Fiber.yield();
            boolean returned = contended.tryReturn("value");
            contended.join();
            decided.addAndGet(returned == contended.isCanceled() ? 0 : 1);
          }
        });

    assertThat(decided).hasValue(300);
  }
}
