package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Control;
import dev.picos.std.sync.Ivar;
import dev.picos.testing.Task;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.Alone;
import dev.picos.tests.Heap;
import dev.picos.tests.OnEveryKindOfScheduler;
import dev.picos.tests.OnEveryScheduler;
import dev.picos.tests.OnEveryTwoSchedulers;
import dev.picos.tests.Rounds;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;

class IvarTest {
  private final RuntimeException reason = new CancellationException("reason");
  private final RuntimeException poison = new IllegalStateException("poison");
  private final Ivar<Integer> ivar = new Ivar<>();

  @Test
  void fill_once() {
    // The first one fills it; later values and poison change nothing
    assertThat(ivar.peek()).isNull();
    assertThat(ivar).hasToString("Ivar[empty]");
    assertThat(ivar.tryFill(1)).isTrue();
    assertThat(ivar.tryFill(2)).isFalse();
    assertThat(ivar.tryPoison(poison)).isFalse();
    ivar.fill(3);
    ivar.poison(poison);
    assertThat(ivar.peek()).isEqualTo(new Outcome.Returned<>(1));
    assertThat(ivar.read()).isEqualTo(1);
    assertThat(ivar).hasToString("Ivar[1]");
  }

  @Test
  void poison_once() {
    // Poison is what read throws, that very object; later values and poison change nothing
    assertThat(ivar.tryPoison(poison)).isTrue();
    assertThat(ivar.tryPoison(reason)).isFalse();
    assertThat(ivar.tryFill(1)).isFalse();
    assertThatThrownBy(ivar::read).isSameAs(poison);
    assertThat(ivar.peek()).isEqualTo(new Outcome.Canceled<>(poison));
    assertThat(ivar.toString()).startsWith("Ivar[poisoned with ");
  }

  @Test
  void poison_checked() {
    // A checked one is carried by a ComputationException
    IOException checked = new IOException("checked");
    ivar.poison(checked);

    assertThatThrownBy(ivar::read)
        .isInstanceOf(ComputationException.class)
        .extracting(Throwable::getCause)
        .isSameAs(checked);
  }

  @Test
  void of_value() {
    // A variable may be filled from the start; null is a value
    assertThat(Ivar.of("value").read()).isEqualTo("value");
    Ivar<Object> ofNull = Ivar.of(null);
    assertThat(ofNull.read()).isNull();
    assertThat(ofNull.peek()).isNotNull();
    assertThat(ofNull.tryFill("value")).isFalse();
  }

  @Test
  void nulls() {
    // null is no poison, and leaves the variable empty
    assertThatNullPointerException().isThrownBy(() -> ivar.tryPoison(null));
    assertThatNullPointerException().isThrownBy(() -> ivar.poison(null));
    assertThat(ivar.peek()).isNull();
  }

  @OnEveryScheduler
  void read_byMany(Scheduler scheduler) {
    // All readers get the value, or the poison
    scheduler.run(
        () -> {
          Ivar<Integer> poisoned = new Ivar<>();
          List<Computation<Integer>> readers = new ArrayList<>();
          List<Computation<Integer>> victims = new ArrayList<>();
          for (int i = 0; i < 20; i++) {
            readers.add(Fibers.start(ivar::read));
            victims.add(Fibers.start(poisoned::read));
            Fiber.yield();
          }
          ivar.fill(7);
          poisoned.poison(poison);
          assertThat(readers).allSatisfy(reader -> assertThat(reader.await()).isEqualTo(7));
          assertThat(victims)
              .allSatisfy(victim -> assertThatThrownBy(victim::await).isSameAs(poison));
        });
  }

  @OnEveryTwoSchedulers
  void acrossSchedulers(Scheduler one, Scheduler other) throws Exception {
    // fibers of two schedulers and plain threads share variables
    Ivar<Integer> answer = new Ivar<>();
    Task<Integer> reader = Task.start(() -> one.call(answer::read));
    Task<Boolean> writer = Task.start(() -> other.call(() -> answer.tryFill(ivar.read() + 1)));
    ivar.fill(41);
    assertThat(writer.result()).isTrue();
    assertThat(reader.result()).isEqualTo(42);
  }

  @OnEveryScheduler
  void read_canceled(Scheduler scheduler) {
    // a canceled reader throws its reason, unless the variable is filled
    scheduler.run(
        () -> {
          Canceled.with(
              reason,
              () -> {
                assertThatThrownBy(ivar::read).isSameAs(reason);
                assertThat(Ivar.of(1).read()).isEqualTo(1);
              });
          Computation<Object> computation = new Computation<>();
          Computation<Object> reader = Fibers.startUnder(computation, ivar::read);
          Fiber.yield();
          computation.tryCancel(reason);
          assertThatThrownBy(reader::await).isSameAs(reason);
          assertThat(ivar.peek()).isNull();
        });
  }

  @OnEveryScheduler
  void read_forbidden(Scheduler scheduler) {
    // where cancelation is forbidden read goes on waiting
    scheduler.run(
        () -> {
          Computation<Object> computation = new Computation<>();
          Computation<Object> reader =
              Fibers.startUnder(computation, () -> Control.callProtected(() -> ivar.read()));
          Fiber.yield();
          computation.tryCancel(reason);
          Fiber.yield();
          assertThat(reader.isRunning()).isTrue();
          Canceled.with(reason, () -> ivar.fill(1));
          assertThat(reader.await()).isEqualTo(1);
        });
  }

  @OnEveryScheduler
  void read_computationReturns(Scheduler scheduler) {
    // a reader whose computation returns, as one shared with others may, still waits for the value
    scheduler.run(
        () -> {
          Computation<Object> computation = new Computation<>();
          Computation<Object> reader = Fibers.startUnder(computation, ivar::read);
          for (int i = 0; i < 10; i++) {
            Fiber.yield();
          }
          computation.tryReturn("by another fiber");
          for (int i = 0; i < 10; i++) {
            Fiber.yield();
          }
          ivar.fill(1);
          assertThat(reader.await()).isEqualTo(1);
        });
  }

  @Alone
  @OnEveryKindOfScheduler
  void canceledReads_leaveNothing(Scheduler scheduler) {
    // Reads of an empty variable that were canceled leave nothing behind
    scheduler.run(
        () -> {
          Canceled.with(
              reason,
              () -> {
                for (int i = 0; i < 1_000; i++) {
                  assertThatThrownBy(ivar::read).isSameAs(reason);
                }
                int reads = Rounds.of(100_000, 1_000_000);
                long before = Heap.used();
                for (int i = 0; i < reads; i++) {
                  readCanceled();
                }
                assertThat(Heap.used() - before).isLessThan(4 * 100_000);
              });
        });
  }

  private void readCanceled() {
    try {
      ivar.read();
      throw new AssertionError("read");
    } catch (CancellationException thrown) {
      assertThat(thrown).isSameAs(reason);
    }
  }
}
