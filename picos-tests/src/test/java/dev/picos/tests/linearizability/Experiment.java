package dev.picos.tests.linearizability;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.domains.DeadlockException;
import dev.picos.sched.randos.RandosScheduler;
import dev.picos.tests.Seeds;
import dev.picos.tests.linearizability.Operation.End;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Random programs of a few fibers on a primitive, each run in a random order with preemption within
 * operations, some of the operations canceled; and its history checked against a model.
 *
 * @param <T> the primitive
 */
final class Experiment<T> {
  private static final CancellationException REASON = new CancellationException("by chance");

  /** Calls an operation. */
  interface Action<T> {
    Object run(T subject, int argument) throws Exception;
  }

  private record Kind<T>(String name, int arguments, Action<T> action) {}

  private final Supplier<T> subject;
  private final Model<?> model;
  private final List<Kind<T>> kinds = new ArrayList<>();
  private int fibers = 3;
  private int length = 4;
  private int cancelations = 2;

  Experiment(Supplier<T> subject, Model<?> model) {
    this.subject = subject;
    this.model = model;
  }

  /** Adds an operation that takes an argument below {@code arguments}. */
  Experiment<T> operation(String name, int arguments, Action<T> action) {
    kinds.add(new Kind<>(name, arguments, action));
    return this;
  }

  /** Adds an operation without an argument. */
  Experiment<T> operation(String name, Action<T> action) {
    return operation(name, 1, action);
  }

  /** Runs an operation that returns nothing. */
  static Object run(Runnable operation) {
    operation.run();
    return null;
  }

  Experiment<T> fibers(int fibers) {
    this.fibers = fibers;
    return this;
  }

  Experiment<T> length(int length) {
    this.length = length;
    return this;
  }

  Experiment<T> cancelations(int cancelations) {
    this.cancelations = cancelations;
    return this;
  }

  /** Checks programs and orders, each by its seed. */
  void check() {
    assertThat(RandomPreemption.isInstalled()).as("-Dpicos.explore=true").isTrue();
    for (long seed : Seeds.all().toArray()) {
      List<Operation> history = new Run(seed).history();
      assertThat(Checker.isLinearizable(model, history))
          .as("seed %d: %n%s", seed, describe(history))
          .isTrue();
    }
  }

  /** The first seed up to {@code seeds} whose history is wrong, or 0. */
  long firstFailure(int seeds) {
    for (long seed = 1; seed <= seeds; seed++) {
      if (!Checker.isLinearizable(model, new Run(seed).history())) {
        return seed;
      }
    }
    return 0;
  }

  static String describe(List<Operation> history) {
    return history.stream().map(Operation::toString).collect(Collectors.joining("\n"));
  }

  private final class Run {
    private final long seed;
    private final SplittableRandom random;
    private final T instance = subject.get();
    private final List<Operation> history = new ArrayList<>();
    private final Computation<?>[] computations = new Computation<?>[fibers];
    private int steps;

    /** Whether nobody can go on. What a deadlock makes them do then is no part of the history. */
    private boolean over;

    Run(long seed) {
      this.seed = seed;
      random = new SplittableRandom(seed);
      Arrays.setAll(computations, i -> new Computation<>());
    }

    List<Operation> history() {
      RandosScheduler scheduler = RandosScheduler.builder().seed(seed).virtualTime(true).build();
      try {
        RandomPreemption.during(() -> scheduler.run(this::main));
      } catch (DeadlockException expected) {
        // Some operations wait for ever, and the checker knows whether they should.
        assertThat(over).isTrue();
      }
      return history;
    }

    private void main() {
      for (int i = 0; i < fibers; i++) {
        int number = i;
        List<Kind<T>> program = random.ints(length, 0, kinds.size()).mapToObj(kinds::get).toList();
        int[] arguments = program.stream().mapToInt(k -> random.nextInt(k.arguments)).toArray();
        Fiber.spawn(new Fiber(computations[i]), fiber -> live(fiber, number, program, arguments));
      }
      for (int i = 0; i < cancelations; i++) {
        for (int j = random.nextInt(10 * length); j > 0; j--) {
          Fiber.yield();
        }
        computations[random.nextInt(fibers)].tryCancel(REASON);
      }
      Fiber.sleep(Duration.ofHours(1)); // time passes when no fiber can run
      over = true;
    }

    private void live(Fiber fiber, int number, List<Kind<T>> program, int[] arguments) {
      for (int i = 0; i < arguments.length && !over; i++) {
        Kind<T> kind = program.get(i);
        fiber.setComputation(computations[number] = new Computation<>());
        Operation operation =
            new Operation(number, kind.name, kind.arguments == 1 ? null : arguments[i], steps++);
        history.add(operation);
        try {
          Object result = kind.action.run(instance, arguments[i]);
          end(operation, End.ENDED, result);
        } catch (Exception thrown) {
          boolean canceled = thrown == REASON;
          end(operation, canceled ? End.CANCELED : End.ENDED, canceled ? null : thrown.getClass());
        }
      }
    }

    private void end(Operation operation, End how, Object what) {
      if (!over) {
        operation.end(how, what, steps++);
      }
    }
  }
}
