package dev.picos.tests.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.resource.Closing;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.TerminateException;
import dev.picos.testing.Task;
import dev.picos.testing.fibers.Canceled;
import dev.picos.tests.OnEveryScheduler;
import java.io.IOException;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ClosingTest {
  private final RuntimeException reason = new CancellationException("reason");
  private final Tracked resource = new Tracked();

  /** Waits while it releases, and knows nothing of cancelation. */
  private static void waitAndRelease(Tracked resource) {
    Fiber.yield();
    resource.release();
  }

  @OnEveryScheduler
  void canceledFiber(Scheduler scheduler) {
    // The release is not cut short, and the reason comes out, which it would not without
    for (RuntimeException each : new RuntimeException[] {reason, new TerminateException()}) {
      Tracked tracked = new Tracked();
      scheduler.run(
          () ->
              Canceled.with(
                  each, () -> assertThatThrownBy(() -> blockWith(tracked)).isSameAs(each)));
      assertThat(tracked.releases()).isOne();
      assertThat(each).hasNoSuppressedExceptions();
    }
  }

  private static void blockWith(Tracked tracked) {
    try (var closing = Closing.acquire(() -> tracked, ClosingTest::waitAndRelease)) {
      closing.get().use();
      Control.block();
    }
  }

  @Test
  void blockReturns() throws IOException {
    // Released once, at the end of the block
    try (var closing = Closing.acquire(this::connect, Tracked::release)) {
      closing.get().use();
    }
    assertThat(resource.releases()).isOne();
  }

  private Tracked connect() throws IOException {
    if (resource.releases() > 0) {
      throw new IOException("refused");
    }
    return resource;
  }

  @Test
  void acquireThrows() {
    // what was not acquired is not released
    resource.release();
    assertThatThrownBy(this::blockReturns).isInstanceOf(IOException.class).hasMessage("refused");
    assertThat(resource.releases()).isOne();
  }

  private void failTwice(RuntimeException ofBlock, RuntimeException ofRelease) {
    try (var closing =
        Closing.acquire(
            () -> resource,
            released -> {
              throw ofRelease;
            })) {
      closing.get().use();
      throw ofBlock;
    }
  }

  @Test
  void bothThrow() {
    // as everywhere in Java the exception of the block comes out
    RuntimeException ofRelease = new IllegalArgumentException("release");

    assertThatThrownBy(() -> failTwice(reason, ofRelease)).isSameAs(reason);
    assertThat(reason.getSuppressed()).containsExactly(ofRelease);
  }

  @Test
  void bothThrow_blockAskedToStop() {
    // and so it does when the fiber was asked to stop; its scope will tell of the release
    RuntimeException stop = new TerminateException();

    assertThatThrownBy(() -> failTwice(stop, reason)).isSameAs(stop);
    assertThat(stop.getSuppressed()).containsExactly(reason);
  }

  @Test
  @SuppressWarnings("try") // the test is about that
  void closedTwice() {
    // closing again does nothing, and there is nothing to get any more
    Closing<Tracked, RuntimeException> escaped;
    try (var closing = Closing.acquire(() -> resource, Tracked::release)) {
      escaped = closing;
      closing.close();
    }
    assertThat(resource.releases()).isOne();
    assertThatIllegalStateException()
        .isThrownBy(escaped::get)
        .withMessage("closed: the resource has been released");
    assertThat(escaped).hasToString("Closing[closed]");
  }

  @ParameterizedTest
  @EnumSource
  void plainThread(Task.Kind kind) throws Exception {
    // No scheduler is needed
    boolean done =
        Task.start(
                kind,
                () -> {
                  blockReturns();
                  return true;
                })
            .result();

    assertThat(done).isTrue();
    assertThat(resource.releases()).isOne();
  }
}
