package dev.picos.tests.structured;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Scheduler;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.TerminateException;
import dev.picos.testing.fibers.Canceled;
import dev.picos.tests.OnEveryScheduler;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;

/** How a user's {@code close()} meets cancelation, and how it is written right. */
class ClosingTest {
  private final AtomicInteger closed = new AtomicInteger();

  /** Waits while it closes, as a connection that says goodbye. */
  private final AutoCloseable careless =
      () -> {
        Control.yield();
        closed.incrementAndGet();
      };

  private final AutoCloseable careful =
      () -> {
        Control.runProtected(
            () -> {
              Control.yield();
              closed.incrementAndGet();
            });
      };

  @OnEveryScheduler
  void closeUnprotected_reasonIsLost(Scheduler scheduler) {
    // a close() that can be canceled is cut short, and Java complains of one object thrown twice
    for (RuntimeException reason :
        new RuntimeException[] {new CancellationException("reason"), new TerminateException()}) {
      scheduler.run(
          () ->
              Canceled.with(
                  reason,
                  () ->
                      assertThatIllegalArgumentException()
                          .isThrownBy(() -> blockWith(careless))
                          .withMessage("Self-suppression not permitted")
                          .withCause(reason)));
    }
    assertThat(closed).hasValue(0);
  }

  @OnEveryScheduler
  void closeProtected_reasonComesOut(Scheduler scheduler) {
    // a close() that forbids cancelation does all it has to, and the reason comes out
    for (RuntimeException reason :
        new RuntimeException[] {new CancellationException("reason"), new TerminateException()}) {
      scheduler.run(
          () ->
              Canceled.with(
                  reason, () -> assertThatThrownBy(() -> blockWith(careful)).isSameAs(reason)));
      assertThat(reason.getSuppressed()).isEmpty();
    }
    assertThat(closed).hasValue(2);
  }

  @SuppressWarnings("try") // the resource is there to be closed
  private static void blockWith(AutoCloseable resource) throws Exception {
    try (resource) {
      Control.block();
    }
  }
}
