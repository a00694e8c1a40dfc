package dev.picos.domains;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.picos.core.Computation;
import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class VirtualTimerTest {
  private final VirtualTimer timer = new VirtualTimer();
  private final IllegalStateException reason = new IllegalStateException("timeout");
  private final List<String> log = new ArrayList<>();

  private Computation<String> logged(String name) {
    return Computation.withAction(
        Computation.Mode.FIFO, log, name, (trigger, lines, line) -> lines.add(line));
  }

  @Test
  void newTimer_standsStill() {
    // there is no time but what timeouts make
    boolean moved = timer.advance();

    assertThat(moved).isFalse();
    assertThat(timer.now()).isEqualTo(Duration.ZERO);
    assertThat(timer.size()).isZero();
  }

  @Test
  void advance_goesFromDeadlineToDeadline() {
    // each advance lets the earliest timeout fire, exactly then, and those of one instant in the
    // order in which they were set
    timer.cancelAfter(logged("third"), Duration.ofSeconds(2), reason);
    timer.cancelAfter(logged("first"), Duration.ofNanos(1), reason);
    timer.cancelAfter(logged("fourth"), Duration.ofSeconds(2), reason);
    timer.cancelAfter(logged("second"), Duration.ofSeconds(1), reason);
    List<Duration> times = new ArrayList<>();

    while (timer.advance()) {
      times.add(timer.now());
    }

    assertThat(log).containsExactly("first", "second", "third", "fourth");
    assertThat(times)
        .containsExactly(
            Duration.ofNanos(1),
            Duration.ofSeconds(1),
            Duration.ofSeconds(2),
            Duration.ofSeconds(2));
  }

  @Test
  void delay_countsFromNow() {
    // a timeout set later is due later by as much
    timer.cancelAfter(new Computation<>(), Duration.ofSeconds(5), reason);
    timer.advance();
    Computation<String> computation = new Computation<>();
    timer.cancelAfter(computation, Duration.ofSeconds(5), reason);

    timer.advance();

    assertThat(timer.now()).isEqualTo(Duration.ofSeconds(10));
    assertThat(computation.cancelReason()).isSameAs(reason);
  }

  @Test
  void completion_removesTheTimeout() {
    // What is completed before its time is kept no longer and moves no time
    Computation<String> computation = new Computation<>();
    WeakReference<Computation<String>> reference = new WeakReference<>(computation);
    timer.cancelAfter(computation, Duration.ofSeconds(5), reason);

    computation.tryReturn("");
    computation = null;

    assertThat(timer.size()).isZero();
    assertThat(timer.advance()).isFalse();
    Wait.untilCollected(reference);
  }

  @Test
  void completedComputation_setsNoTimeout() {
    // A computation that is completed sets none
    timer.cancelAfter(Computation.returned(""), Duration.ofSeconds(5), reason);

    assertThat(timer.size()).isZero();
  }

  @Test
  void hugeDelay_isTheEndOfTime() {
    // A delay beyond 292 years, or one that leads beyond, is due after all others, not
    // before
    timer.cancelAfter(logged("soon"), Duration.ofSeconds(1), reason);
    timer.advance();
    timer.cancelAfter(logged("never"), Duration.ofSeconds(Long.MAX_VALUE), reason);
    timer.cancelAfter(logged("nearly never"), Duration.ofNanos(Long.MAX_VALUE), reason);
    timer.cancelAfter(logged("later"), Duration.ofDays(100), reason);

    timer.advance();
    timer.advance();

    assertThat(log).containsExactly("soon", "later", "never");
    assertThat(timer.now()).isEqualTo(Duration.ofNanos(Long.MAX_VALUE));
  }

  @Test
  void actionThatThrows_throwsOutOfAdvance() {
    // advance throws what an action threw; the timeout has fired, and the next one is next
    Computation<String> failing =
        Computation.withAction(
            Computation.Mode.FIFO,
            reason,
            null,
            (trigger, thrown, nothing) -> {
              throw thrown;
            });
    timer.cancelAfter(failing, Duration.ofSeconds(1), new RuntimeException());
    timer.cancelAfter(logged("next"), Duration.ofSeconds(1), reason);

    assertThatIllegalStateException().isThrownBy(timer::advance).isSameAs(reason);
    timer.advance();

    assertThat(failing.isCanceled()).isTrue();
    assertThat(log).containsExactly("next");
  }

  @Test
  void time_neverGoesBack() throws Exception {
    // while another thread sets timeouts relative to what it believes is now, time only moves
    // forward
    AtomicBoolean over = new AtomicBoolean();
    Task<Boolean> setter =
        Task.start(
            () -> {
              while (!over.get()) {
                Computation<String> computation = new Computation<>();
                timer.cancelAfter(computation, Duration.ofNanos(1), reason);
                computation.tryReturn("");
              }
            });
    List<Duration> backwards = new ArrayList<>();

    Duration last = Duration.ZERO;
    for (int i = 0; i < 300_000; i++) {
      timer.cancelAfter(new Computation<>(), Duration.ofNanos(1), reason);
      timer.advance();
      Duration now = timer.now();
      if (now.compareTo(last) < 0) {
        backwards.add(now);
      }
      last = now;
    }
    over.set(true);
    setter.result();

    assertThat(backwards).isEmpty();
    assertThat(last).isPositive();
  }

  @Test
  void completionsAndTimeouts_meetInAllWays() throws Exception {
    // timeouts set and completed by one thread while another advances: in the end none is left
    AtomicBoolean over = new AtomicBoolean();
    Task<Integer> setter =
        Task.start(
            () -> {
              int returned = 0;
              for (int i = 0; i < 100_000; i++) {
                Computation<Integer> computation = new Computation<>();
                timer.cancelAfter(computation, Duration.ofNanos(i % 5), reason);
                returned += computation.tryReturn(i) ? 1 : 0;
              }
              over.set(true);
              return returned;
            });

    while (!over.get()) {
      timer.advance();
    }

    assertThat(setter.result()).isBetween(1, 100_000);
    assertThat(timer.size()).isZero();
  }
}
