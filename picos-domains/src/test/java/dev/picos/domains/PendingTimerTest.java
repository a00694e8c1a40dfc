package dev.picos.domains;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import dev.picos.core.Computation;
import dev.picos.testing.Wait;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PendingTimerTest {
  private final AtomicInteger none = new AtomicInteger();
  private final PendingTimer timer = new PendingTimer(none::incrementAndGet);
  private final Computation<String> computation = new Computation<>();
  private final IllegalStateException reason = new IllegalStateException("timeout");

  @Test
  void timeout_isPendingUntilItHasFired() {
    // the computation is canceled first, and then nothing is pending
    timer.cancelAfter(computation, Duration.ZERO, reason);

    Wait.until(() -> !timer.isPending());
    assertThat(computation.cancelReason()).isSameAs(reason);
    Wait.until(() -> none.get() == 1);
  }

  @Test
  void completion_endsTheTimeout() {
    // a timeout whose computation is completed is pending no more, and was so only before
    timer.cancelAfter(computation, Duration.ofHours(1), reason);
    boolean before = timer.isPending();

    computation.tryReturn("value");

    assertThat(before).isTrue();
    assertThat(timer.isPending()).isFalse();
    assertThat(none).hasValue(1);
  }

  @Test
  void timeout_thatCouldNotBeSet_isNotPending() {
    // whatever keeps a timeout from being set, it is not waited for, and cancels nothing
    assertThatNullPointerException().isThrownBy(() -> timer.cancelAfter(computation, null, reason));

    assertThat(timer.isPending()).isFalse();
    assertThat(computation.isRunning()).isTrue();
    assertThat(none).hasValue(1);
  }
}
