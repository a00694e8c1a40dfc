package dev.picos.tests.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.ErrorsException;
import dev.picos.std.structured.Run;
import dev.picos.std.structured.TerminateException;
import dev.picos.std.sync.Latch;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Dijkstra's guarded commands: of several commands one whose guard holds is done, no matter which.
 * Guards are tested at the same time, so that one that never comes to an end does no harm where
 * another holds.
 */
class GuardedCommandsTest {
  /** The guard of a command does not hold, and so the command is out. */
  private static final class GuardException extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  /** A command that gives a value, if its guard holds. */
  static <T> Body<T, RuntimeException> when(
      BooleanSupplier guard, Body<T, RuntimeException> command) {
    return () -> {
      if (!guard.getAsBoolean()) {
        throw new GuardException();
      }
      return command.run();
    };
  }

  /**
   * Gives what one of the commands does whose guard holds; the others are given up. As that may be
   * in the midst of it, commands only compute.
   *
   * @throws IllegalStateException if no guard holds
   */
  @SafeVarargs
  @SuppressWarnings("varargs") // only read
  static <T> T select(Body<T, RuntimeException>... commands) {
    try {
      return Run.firstSuccess(commands);
    } catch (GuardException | ErrorsException | NoSuchElementException none) {
      requireOnlyGuards(none);
      throw new IllegalStateException("no guard holds");
    }
  }

  /** Throws what has gone wrong in a guard or in a command. */
  private static void requireOnlyGuards(RuntimeException none) {
    if (none instanceof ErrorsException all) {
      for (Throwable each : all.errors()) {
        if (!(each instanceof GuardException)) {
          throw ComputationException.unchecked(each);
        }
      }
    }
  }

  /** A step from one state to the next, where its guard holds. */
  record Step<S>(Predicate<S> guard, Function<S, S> next) {}

  /** Takes steps until no guard holds any more, and returns the state that this leads to. */
  @SafeVarargs
  static <S> S repeat(S start, Step<S>... steps) {
    S state = start;
    for (; ; ) {
      S now = state;
      List<Body<S, RuntimeException>> commands = new ArrayList<>();
      for (Step<S> step : steps) {
        commands.add(when(() -> step.guard.test(now), () -> step.next.apply(now)));
      }
      try {
        state = Run.firstSuccess(commands);
      } catch (GuardException | ErrorsException | NoSuchElementException none) {
        requireOnlyGuards(none);
        return state;
      }
    }
  }

  private static boolean never() {
    for (; ; ) {
      Fiber.yield();
    }
  }

  private static boolean slowly() {
    for (int i = 0; i < 1_000; i++) {
      Fiber.yield();
    }
    return true;
  }

  @OnEveryScheduler
  void oneGuardHolds(Scheduler scheduler) {
    // its command is the one that counts, wherever it stands
    scheduler.run(
        () -> {
          assertThat(
                  GuardedCommandsTest.<Integer>select(
                      when(() -> 1 > 2, () -> 1), when(() -> 1 < 2, () -> 2)))
              .isEqualTo(2);
          assertThat(
                  GuardedCommandsTest.<Integer>select(
                      when(() -> 1 < 2, () -> 1), when(() -> 1 > 2, () -> 2)))
              .isEqualTo(1);
        });
  }

  @OnEveryScheduler
  void guardTakesLong(Scheduler scheduler) {
    // but it is waited for, if it is the only one
    int value =
        scheduler.call(
            () -> select(when(() -> false, () -> 1), when(GuardedCommandsTest::slowly, () -> 2)));

    assertThat(value).isEqualTo(2);
  }

  @OnEveryScheduler
  void guardNeverEnds(Scheduler scheduler) {
    // it is given up when another holds; also one in a command that had begun
    scheduler.run(
        () -> {
          assertThat(
                  GuardedCommandsTest.<Integer>select(
                      when(GuardedCommandsTest::never, () -> 1), when(() -> true, () -> 2)))
              .isEqualTo(2);
          assertThat(
                  GuardedCommandsTest.<Integer>select(
                      when(() -> true, () -> select(when(GuardedCommandsTest::never, () -> 1))),
                      when(() -> true, () -> 2)))
              .isEqualTo(2);
        });
  }

  @OnEveryScheduler
  void severalGuardsHold(Scheduler scheduler) {
    // one of the commands counts, and only one
    scheduler.run(
        () -> {
          for (int i = 0; i < 100; i++) {
            assertThat(
                    GuardedCommandsTest.<Integer>select(
                        when(() -> true, () -> 1), when(() -> true, () -> 2)))
                .isIn(1, 2);
          }
        });
  }

  @OnEveryScheduler
  void noGuardHolds(Scheduler scheduler) {
    // that is an error in the program, and so is what a guard throws
    RuntimeException error = new ArithmeticException("by zero");
    scheduler.run(
        () -> {
          assertThatExceptionOfType(IllegalStateException.class)
              .isThrownBy(() -> select(when(() -> false, () -> 1), when(() -> false, () -> 2)));
          assertThatThrownBy(
                  () ->
                      select(
                          when(() -> false, () -> 1),
                          when(
                              () -> {
                                throw error;
                              },
                              () -> 2)))
              .isSameAs(error);
        });
  }

  /** Two numbers. */
  record Pair(int a, int b) {}

  @OnEveryScheduler
  void greatestCommonDivisor(Scheduler scheduler) {
    // the classic: subtract the smaller from the greater, until they are the same
    Pair end =
        scheduler.call(
            () ->
                repeat(
                    new Pair(252, 105),
                    new Step<>(p -> p.a > p.b, p -> new Pair(p.a - p.b, p.b)),
                    new Step<>(p -> p.b > p.a, p -> new Pair(p.a, p.b - p.a))));

    assertThat(end).isEqualTo(new Pair(21, 21));
  }

  @OnEveryScheduler
  void canceledWhileGuardsAreTested(Scheduler scheduler) {
    // who is canceled meanwhile throws that reason, and no guard is tested any longer
    TerminateException reason = new TerminateException();
    AtomicInteger testing = new AtomicInteger();
    Latch begun = new Latch(2);
    BooleanSupplier guard =
        () -> {
          testing.incrementAndGet();
          begun.decr();
          try {
            return never();
          } finally {
            testing.decrementAndGet();
          }
        };
    scheduler.run(
        () -> {
          Computation<Integer> selecting =
              Fibers.start(() -> select(when(guard, () -> 1), when(guard, () -> 2)));
          begun.await();
          selecting.tryCancel(reason);
          assertThatThrownBy(selecting::await).isSameAs(reason);
        });
    assertThat(testing).hasValue(0);
  }
}
