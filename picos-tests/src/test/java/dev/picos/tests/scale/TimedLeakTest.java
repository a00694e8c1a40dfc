package dev.picos.tests.scale;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.std.sync.Ivar;
import dev.picos.std.sync.Semaphore;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.Alone;
import dev.picos.tests.Heap;
import dev.picos.tests.Rounds;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The heap stays flat over a million waits with a timeout on one primitive, whoever wins. */
class TimedLeakTest {
  private static final int WAITS = Rounds.of(200_000, 500_000);
  private static final int FIBERS = 1_000;
  private static final long FLAT = 4 << 20; // what a JVM does for itself meanwhile
  private static final Duration NEVER = Duration.ofHours(1);

  private final Semaphore semaphore = new Semaphore(0);

  static Stream<Scheduler> schedulers() {
    return Stream.of(ThreadScheduler.create(), FifoScheduler.create());
  }

  @Alone
  @ParameterizedTest
  @MethodSource("schedulers")
  void waitsThatAreServed_leaveNothing(Scheduler scheduler) {
    // neither the waiter nor its timeout is kept when what is waited for comes before the hour
    Semaphore back = new Semaphore(0);
    long growth =
        growth(
            scheduler,
            () -> {
              Computation<Object> other =
                  Fibers.start(
                      () -> {
                        for (int i = 0; i < WAITS / 2; i++) {
                          assertThat(semaphore.tryAcquire(NEVER)).isTrue();
                          back.release();
                        }
                        return "served";
                      });
              for (int i = 0; i < WAITS / 2; i++) {
                semaphore.release();
                assertThat(back.tryAcquire(NEVER)).isTrue();
              }
              other.join();
            });

    assertThat(growth).isLessThan(FLAT);
  }

  @Alone
  @ParameterizedTest
  @MethodSource("schedulers")
  void waitsThatTimeOut_leaveNothing(Scheduler scheduler) {
    // the waiter leaves the queue when the time is over, also behind one that stays
    long growth =
        growth(
            scheduler,
            () -> {
              Computation<Boolean> stays = Fibers.start(() -> semaphore.tryAcquire(NEVER));
              inManyFibers(() -> assertThat(semaphore.tryAcquire(Duration.ofNanos(1))).isFalse());
              semaphore.release();
              assertThat(stays.await()).isTrue();
            });

    assertThat(growth).isLessThan(FLAT);
    assertThat(semaphore).hasToString("Semaphore[0 available]");
  }

  @Alone
  @ParameterizedTest
  @MethodSource("schedulers")
  void readsThatTimeOut_leaveNothing(Scheduler scheduler) {
    // Nor is anything of a reader kept in a variable that stays empty
    Ivar<String> ivar = new Ivar<>();
    long growth =
        growth(
            scheduler,
            () ->
                inManyFibers(
                    () -> {
                      try {
                        throw new AssertionError(ivar.read(Duration.ofNanos(1)));
                      } catch (TimeoutException expected) {
                        assertThat(ivar.peek()).isNull();
                      }
                    }));

    assertThat(growth).isLessThan(FLAT);
    ivar.fill("value");
  }

  private static void inManyFibers(Block<RuntimeException> wait) {
    List<Computation<Object>> fibers = new ArrayList<>();
    for (int i = 0; i < FIBERS; i++) {
      fibers.add(
          Fibers.start(
              () -> {
                for (int j = 0; j < WAITS / FIBERS; j++) {
                  wait.run();
                }
                return "done";
              }));
    }
    fibers.forEach(Computation::await);
  }

  private static long growth(Scheduler scheduler, Block<RuntimeException> rounds) {
    return scheduler.call(
        () -> {
          long before = Heap.used();
          rounds.run();
          return Heap.used() - before;
        });
  }
}
