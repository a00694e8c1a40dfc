package dev.picos.tck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.picos.core.Computation;
import dev.picos.core.FatalFiberError;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.core.Scheduler;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What a timeout promises. */
interface TimeRules extends Rules {
  @Test
  @DisplayName("TIME-01: a timeout cancels with the very reason")
  default void time01_cancels() {
    RuntimeException reason = new RuntimeException("timeout");
    Computation<Object> computation = new Computation<>();

    scheduler()
        .run(
            () -> {
              computation.cancelAfter(Duration.ofMillis(1), reason);
              computation.join();
            });

    assertSame(reason, computation.cancelReason());
  }

  @Test
  @RealTime
  @DisplayName("TIME-02: no timeout is early, of many that are set in no order")
  default void time02_neverEarly() {
    RuntimeException reason = new RuntimeException("timeout");

    scheduler()
        .run(
            () -> {
              List<Alarm> alarms = new ArrayList<>();
              for (int i = 0; i < 100; i++) {
                alarms.add(new Alarm(Duration.ofNanos(i * 7_654_321L % 30_000_000), reason));
              }
              alarms.forEach(alarm -> alarm.check(this));
            });
  }

  /** A timeout, and when it passed. */
  final class Alarm {
    private final long due;
    private final AtomicLong passed = new AtomicLong();
    private final Computation<Object> computation =
        Computation.withAction(
            Computation.Mode.FIFO,
            passed,
            this,
            (trigger, time, self) -> time.set(System.nanoTime()));

    private Alarm(Duration delay, Throwable reason) {
      due = System.nanoTime() + delay.toNanos();
      computation.cancelAfter(delay, reason);
    }

    private void check(Rules rules) {
      computation.join();
      Patience.yieldUntil(rules, "the action of a timeout", () -> passed.get() != 0);
      long margin = passed.get() - due;
      assertTrue(margin >= 0, () -> "early by " + -margin + " ns");
    }
  }

  @Test
  @DisplayName("TIME-03: a timeout without delay cancels")
  default void time03_zero() {
    RuntimeException reason = new RuntimeException("timeout");
    Computation<Object> computation = new Computation<>();

    scheduler()
        .run(
            () -> {
              computation.cancelAfter(Duration.ZERO, reason);
              computation.join();
            });

    assertSame(reason, computation.cancelReason());
  }

  @Test
  @DisplayName("TIME-04: a negative delay is refused, also of a fiber that is canceled")
  default void time04_negative() {
    RuntimeException reason = new RuntimeException("timeout");
    Computation<Object> computation = new Computation<>();

    scheduler()
        .run(
            () -> {
              Fiber.current().setComputation(Fibers.canceled(reason));
              assertThrows(
                  IllegalArgumentException.class,
                  () -> computation.cancelAfter(Duration.ofNanos(-1), reason));
            });

    assertTrue(computation.isRunning());
  }

  @Test
  @DisplayName("TIME-05: the longest delay there is neither overflows nor disturbs other timeouts")
  default void time05_huge() {
    RuntimeException reason = new RuntimeException("timeout");
    Computation<Object> never = new Computation<>();
    Computation<Object> soon = new Computation<>();

    scheduler()
        .run(
            () -> {
              never.cancelAfter(Duration.ofSeconds(Long.MAX_VALUE, 999_999_999), reason);
              never.cancelAfter(Duration.ofNanos(Long.MAX_VALUE), reason);
              soon.cancelAfter(Duration.ofMillis(1), reason);
              soon.join();
            });

    assertTrue(never.isRunning());
    never.tryReturn(42);
  }

  @Test
  @DisplayName("TIME-06: of several timeouts of one computation the first to pass cancels it")
  default void time06_several() {
    RuntimeException reason = new RuntimeException("timeout");
    RuntimeException late = new RuntimeException("late");
    Computation<Object> computation = new Computation<>();

    scheduler()
        .run(
            () -> {
              computation.cancelAfter(Duration.ofDays(1), late);
              computation.cancelAfter(Duration.ofMillis(1), reason);
              computation.cancelAfter(Duration.ofDays(2), late);
              computation.join();
            });

    assertSame(reason, computation.cancelReason());
  }

  @Test
  @DisplayName("TIME-07: a computation that completes before its timeout stays as it is")
  default void time07_completedBefore() {
    boolean before = false;
    for (int millis = 1; !before && millis < 1_000; millis *= 4) { // it may have passed already
      before = isCompletedBefore(Duration.ofMillis(millis));
    }
    assertTrue(before, "no computation completed before its timeout, however long");
  }

  private boolean isCompletedBefore(Duration timeout) {
    RuntimeException reason = new RuntimeException("timeout");
    Computation<Integer> completed = new Computation<>();
    Computation<Object> later = new Computation<>();
    AtomicBoolean before = new AtomicBoolean();

    scheduler()
        .run(
            () -> {
              completed.cancelAfter(timeout, reason);
              before.set(completed.tryReturn(42));
              later.cancelAfter(timeout.multipliedBy(5), reason);
              later.join();
            });

    if (before.get()) {
      assertEquals(new Outcome.Returned<>(42), completed.peek());
    }
    return before.get();
  }

  @Test
  @DisplayName("TIME-08: nothing is kept of the timeout of a computation that has completed")
  default void time08_nothingKept() {
    List<Computation<Integer>> computations = new ArrayList<>();
    List<WeakReference<Throwable>> reasons = new ArrayList<>();

    scheduler()
        .run(
            () -> {
              for (int i = 0; i < 100; i++) {
                Computation<Integer> computation =
                    i % 2 == 0 ? new Computation<>() : Computation.returned(42);
                computations.add(computation);
                reasons.add(setTimeout(computation));
                computation.tryReturn(42);
              }
              Patience.untilCollected(this, reasons, 1);
            });

    computations.forEach(each -> assertEquals(42, each.await())); // held until here
  }

  private static WeakReference<Throwable> setTimeout(Computation<?> computation) {
    Throwable reason = new RuntimeException("timeout");
    computation.cancelAfter(Duration.ofDays(1), reason);
    return new WeakReference<>(reason);
  }

  @Test
  @DisplayName("TIME-09: cancelAfter in a canceled fiber throws the very reason and sets nothing")
  default void time09_canceledFiber() {
    RuntimeException reason = new RuntimeException("canceled");
    Computation<Object> untouched = new Computation<>();
    Computation<Object> later = new Computation<>();

    scheduler()
        .run(
            () -> {
              Throwable thrown =
                  Fibers.startUnder(
                          Fibers.canceled(reason),
                          () ->
                              assertThrows(
                                  Throwable.class,
                                  () -> untouched.cancelAfter(Duration.ZERO, new Error("set"))))
                      .await();
              assertSame(reason, thrown);
              later.cancelAfter(Duration.ofMillis(5), reason);
              later.join();
            });

    assertTrue(untouched.isRunning(), "cancelAfter threw, but the timeout was set");
  }

  @Test
  @DisplayName("TIME-10: a fiber that sleeps leaves the scheduler to others, and can be canceled")
  default void time10_sleep() {
    RuntimeException reason = new RuntimeException("canceled");
    Computation<Object> scope = new Computation<>();

    scheduler()
        .run(
            () -> {
              Computation<Throwable> sleeper =
                  Fibers.startUnder(
                      scope,
                      () ->
                          assertThrows(
                              Throwable.class,
                              () -> Fiber.sleep(Duration.ofSeconds(Long.MAX_VALUE))));
              assertEquals(42, Fibers.start(() -> 42).await());
              scope.tryCancel(reason);
              assertSame(reason, sleeper.await());
            });
  }

  @Test
  @DisplayName("TIME-11: a run does not wait for timeouts that are pending")
  default void time11_runDoesNotWait() {
    Computation<Object> computation = new Computation<>();

    scheduler()
        .run(() -> computation.cancelAfter(Duration.ofDays(1), new RuntimeException("timeout")));

    assertTrue(computation.tryReturn(42));
  }

  @Test
  @RealTime
  @DisplayName("TIME-12: a timeout that is pending when a run ends passes all the same")
  default void time12_afterTheRun() {
    RuntimeException reason = new RuntimeException("timeout");
    Computation<Object> computation = new Computation<>();

    scheduler().run(() -> computation.cancelAfter(Duration.ofMillis(10), reason));
    Patience.until(this, "the timeout to pass", () -> !computation.isRunning());

    assertSame(reason, computation.cancelReason());
  }

  @Test
  @DisplayName("TIME-13: what an action throws during a timeout does not stop later timeouts")
  default void time13_throwingAction() {
    String message = "TIME-13 throws this on purpose";

    for (Throwable thrown :
        List.of(new RuntimeException(message), new Error(message), new Throwable(message))) {
      Computation<Object> throwing =
          Computation.withAction(
              Computation.Mode.FIFO, thrown, this, (trigger, what, rules) -> Fibers.sneak(what));
      Computation<Object> later = new Computation<>();
      scheduler()
          .run(
              () -> {
                throwing.cancelAfter(Duration.ZERO, new RuntimeException("timeout"));
                throwing.join();
                later.cancelAfter(Duration.ofMillis(1), new RuntimeException("timeout"));
                later.join();
              });
      assertTrue(later.isCanceled());
    }
  }

  @Test
  @RealTime
  @DisplayName("TIME-14: timeouts pass while all fibers do nothing but yield")
  default void time14_whileYielding() {
    Computation<Object> computation = new Computation<>();

    scheduler()
        .run(
            () -> {
              computation.cancelAfter(Duration.ofMillis(5), new RuntimeException("timeout"));
              Patience.yieldUntil(this, "the timeout to pass", () -> !computation.isRunning());
            });
  }

  @Test
  @DisplayName("TIME-16: no long timeout passes early, whatever its size")
  default void time16_long() {
    RuntimeException reason = new RuntimeException("timeout");
    Map<Duration, Computation<Object>> late = new LinkedHashMap<>();

    scheduler()
        .run(
            () -> {
              for (Duration delay : longDelays()) {
                Computation<Object> computation = new Computation<>();
                computation.cancelAfter(delay, reason);
                late.put(delay, computation);
              }
              for (int i = 0; i < 2; i++) {
                Computation<Object> soon = new Computation<>();
                soon.cancelAfter(Duration.ofMillis(5), reason);
                soon.join();
              }
            });

    late.forEach(
        (delay, computation) ->
            assertTrue(computation.tryReturn(42), () -> "passed before one of 5 ms did: " + delay));
  }

  /**
   * What may look short to a timer that keeps a part of the bits only: powers of two of several
   * units, and a bit more.
   */
  private static List<Duration> longDelays() {
    return Stream.of(ChronoUnit.NANOS, ChronoUnit.MICROS, ChronoUnit.MILLIS, ChronoUnit.SECONDS)
        .flatMap(unit -> IntStream.range(0, 63).mapToObj(bit -> Duration.of(1L << bit, unit)))
        .flatMap(delay -> Stream.of(delay, delay.plusMillis(1)))
        .filter(delay -> delay.compareTo(Duration.ofHours(1)) > 0)
        .toList();
  }

  @Test
  @RealTime
  @DisplayName("TIME-17: timeouts pass after a fatal error, those that were set before it included")
  default void time17_afterFatalError() {
    RuntimeException reason = new RuntimeException("timeout");
    Scheduler scheduler = scheduler();
    Computation<Object> before = new Computation<>();
    Computation<Object> after = new Computation<>();

    try {
      scheduler.run(
          () -> {
            before.cancelAfter(Duration.ofMillis(10), reason);
            Fibers.startThrowing(new RuntimeException("left a main"));
          });
    } catch (FatalFiberError expected) {
      // whether it comes is the subject of other rules
    }
    scheduler.run(
        () -> {
          after.cancelAfter(Duration.ofMillis(1), reason);
          after.join();
        });
    Patience.until(this, "the timeout of the run that failed", () -> !before.isRunning());

    assertSame(reason, before.cancelReason());
    assertSame(reason, after.cancelReason());
  }

  @Test
  @DisplayName("TIME-18: of 20,000 timeouts with the same delay, set by several fibers, all pass")
  default void time18_equal() {
    int fibers = 4;
    int each = rounds(5_000);
    List<Computation<Boolean>> passed = new ArrayList<>();

    scheduler()
        .run(
            () -> {
              for (int i = 0; i < fibers; i++) {
                passed.add(Fibers.spawn(() -> joinTimeouts(each, Duration.ofMillis(20))));
              }
              passed.forEach(Computation::await);
            });
  }

  private static void joinTimeouts(int count, Duration delay) {
    List<Computation<Object>> computations = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Computation<Object> computation = new Computation<>();
      computation.cancelAfter(delay, new RuntimeException("timeout"));
      computations.add(computation);
    }
    computations.forEach(Computation::join);
  }

  @Test
  @DisplayName("TIME-19: nothing is kept of the timeout of a computation that has been canceled")
  default void time19_nothingKeptOfCanceled() {
    List<WeakReference<?>> kept = new ArrayList<>();

    scheduler()
        .run(
            () -> {
              for (int i = 0; i < 100; i++) {
                Computation<Integer> computation = new Computation<>();
                kept.add(setTimeout(computation));
                kept.add(new WeakReference<>(computation));
                computation.tryCancel(new RuntimeException("canceled"));
              }
              Patience.untilCollected(this, kept, 2);
            });
  }

  @Test
  @DisplayName("TIME-20: nothing is kept of a timeout whose computation completes while it is set")
  default void time20_nothingKeptOfRace() {
    List<WeakReference<?>> kept = new ArrayList<>();
    AtomicReference<Computation<Integer>> next = new AtomicReference<>(Computation.returned(42));
    AtomicInteger completed = new AtomicInteger();

    Patience.meanwhile(
        this,
        () -> completeWithin(5_000, next.get(), completed),
        () ->
            scheduler()
                .run(
                    () -> {
                      for (int i = rounds(5_000); i > 0; i--) {
                        Computation<Integer> computation = new Computation<>();
                        next.set(computation);
                        kept.add(setTimeout(computation));
                        computation.tryReturn(42);
                      }
                      next.set(Computation.returned(42));
                    }));

    Patience.untilCollected(this, kept, 2);
  }

  @Test
  @DisplayName(
      "TIME-21: timeouts that pass while their computations complete do not disturb others")
  default void time21_passingRace() {
    RuntimeException reason = new RuntimeException("timeout");
    AtomicReference<Computation<Integer>> next = new AtomicReference<>(Computation.returned(42));
    AtomicInteger completed = new AtomicInteger();
    List<Computation<Object>> others = new ArrayList<>();

    Patience.meanwhile(
        this,
        () -> completeWithin(200_000, next.get(), completed),
        () ->
            scheduler()
                .run(
                    () -> {
                      for (int i = 1; i <= 100; i++) {
                        Computation<Object> other = new Computation<>();
                        other.cancelAfter(Duration.ofMillis(1 + i % 20), reason);
                        others.add(other);
                      }
                      for (int i = rounds(2_000); i > 0; i--) {
                        Computation<Integer> computation = new Computation<>();
                        computation.cancelAfter(Duration.ofNanos(i * 7_919L % 100_000), reason);
                        next.set(computation);
                        computation.join();
                      }
                      others.forEach(Computation::join);
                    }));
  }

  /** Completes a computation, now sooner and now later after it has appeared. */
  private static void completeWithin(
      int nanos, Computation<Integer> computation, AtomicInteger completed) {
    if (computation.isRunning()) {
      long start = System.nanoTime();
      int delay = completed.getAndIncrement() % 50 * (nanos / 50);
      while (System.nanoTime() - start < delay) {
        Thread.onSpinWait();
      }
      computation.tryReturn(42);
    }
  }
}
