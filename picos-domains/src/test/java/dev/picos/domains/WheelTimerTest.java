package dev.picos.domains;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Computation;
import dev.picos.core.Outcome;
import dev.picos.core.Trigger;
import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WheelTimerTest {
  private static final Duration HOUR = Duration.ofHours(1);

  private final WheelTimer timer = WheelTimer.shared();
  private final IllegalStateException reason = new IllegalStateException("timeout");

  /**
   * Lets timeouts of a millisecond pass one after another, so that some time has passed for sure.
   */
  private void letPass(int milliseconds) {
    for (int i = 0; i < milliseconds; i++) {
      Computation<String> computation = new Computation<>();
      timer.cancelAfter(computation, Duration.ofMillis(1), reason);
      Wait.until(computation::isCanceled);
    }
  }

  @Test
  void timeouts_areNeverEarly() {
    // A thousand timeouts of up to 200 ms, set at once: each cancels its computation with
    // its reason and not before its delay has passed
    SplittableRandom random = new SplittableRandom(1);
    ConcurrentLinkedQueue<Long> earliness = new ConcurrentLinkedQueue<>();
    List<Computation<String>> computations = new ArrayList<>();

    for (int i = 0; i < 1_000; i++) {
      Duration delay = Duration.ofNanos(random.nextLong(200_000_000));
      AtomicLong start = new AtomicLong(System.nanoTime());
      Computation<String> computation =
          Computation.withAction(
              Computation.Mode.FIFO,
              start,
              delay,
              (trigger, begin, span) ->
                  earliness.add(span.toNanos() - (System.nanoTime() - begin.get())));
      start.set(System.nanoTime());
      timer.cancelAfter(computation, delay, reason);
      computations.add(computation);
    }
    Wait.until(() -> earliness.size() == 1_000);

    assertThat(earliness).allMatch(nanos -> nanos <= 0);
    assertThat(computations).allMatch(computation -> computation.cancelReason() == reason);
  }

  @Test
  void alarm_goesOffAfterEachTimeItWasSet() throws Exception {
    // threads set an alarm again and again, often at once, and while it goes off: afterwards it is
    // not set, and has gone off since each of them set it for the last time
    AtomicInteger set = new AtomicInteger();
    AtomicInteger seen = new AtomicInteger();
    Alarm alarm = new Alarm(() -> seen.set(set.get()));

    Task.Step setOften =
        () -> {
          for (int i = 0; i < 2_000; i++) {
            set.incrementAndGet();
            timer.set(alarm, Duration.ZERO);
          }
        };
    Task<Boolean> other = Task.start(setOften);
    setOften.run();
    other.result();
    Wait.until(() -> !alarm.isSet());

    Wait.until(() -> seen.get() == 4_000);
  }

  @Test
  void thread_endsWhenIdle_andStartsAgain() {
    // timeouts that are set while it is about to end pass as all others do
    WheelTimer shortLived = new WheelTimer(Duration.ZERO);
    for (int i = 0; i < 1_000; i++) {
      Computation<String> computation = new Computation<>();
      shortLived.cancelAfter(computation, Duration.ZERO, reason);
      Wait.untilSoon(computation::isCanceled);
      assertThat(computation.cancelReason()).isSameAs(reason);
    }

    Wait.until(() -> !shortLived.hasThread());

    assertThat(shortLived.inboxDepth()).isZero();
  }

  @Test
  void timeoutOfNothing_firesSoon() {
    // a delay of zero cancels as soon as may be
    Computation<String> computation = new Computation<>();

    timer.cancelAfter(computation, Duration.ZERO, reason);

    Wait.until(computation::isCanceled);
    assertThat(computation.cancelReason()).isSameAs(reason);
  }

  @Test
  void shorterTimeout_isNotHeldUpByLongerOnes() {
    // a timer that sleeps for hours wakes for a timeout that is due earlier
    Computation<String> hours = new Computation<>();
    timer.cancelAfter(hours, Duration.ofHours(3), reason);
    letPass(5);

    Computation<String> soon = new Computation<>();
    timer.cancelAfter(soon, Duration.ofMillis(20), reason);
    Wait.until(soon::isCanceled);

    assertThat(hours.isRunning()).isTrue();
    hours.tryReturn("");
  }

  @Test
  void completedComputation_setsNoTimeout() {
    // A computation that is completed keeps its outcome, and the timer is not bothered
    Computation<String> computation = Computation.returned("value");
    WeakReference<Computation<String>> reference = new WeakReference<>(computation);

    timer.cancelAfter(computation, Duration.ZERO, reason);
    letPass(3);

    assertThat(computation.peek()).isEqualTo(new Outcome.Returned<>("value"));
    computation = null;
    Wait.untilCollected(reference);
  }

  @Test
  void completion_beforeTheDeadline_wins() {
    // A timeout whose computation was completed in time changes nothing when its time comes
    List<Computation<Integer>> computations = new ArrayList<>();

    for (int i = 0; i < 200; i++) {
      Computation<Integer> computation = new Computation<>();
      timer.cancelAfter(computation, Duration.ofMillis(500), reason);
      computation.tryReturn(i);
      computations.add(computation);
    }
    letPass(3);

    assertThat(computations).noneMatch(Computation::isCanceled);
  }

  /**
   * Sets a timeout of an hour and completes its computation, perhaps after the timer has seen it.
   */
  private List<WeakReference<?>> setAndComplete(Duration delay, boolean inWheel) {
    Computation<byte[]> computation = new Computation<>();
    IllegalStateException ownReason = new IllegalStateException();
    timer.cancelAfter(computation, delay, ownReason);
    if (inWheel) {
      letPass(5); // the timer empties its inbox whenever it wakes
    }
    computation.tryReturn(new byte[1_000]);
    return List.of(new WeakReference<>(computation), new WeakReference<>(ownReason));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void completion_removesTheTimeout(boolean inWheel) {
    // once its computation is completed a timeout of an hour holds neither it nor the reason,
    // whether it was in the inbox still or in the wheel already
    List<WeakReference<?>> references = setAndComplete(HOUR, inWheel);

    references.forEach(Wait::untilCollected);

    assertThat(references).allMatch(reference -> reference.get() == null);
  }

  @Test
  void millionTimeouts_setAndCompleted_leaveNothing() {
    // a million timeouts that are completed right away: the timer never holds more than a few
    // thousand, which hold nothing, and it hardly wakes for them
    long wakeups = timer.wakeups();
    int deepest = 0;

    for (int i = 0; i < 1_000_000; i++) {
      Computation<Integer> computation = new Computation<>();
      timer.cancelAfter(computation, HOUR, reason);
      computation.tryReturn(i);
      deepest = Math.max(deepest, timer.inboxDepth());
    }

    assertThat(deepest).isBetween(1, 4_096);
    assertThat(timer.wakeups() - wakeups).isLessThan(10_000);
  }

  @Test
  void timeoutsInTheWheel_setAndCompleted_leaveNothing() {
    // timeouts that reached the wheel and are then removed all at once do not pile up in the inbox
    List<Computation<Integer>> computations = new ArrayList<>();
    for (int i = 0; i < 50_000; i++) {
      Computation<Integer> computation = new Computation<>();
      timer.cancelAfter(computation, HOUR, reason);
      computations.add(computation);
    }
    letPass(3);

    computations.forEach(computation -> computation.tryReturn(1));
    letPass(3);

    Wait.until(() -> timer.inboxDepth() < 1_024);
  }

  @Test
  void timeoutOfAnHour_letsTheTimerSleep() {
    // while only timeouts of hours are set, set again and removed, the timer does not wake
    Computation<String> computation = new Computation<>();
    timer.cancelAfter(computation, HOUR, reason);
    letPass(5);
    long wakeups = timer.wakeups();

    for (int i = 0; i < 50_000; i++) {
      Computation<Integer> another = new Computation<>();
      timer.cancelAfter(another, HOUR.multipliedBy(2), reason);
      another.tryReturn(i);
    }
    long woken = timer.wakeups() - wakeups;
    computation.tryReturn("");

    assertThat(woken).isLessThan(20);
  }

  @ParameterizedTest
  @ValueSource(
      longs = {
        86_400 * 100,
        86_400L * 365 * 100,
        9_223_372_035L, // just below 2^63 nanoseconds
        9_223_372_036L,
        9_223_372_037L,
        100_000_000_000L,
        Long.MAX_VALUE
      })
  void hugeDelay_isNeitherEarlyNorCostly(long seconds) {
    // Whatever does not end in our lives is accepted, does not fire, does not keep the timer
    // awake, and can be removed
    Computation<String> computation = new Computation<>();
    WeakReference<Computation<String>> reference = new WeakReference<>(computation);
    timer.cancelAfter(computation, Duration.ofSeconds(seconds), reason);
    letPass(5);
    long wakeups = timer.wakeups();

    letPass(30);

    assertThat(timer.wakeups() - wakeups).isLessThan(1_000);
    assertThat(computation.isRunning()).isTrue();
    computation.tryReturn("");
    computation = null;
    Wait.untilCollected(reference);
  }

  @Test
  void actionThatThrows_doesNotStopTheTimer() {
    // what the trigger actions of a computation throw is reported, and later timeouts fire
    ConcurrentLinkedQueue<Throwable> reports = new ConcurrentLinkedQueue<>();
    Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
    Thread.setDefaultUncaughtExceptionHandler(
        (thread, thrown) -> {
          reports.add(thrown);
          throw new IllegalStateException("by the handler");
        });
    AssertionError error = new AssertionError("by the action");
    List<Computation<String>> computations = new ArrayList<>();

    try {
      for (int i = 0; i < 10; i++) {
        Computation<String> computation =
            Computation.withAction(
                Computation.Mode.FIFO,
                error,
                null,
                (trigger, e, nothing) -> {
                  throw e;
                });
        timer.cancelAfter(computation, Duration.ofMillis(i), reason);
        computations.add(computation);
      }
      Wait.until(() -> reports.size() == 10);
    } finally {
      Thread.setDefaultUncaughtExceptionHandler(before);
    }
    letPass(3);

    assertThat(reports).containsOnly(error);
    assertThat(computations).allMatch(computation -> computation.cancelReason() == reason);
  }

  @Test
  void actionThatSetsTimeouts_maySo() {
    // what a timeout sets off may set the next timeout
    AtomicInteger fired = new AtomicInteger();
    Trigger.Action<WheelTimer, AtomicInteger> again =
        new Trigger.Action<>() {
          @Override
          public void run(Trigger trigger, WheelTimer timer, AtomicInteger count) {
            if (count.incrementAndGet() < 50) {
              timer.cancelAfter(
                  Computation.withAction(Computation.Mode.FIFO, timer, count, this),
                  Duration.ofNanos(1),
                  reason);
            }
          }
        };

    timer.cancelAfter(
        Computation.withAction(Computation.Mode.FIFO, timer, fired, again), Duration.ZERO, reason);

    Wait.until(() -> fired.get() == 50);
  }

  @Test
  void interruptsOfItsThread_doNoHarm() {
    // nobody has a reason to interrupt the timer's thread, but if so it neither ends nor spins
    Thread thread =
        Thread.getAllStackTraces().keySet().stream()
            .filter(candidate -> candidate.getName().equals("picos-timer"))
            .findFirst()
            .orElseThrow();

    for (int i = 0; i < 100; i++) {
      thread.interrupt();
    }
    letPass(5);

    Wait.until(() -> !thread.isInterrupted());
    assertThat(thread.isAlive()).isTrue();
  }

  @Test
  void completionsAndTimeouts_meetInAllWays() throws Exception {
    // four threads set 40,000 timeouts each, due now or soon, and each completes every other one of
    // its neighbour's: every computation is completed once, none is forgotten
    int threads = 4;
    int each = 40_000;
    List<ConcurrentLinkedQueue<Computation<Integer>>> queues =
        IntStream.range(0, threads)
            .mapToObj(i -> new ConcurrentLinkedQueue<Computation<Integer>>())
            .toList();
    AtomicInteger completed = new AtomicInteger();
    AtomicInteger returned = new AtomicInteger();

    List<Task<Boolean>> tasks =
        IntStream.range(0, threads)
            .mapToObj(
                me ->
                    Task.start(
                        () -> {
                          SplittableRandom random = new SplittableRandom(me);
                          for (int i = 0; i < each; i++) {
                            Computation<Integer> computation =
                                Computation.withAction(
                                    Computation.Mode.FIFO,
                                    completed,
                                    null,
                                    (trigger, count, nothing) -> count.incrementAndGet());
                            queues.get(me).add(computation);
                            timer.cancelAfter(
                                computation,
                                Duration.ofNanos(random.nextLong(1L << random.nextInt(1, 26))),
                                reason);
                            Computation<Integer> other = queues.get((me + 1) % threads).poll();
                            if (other != null && i % 2 == 0 && other.tryReturn(i)) {
                              returned.incrementAndGet();
                            }
                          }
                        }))
            .toList();
    for (Task<Boolean> task : tasks) {
      task.result();
    }

    Wait.until(() -> completed.get() >= threads * each);
    letPass(3);
    assertThat(completed).hasValue(threads * each);
    assertThat(returned.get()).isBetween(1, threads * each - 1);
  }
}
