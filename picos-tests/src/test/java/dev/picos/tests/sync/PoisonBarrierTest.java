package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Run;
import dev.picos.std.sync.PoisonBarrier;
import dev.picos.std.sync.PoisonedException;
import dev.picos.testing.Task;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.Alone;
import dev.picos.tests.Heap;
import dev.picos.tests.OnEveryKindOfScheduler;
import dev.picos.tests.OnEveryScheduler;
import dev.picos.tests.OnEveryTwoSchedulers;
import dev.picos.tests.Rounds;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PoisonBarrierTest {
  private static final Duration LONG = Duration.ofMinutes(10);

  private final RuntimeException reason = new CancellationException("reason");

  private static Computation<Object> party(PoisonBarrier barrier, Computation<?> computation) {
    return Fibers.startUnder(
        computation,
        () -> {
          barrier.await();
          return "passed";
        });
  }

  /** Starts one that waits when this returns. */
  private static Computation<Object> party(PoisonBarrier barrier) {
    int count = Waiting.of(barrier);
    Computation<Object> party = party(barrier, new Computation<>());
    Waiting.until(barrier, count + 1);
    return party;
  }

  private static void yieldALot() {
    for (int i = 0; i < 10; i++) {
      Fiber.yield();
    }
  }

  @Test
  void parties() {
    // a barrier is for one party at least
    assertThatIllegalArgumentException().isThrownBy(() -> new PoisonBarrier(0));
    assertThatIllegalArgumentException().isThrownBy(() -> new PoisonBarrier(-1));
    assertThat(new PoisonBarrier(Integer.MAX_VALUE).parties()).isEqualTo(Integer.MAX_VALUE);
    assertThat(new PoisonBarrier(3)).hasToString("PoisonBarrier[0 of 3 arrived, 0 waiting]");
  }

  @Test
  void oneParty_neverWaits() {
    // A barrier of one party lets it pass at once, any number of times
    PoisonBarrier one = new PoisonBarrier(1);
    for (int i = 0; i < 100_000; i++) {
      one.await();
    }
    assertThat(one.await(Duration.ZERO)).isTrue();
    assertThat(one.isPoisoned()).isFalse();
  }

  @OnEveryScheduler
  void phases(Scheduler scheduler) {
    // After each await all parties have arrived in that phase, and none in the next but one
    scheduler.run(
        () -> {
          for (int parties = 1; parties <= 4; parties++) {
            int count = parties;
            PoisonBarrier barrier = new PoisonBarrier(count);
            AtomicInteger arrived = new AtomicInteger();
            Block<RuntimeException> party =
                () -> {
                  for (int round = 1; round <= 50; round++) {
                    arrived.incrementAndGet();
                    barrier.await();
                    assertThat(arrived.get()).isEqualTo(round * count);
                    barrier.await();
                  }
                };
            Run.all(Collections.nCopies(count, party));
          }
        });
  }

  @OnEveryScheduler
  void manyPhases(Scheduler scheduler) {
    // A barrier is used for any number of phases; what was done before each is seen after it
    int phases = Rounds.of(10_000, 100_000);
    int[] plain = {0, 0};
    PoisonBarrier barrier = new PoisonBarrier(2);
    scheduler.run(
        () ->
            Run.all(
                () -> countPhases(barrier, plain, 0, phases),
                () -> countPhases(barrier, plain, 1, phases)));
    assertThat(plain).containsOnly(phases);
  }

  private static void countPhases(PoisonBarrier barrier, int[] plain, int index, int phases) {
    for (int phase = 1; phase <= phases; phase++) {
      plain[index] = phase;
      barrier.await();
      assertThat(plain[1 - index]).isBetween(phase, phase + 1);
    }
  }

  @OnEveryTwoSchedulers
  void acrossSchedulers(Scheduler one, Scheduler other) throws Exception {
    // fibers of two schedulers and a plain thread wait for each other
    PoisonBarrier barrier = new PoisonBarrier(5);
    Block<RuntimeException> party =
        () -> {
          for (int i = 0; i < 50; i++) {
            barrier.await();
          }
        };
    Task<Boolean> first = Task.start(() -> one.run(() -> Run.all(party, party)));
    Task<Boolean> second = Task.start(() -> other.run(() -> Run.all(party, party)));
    party.run();
    first.result();
    second.result();
    assertThat(barrier.isPoisoned()).isFalse();
  }

  @OnEveryScheduler
  void poisoned(Scheduler scheduler) {
    // Those who wait and those who come later throw
    scheduler.run(
        () -> {
          PoisonBarrier barrier = new PoisonBarrier(4);
          List<Computation<Object>> parties = new ArrayList<>();
          for (int i = 0; i < 3; i++) {
            parties.add(party(barrier));
          }
          barrier.poison();
          for (Computation<Object> each : parties) {
            assertThatThrownBy(each::await).isInstanceOf(PoisonedException.class);
          }
          for (int i = 0; i < 2; i++) {
            assertThat(barrier.isPoisoned()).isTrue();
            assertThatExceptionOfType(PoisonedException.class).isThrownBy(barrier::await);
            assertThatExceptionOfType(PoisonedException.class)
                .isThrownBy(() -> barrier.await(LONG));
            barrier.poison();
          }
          assertThat(barrier).hasToString("PoisonBarrier[poisoned, 3 of 4 arrived, 0 waiting]");
        });
  }

  @OnEveryScheduler
  void onePartyTooMany(Scheduler scheduler) {
    // One more than the parties counts for the next phase
    scheduler.run(
        () -> {
          PoisonBarrier barrier = new PoisonBarrier(2);
          Computation<Object> first = party(barrier);
          barrier.await();
          Computation<Object> third = party(barrier, new Computation<>());
          first.await();
          Waiting.until(barrier, 1);
          assertThat(third.isRunning()).isTrue();
          barrier.await();
          third.await();
          assertThat(barrier.isPoisoned()).isFalse();
        });
  }

  @OnEveryScheduler
  void canceledBefore_last(Scheduler scheduler) {
    // A canceled fiber that arrives last passes
    scheduler.run(
        () -> {
          PoisonBarrier barrier = new PoisonBarrier(2);
          Computation<Object> first = party(barrier);
          Canceled.with(reason, barrier::await);
          first.await();
          Computation<Object> again = party(barrier);
          Canceled.with(reason, () -> assertThat(barrier.await(Duration.ZERO)).isTrue());
          again.await();
          assertThat(barrier.isPoisoned()).isFalse();
        });
  }

  @OnEveryScheduler
  void canceledBefore_notLast(Scheduler scheduler) {
    // a canceled fiber that would have to wait poisons the barrier and throws the reason
    scheduler.run(
        () -> {
          List<Block<RuntimeException>> ways = new ArrayList<>();
          PoisonBarrier one = new PoisonBarrier(2);
          PoisonBarrier two = new PoisonBarrier(2);
          PoisonBarrier three = new PoisonBarrier(2);
          ways.add(one::await);
          ways.add(() -> assertThat(two.await(LONG)).isNull());
          ways.add(() -> assertThat(three.await(Duration.ZERO)).isNull());
          for (Block<RuntimeException> way : ways) {
            Canceled.with(reason, () -> assertThatThrownBy(way::run).isSameAs(reason));
          }
          assertThat(List.of(one, two, three)).allMatch(PoisonBarrier::isPoisoned);
        });
  }

  @OnEveryScheduler
  void canceledMeanwhile(Scheduler scheduler) {
    // a party that is canceled throws the reason, and the others, who would wait in vain, throw
    scheduler.run(
        () -> {
          PoisonBarrier barrier = new PoisonBarrier(4);
          Computation<Object> computation = new Computation<>();
          Computation<Object> before = party(barrier);
          Computation<Object> canceled = party(barrier, computation);
          Waiting.until(barrier, 2);
          Computation<Object> after = party(barrier);
          computation.tryCancel(reason);
          assertThatThrownBy(canceled::await).isSameAs(reason);
          assertThatThrownBy(before::await).isInstanceOf(PoisonedException.class);
          assertThatThrownBy(after::await).isInstanceOf(PoisonedException.class);
          assertThat(barrier.isPoisoned()).isTrue();
        });
  }

  @OnEveryScheduler
  void canceledMeanwhile_forbidden(Scheduler scheduler) {
    // a party that forbids cancelation goes on waiting
    scheduler.run(
        () -> {
          PoisonBarrier barrier = new PoisonBarrier(2);
          Computation<Object> computation = new Computation<>();
          Computation<Object> waiter =
              Fibers.startUnder(
                  computation,
                  () -> {
                    Control.runProtected(() -> barrier.await());
                    return "passed";
                  });
          Waiting.until(barrier, 1);
          computation.tryCancel(reason);
          yieldALot();
          assertThat(waiter.isRunning()).isTrue();
          barrier.await();
          assertThat(waiter.await()).isEqualTo("passed");
          assertThat(barrier.isPoisoned()).isFalse();
        });
  }

  @OnEveryScheduler
  void computationReturnsMeanwhile(Scheduler scheduler) {
    // a party whose computation returns still waits for the others
    scheduler.run(
        () -> {
          PoisonBarrier barrier = new PoisonBarrier(2);
          Computation<Object> computation = new Computation<>();
          Computation<Object> waiter = party(barrier, computation);
          Waiting.until(barrier, 1);
          computation.tryReturn("by another fiber");
          yieldALot();
          assertThat(waiter.isRunning()).isTrue();
          barrier.await();
          assertThat(waiter.await()).isEqualTo("passed");
        });
  }

  @OnEveryScheduler
  void await_forSoLong(Scheduler scheduler) {
    // a party whose time is over poisons the barrier; a negative time is refused before it arrives
    scheduler.run(
        () -> {
          PoisonBarrier barrier = new PoisonBarrier(2);
          assertThatIllegalArgumentException()
              .isThrownBy(() -> barrier.await(Duration.ofNanos(-1)))
              .withMessageContaining("negative");
          assertThat(barrier).hasToString("PoisonBarrier[0 of 2 arrived, 0 waiting]");
          Computation<Boolean> inTime = Fibers.start(() -> barrier.await(LONG));
          Waiting.until(barrier, 1);
          assertThat(barrier.await(LONG)).isTrue();
          assertThat(inTime.await()).isTrue();
          assertThat(barrier.isPoisoned()).isFalse();
          assertThat(barrier.await(Duration.ofMillis(1))).isFalse();
          assertThat(barrier.isPoisoned()).isTrue();
          PoisonBarrier another = new PoisonBarrier(2);
          assertThat(another.await(Duration.ZERO)).isFalse();
          assertThat(another.isPoisoned()).isTrue();
        });
  }

  @OnEveryScheduler
  void race_ofLastPartyAndPoison(Scheduler scheduler) {
    // One that leaves and poisons at once strands nobody; its phase was complete
    scheduler.run(
        () -> {
          for (int round = 0; round < 1_000; round++) {
            PoisonBarrier barrier = new PoisonBarrier(3);
            Computation<Object> first = party(barrier, new Computation<>());
            Computation<Object> second = party(barrier, new Computation<>());
            barrier.await();
            barrier.poison();
            assertThat(first.await()).isEqualTo("passed");
            assertThat(second.await()).isEqualTo("passed");
          }
        });
  }

  @OnEveryScheduler
  void race_ofLastPartyAndCancelation(Scheduler scheduler) {
    // a party that is canceled as the last one arrives either poisons and throws, or passes
    scheduler.run(
        () -> {
          for (int round = 0; round < 1_000; round++) {
            PoisonBarrier barrier = new PoisonBarrier(2);
            Computation<Object> computation = new Computation<>();
            Computation<Object> first = party(barrier, computation);
            Waiting.until(barrier, 1);
            Computation<Boolean> canceler = Fibers.start(() -> computation.tryCancel(reason));
            for (int spins = round % 60; spins > 0; spins--) {
              Thread.onSpinWait();
            }
            Computation<Object> last = party(barrier, new Computation<>());
            first.join();
            last.join();
            canceler.join();
            assertThat(first.isCanceled()).isEqualTo(last.isCanceled());
            assertThat(barrier.isPoisoned()).isEqualTo(first.isCanceled());
          }
        });
  }

  @Alone
  @OnEveryKindOfScheduler
  void phases_leaveNothing(Scheduler scheduler) {
    // a barrier does not grow with the phases
    PoisonBarrier barrier = new PoisonBarrier(2);
    Block<RuntimeException> rounds =
        () -> {
          for (int i = 0; i < 20_000; i++) {
            barrier.await();
          }
        };
    scheduler.run(
        () -> {
          Run.all(rounds, rounds);
          long before = Heap.used();
          Run.all(rounds, rounds);
          assertThat(Heap.used() - before).isLessThan(8 * 20_000);
          assertThat(Waiting.of(barrier)).isZero();
        });
  }
}
