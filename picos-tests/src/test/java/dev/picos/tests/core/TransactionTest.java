package dev.picos.tests.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.core.Scheduler;
import dev.picos.core.Transaction;
import dev.picos.core.Trigger;
import dev.picos.testing.Task;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.util.List;
import java.util.concurrent.LinkedTransferQueue;

/** Commits that meet fibers which suspend, await, and make transactions themselves. */
class TransactionTest {
  private static final int ROUNDS = 2_000;

  private final RuntimeException reason = new RuntimeException("reason");
  private final LinkedTransferQueue<Computation<Object>> offered = new LinkedTransferQueue<>();

  private void cancel(Computation<Object> computation) {
    while (computation.isRunning()) {
      Transaction transaction = new Transaction();
      if (transaction.tryCancel(computation, reason)) {
        transaction.tryCommit();
      }
    }
  }

  private static void complete(Computation<Object> computation) {
    while (computation.isRunning()) {
      Transaction transaction = new Transaction();
      if (transaction.tryReturn(computation, 42)) {
        transaction.tryCommit();
      }
    }
  }

  @OnEveryScheduler
  void cancelation_ofSuspendingFiber(Scheduler scheduler) throws Exception {
    // A fiber canceled by a commit while it suspends on something else is resumed
    Task<Object> canceler =
        Task.start(
            () -> {
              for (int i = 0; i < ROUNDS; i++) {
                cancel(offered.take());
              }
              return null;
            });

    scheduler.run(
        () -> {
          for (int i = 0; i < ROUNDS; i++) {
            Computation<Object> scope = new Computation<>();
            Computation<Throwable> waiter = Fibers.startUnder(scope, () -> new Trigger().await());
            offered.add(scope);
            assertThat(waiter.await()).isSameAs(reason);
          }
        });

    assertThat(canceler.result()).isNull();
  }

  @OnEveryScheduler
  void return_ofAwaitedComputation(Scheduler scheduler) throws Exception {
    // A fiber that awaits what a commit returns gets the value, and nothing internal
    Task<Object> completer =
        Task.start(
            () -> {
              for (int i = 0; i < ROUNDS; i++) {
                complete(offered.take());
              }
              return null;
            });

    scheduler.run(
        () -> {
          for (int i = 0; i < ROUNDS; i++) {
            Computation<Object> awaited = new Computation<>();
            offered.add(awaited);
            assertThat(awaited.await()).isEqualTo(42);
          }
        });

    assertThat(completer.result()).isNull();
  }

  @OnEveryScheduler
  void commit_racingWithCommit(Scheduler scheduler) {
    // Of two transactions over the same computations one wins whole
    scheduler.run(
        () -> {
          for (int i = 0; i < ROUNDS; i++) {
            Computation<Integer> a = new Computation<>();
            Computation<Integer> b = new Computation<>();
            Computation<Object> left = Fibers.start(() -> contend(a, 101, b));
            Computation<Object> right = Fibers.start(() -> contend(b, 42, a));
            left.await();
            right.await();
            assertThat(List.of(a.peek(), b.peek()))
                .isIn(
                    List.of(new Outcome.Returned<>(101), new Outcome.Canceled<>(reason)),
                    List.of(new Outcome.Canceled<>(reason), new Outcome.Returned<>(42)));
          }
        });
  }

  private Object contend(Computation<Integer> returning, int value, Computation<Integer> canceled) {
    while (returning.isRunning() || canceled.isRunning()) {
      Transaction transaction = new Transaction();
      boolean added = transaction.tryReturn(returning, value);
      Fiber.yield();
      if (added && transaction.tryCancel(canceled, reason) && transaction.tryCommit()) {
        return null;
      }
    }
    return null;
  }
}
