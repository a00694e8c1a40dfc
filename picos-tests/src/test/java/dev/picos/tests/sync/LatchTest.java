package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.sync.Latch;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class LatchTest {
  private final RuntimeException reason = new CancellationException("reason");

  @Test
  void negativeCount() {
    // A negative count is refused
    assertThatIllegalArgumentException().isThrownBy(() -> new Latch(-1));
  }

  @Test
  void zeroCount_isOpen() {
    // A latch of zero is open, and cannot be closed
    Latch latch = new Latch(0);

    latch.await();
    assertThat(latch.count()).isZero();
    assertThat(latch.tryDecr()).isFalse();
    assertThat(latch.tryIncr()).isFalse();
    assertThatIllegalStateException().isThrownBy(latch::decr).withMessageContaining("zero count");
    assertThatIllegalStateException().isThrownBy(latch::incr).withMessageContaining("zero count");
    assertThat(latch).hasToString("Latch[open]");
  }

  @Test
  void count_goesUpAndDown() {
    // the count goes up and down until it is zero
    Latch latch = new Latch(1);

    latch.incr();
    assertThat(latch.tryIncr()).isTrue();
    assertThat(latch.count()).isEqualTo(3);
    latch.decr();
    assertThat(latch.tryDecr()).isTrue();
    assertThat(latch).hasToString("Latch[1]");
    latch.decr();
    latch.await();
  }

  @Test
  void incr_overflow() {
    // a count that cannot be increased stays as it is
    Latch latch = new Latch(Integer.MAX_VALUE);

    assertThatIllegalStateException().isThrownBy(latch::incr).withMessageContaining("overflow");
    assertThatIllegalStateException().isThrownBy(latch::tryIncr);
    assertThat(latch.count()).isEqualTo(Integer.MAX_VALUE);
  }

  @OnEveryScheduler
  void tasks_thatStartTasks(Scheduler scheduler) {
    // Await returns exactly when all have decremented, in many rounds
    scheduler.run(
        () -> {
          for (int round = 0; round < 200; round++) {
            Latch latch = new Latch(1);
            AtomicInteger ended = new AtomicInteger();
            Bundle.run(
                bundle -> {
                  startTree(bundle, latch, ended, 4);
                  latch.decr();
                  latch.await();
                  assertThat(ended).hasValue(31);
                });
          }
        });
  }

  private static void startTree(Bundle bundle, Latch latch, AtomicInteger ended, int depth) {
    latch.incr();
    bundle.fork(
        () -> {
          if (depth > 0) {
            startTree(bundle, latch, ended, depth - 1);
            startTree(bundle, latch, ended, depth - 1);
          }
          ended.incrementAndGet();
          latch.decr();
        });
  }

  @OnEveryScheduler
  void await_wakesAll(Scheduler scheduler) {
    // all that wait are woken, and see what was done before, without further synchronization
    scheduler.run(
        () -> {
          for (int round = 0; round < 200; round++) {
            int[] plain = new int[3];
            Latch latch = new Latch(plain.length);
            List<Computation<Object>> awaiters = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
              awaiters.add(
                  Fibers.start(
                      () -> {
                        latch.await();
                        assertThat(plain).containsOnly(1);
                        return "woken";
                      }));
            }
            for (int i = 0; i < plain.length; i++) {
              int index = i;
              Fibers.start(
                  () -> {
                    plain[index] = 1;
                    latch.decr();
                    return "done";
                  });
            }
            awaiters.forEach(Computation::await);
          }
        });
  }

  @OnEveryScheduler
  void await_canceled(Scheduler scheduler) {
    // a canceled fiber throws its reason from await, unless the latch is open; the count stays
    scheduler.run(
        () -> {
          Latch latch = new Latch(1);
          Canceled.with(
              reason,
              () -> {
                assertThatThrownBy(latch::await).isSameAs(reason);
                new Latch(0).await();
              });
          Computation<Object> computation = new Computation<>();
          Computation<Object> awaiter =
              Fibers.startUnder(
                  computation,
                  () -> {
                    latch.await();
                    return "open";
                  });
          Fiber.yield();
          computation.tryCancel(reason);
          assertThatThrownBy(awaiter::await).isSameAs(reason);
          assertThat(latch.count()).isEqualTo(1);
        });
  }

  @OnEveryScheduler
  void await_forbidden(Scheduler scheduler) {
    // where cancelation is forbidden await goes on waiting
    scheduler.run(
        () -> {
          Latch latch = new Latch(1);
          Computation<Object> computation = new Computation<>();
          Computation<Object> awaiter =
              Fibers.startUnder(
                  computation,
                  () -> {
                    Control.runProtected(() -> latch.await());
                    return "open";
                  });
          Fiber.yield();
          computation.tryCancel(reason);
          Fiber.yield();
          assertThat(awaiter.isRunning()).isTrue();
          latch.decr();
          assertThat(awaiter.await()).isEqualTo("open");
        });
  }

  @OnEveryScheduler
  void await_computationReturns(Scheduler scheduler) {
    // a waiter whose computation returns, as one shared with others may, still waits for the latch
    scheduler.run(
        () -> {
          Latch latch = new Latch(1);
          Computation<Object> computation = new Computation<>();
          Computation<Object> awaiter =
              Fibers.startUnder(
                  computation,
                  () -> {
                    latch.await();
                    return latch.count();
                  });
          for (int i = 0; i < 10; i++) {
            Fiber.yield();
          }
          computation.tryReturn("by another fiber");
          for (int i = 0; i < 10; i++) {
            Fiber.yield();
          }
          latch.decr();
          assertThat(awaiter.await()).isEqualTo(0);
        });
  }

  @OnEveryScheduler
  void changes_inCanceledFiber(Scheduler scheduler) {
    // incr and decr are not cancelable
    scheduler.run(
        () ->
            Canceled.with(
                reason,
                () -> {
                  Latch latch = new Latch(1);
                  latch.incr();
                  latch.decr();
                  latch.decr();
                  latch.await();
                }));
  }
}
