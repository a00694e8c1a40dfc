package dev.picos.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Fibers that share what their parent closes, and a parent that is canceled. */
class SharedConnectionTest {
  // region copy
  /** Copies all chapters at the same time, over one connection. */
  static void copy(List<String> chapters, Connection connection) {
    try (connection) {
      Bundle.run(
          bundle -> {
            for (String chapter : chapters) {
              bundle.fork(() -> connection.copy(chapter));
            }
          });
    }
  }

  // endregion

  /** Notices when it is closed in use. */
  private static final class Connection implements AutoCloseable {
    final Trigger waiting = new Trigger();
    private final AtomicInteger users = new AtomicInteger();
    private boolean closed;

    /** Waits for an answer that never comes, or says that the chapter is missing. */
    void copy(String chapter) {
      users.incrementAndGet();
      try {
        if (chapter.equals("missing")) {
          Fiber.yield();
          throw new NoSuchElementException(chapter);
        }
        waiting.signal();
        Control.block();
      } finally {
        Thread.yield(); // cleaning up takes its time
        users.decrementAndGet();
      }
    }

    @Override
    public void close() {
      assertThat(users).as("users of a connection that is closed").hasValue(0);
      closed = true;
    }
  }

  @ParameterizedTest
  @EnumSource(SchedulerKind.class)
  void parentThatIsCanceled_stopsTheChildrenBeforeTheConnectionIsClosed(SchedulerKind kind) {
    for (int i = 0; i < 100; i++) {
      kind.create().run(SharedConnectionTest::cancelTheParent);
    }
  }

  private static void cancelTheParent() {
    CancellationException reason = new CancellationException("by the test");
    Connection connection = new Connection();
    Computation<Object> life = new Computation<>();
    Computation<String> parent = new Computation<>();
    Fiber.spawn(
        new Fiber(life),
        fiber ->
            parent.tryCapture(
                () -> {
                  copy(List.of("one", "two", "three"), connection);
                  return "copied";
                }));
    assertThat(connection.waiting.await()).isNull();
    life.tryCancel(reason);
    parent.join();

    assertThat(parent.cancelReason()).isSameAs(reason);
    assertThat(connection.closed).isTrue();
  }

  @ParameterizedTest
  @EnumSource(SchedulerKind.class)
  void childThatFails_stopsItsSiblingsBeforeTheConnectionIsClosed(SchedulerKind kind) {
    for (int i = 0; i < 100; i++) {
      Connection connection = new Connection();

      assertThatThrownBy(
              () -> kind.create().run(() -> copy(List.of("one", "missing", "three"), connection)))
          .isInstanceOf(NoSuchElementException.class);

      assertThat(connection.closed).isTrue();
    }
  }
}
