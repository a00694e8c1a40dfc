package dev.picos.tests.scale;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import dev.picos.core.Trigger;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.tests.Alone;
import dev.picos.tests.Heap;
import dev.picos.tests.Rounds;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The heap stays flat over ten million rounds; over one million where a round is a switch between
 * threads of the operating system, unless {@code -Dpicos.test.long=true}.
 */
class LeakTest {
  private static final int ROUNDS = Rounds.of(2_000_000, 10_000_000);
  private static final long FLAT = 4 << 20; // what a JVM does for itself meanwhile
  private static final Exception REASON = new Exception("an hour has passed");

  static Stream<Scheduler> schedulers() {
    return Stream.of(ThreadScheduler.create(), FifoScheduler.create());
  }

  @Alone
  @ParameterizedTest
  @MethodSource("schedulers")
  void attachAndDetach_leaveNothing(Scheduler scheduler) {
    // A long-lived computation does not grow with the triggers that came and went.
    Computation<Object> computation = new Computation<>();

    long growth =
        growth(
            scheduler,
            () -> {
              for (int i = 0; i < ROUNDS; i++) {
                Trigger trigger = new Trigger();
                assertThat(computation.tryAttach(trigger)).isTrue();
                computation.detach(trigger);
              }
            });

    assertThat(growth).isLessThan(FLAT);
    assertThat(computation.isRunning()).isTrue();
  }

  @Alone
  @ParameterizedTest
  @MethodSource("schedulers")
  void awaitAndSignal_leaveNothing(Scheduler scheduler) {
    // A fiber that is resumed again and again does not fill its computation's bag.
    int rounds = scheduler instanceof ThreadScheduler ? threadRounds() : ROUNDS;

    long growth = growth(scheduler, () -> pingPong(rounds));

    assertThat(growth).isLessThan(FLAT);
  }

  @Alone
  @ParameterizedTest
  @MethodSource("schedulers")
  void timeoutsThatNeverFire_leaveNothing(Scheduler scheduler) {
    // A timeout whose computation completes early is gone, whether its hour has passed or
    // not.
    long growth =
        growth(
            scheduler,
            () -> {
              for (int i = 0; i < ROUNDS; i++) {
                Computation<Integer> computation = new Computation<>();
                computation.cancelAfter(Duration.ofHours(1), REASON);
                computation.tryReturn(i);
              }
            });

    assertThat(growth).isLessThan(FLAT);
  }

  private static int threadRounds() {
    return Rounds.of(ROUNDS / 10, ROUNDS);
  }

  private static long growth(Scheduler scheduler, Block<RuntimeException> rounds) {
    return scheduler.call(
        () -> {
          long before = Heap.used();
          rounds.run();
          return Heap.used() - before;
        });
  }

  /** What one side of a game waits for next. */
  private static final class Side {
    private volatile Trigger trigger = new Trigger();
  }

  private static void pingPong(int rounds) {
    Side ping = new Side();
    Side pong = new Side();
    Computation<Object> other = new Computation<>();
    Fiber.spawn(
        new Fiber(other),
        fiber ->
            other.tryCapture(
                () -> {
                  play(rounds / 2, pong, ping);
                  return "played";
                }));
    pong.trigger.signal();
    play(rounds / 2, ping, pong);
    other.join();
  }

  private static void play(int turns, Side mine, Side other) {
    for (int i = 0; i < turns; i++) {
      assertThat(mine.trigger.await()).isNull();
      mine.trigger = new Trigger();
      other.trigger.signal();
    }
  }
}
