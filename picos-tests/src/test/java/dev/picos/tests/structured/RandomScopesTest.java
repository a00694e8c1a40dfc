package dev.picos.tests.structured;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.sched.multififo.MultiFifoScheduler;
import dev.picos.sched.randos.RandosScheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.ErrorsException;
import dev.picos.std.structured.Flock;
import dev.picos.std.structured.Promise;
import dev.picos.std.structured.Run;
import dev.picos.tests.Seeds;
import dev.picos.tests.linearizability.RandomPreemption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Random programs of scopes within scopes, whose outermost scope is terminated at some time.
 * Nothing may be thrown if nothing has failed, and every failure has to be found in what is thrown.
 */
@Tag("explored")
class RandomScopesTest {
  private static final int DEEPEST = 5;
  private static final int MOST_STEPS = 150;

  /** A failure of a step. */
  private static final class FailureException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    FailureException(int number) {
      super("failure " + number);
    }
  }

  /** A scope of the program, and the promises that were forked in it. */
  private record Scope(@Nullable Scope outer, Bundle bundle, List<Promise<?>> promises) {
    Scope(@Nullable Scope outer, Bundle bundle) {
      this(outer, bundle, Collections.synchronizedList(new ArrayList<>()));
    }
  }

  /** A program, which is the same for the same seed where the schedule is. */
  private static final class Program {
    private final Random random;
    private final boolean fails;
    private final Queue<FailureException> failures = new ConcurrentLinkedQueue<>();
    private final AtomicInteger steps = new AtomicInteger();

    Program(long seed, boolean fails) {
      random = new Random(seed);
      this.fails = fails;
    }

    private synchronized int random(int bound) {
      return random.nextInt(bound);
    }

    /** Runs the program, and returns what came out of its outermost scope. */
    @Nullable Throwable run() {
      Throwable thrown = null;
      try {
        Bundle.run(
            bundle -> {
              Scope outermost = new Scope(null, bundle);
              bundle.fork(
                  () -> {
                    Control.sleep(Duration.ofMillis(random(6)));
                    bundle.terminate();
                  });
              for (int i = 0; i < 3; i++) {
                bundle.fork(() -> act(outermost, 0));
                outermost.promises.add(
                    bundle.forkAsPromise(
                        () -> {
                          act(outermost, 0);
                          Control.block();
                          return 1;
                        }));
              }
              act(outermost, 0);
            });
      } catch (Throwable t) {
        thrown = t;
      }
      assertThat(Thread.interrupted()).isFalse();
      return thrown;
    }

    private void act(Scope scope, int depth) throws Exception {
      for (int i = random(4); i >= 0; i--) {
        if (depth > DEEPEST || steps.incrementAndGet() > MOST_STEPS) {
          Control.block(); // until it is terminated
        }
        Fiber fiber = Fiber.current();
        Computation<?> computation = fiber.computation();
        try {
          step(scope, depth + 1);
        } finally {
          assertThat(fiber.computation()).isSameAs(computation);
          assertThat(fiber.forbidsCancelation()).isFalse();
        }
      }
    }

    private void step(Scope scope, int depth) throws Exception {
      Block<Exception> further = () -> act(scope, depth);
      switch (random(15)) {
        case 0 -> Control.yield();
        case 1 -> Control.sleep(Duration.ofMillis(random(3)));
        case 2 -> forkInto(anyAround(scope), depth);
        case 3 -> forkPromiseInto(anyAround(scope), depth);
        case 4, 5, 6 -> awaitOneOf(anyAround(scope).promises);
        case 7 -> Bundle.run(bundle -> act(new Scope(scope, bundle), depth));
        case 8 -> Control.runWithin(Duration.ofHours(1), further);
        case 9 -> Control.runInterruptible(further);
        case 10 -> Run.all(further, further);
        case 11 -> Run.forEach(2, List.of(1, 2, 3), item -> further.run());
        case 12 ->
            Flock.run(
                () -> {
                  Flock.fork(further);
                  Flock.fork(further);
                  further.run();
                });
        case 13 -> Control.runProtected(Fiber::yield);
        default -> fail(further);
      }
    }

    private Scope anyAround(Scope scope) {
      Scope any = scope;
      while (any.outer != null && random(2) == 0) {
        any = any.outer;
      }
      return any;
    }

    private void forkInto(Scope scope, int depth) {
      scope.bundle.fork(() -> act(scope, depth));
    }

    private void forkPromiseInto(Scope scope, int depth) {
      scope.promises.add(
          scope.bundle.forkAsPromise(
              () -> {
                act(scope, depth);
                return 1;
              }));
    }

    private void awaitOneOf(List<Promise<?>> promises) {
      int count = promises.size();
      if (count == 0) {
        return;
      }
      Promise<?> promise = promises.get(random(count));
      Object unused = random(2) == 0 ? promise.await() : promise.awaitEvent().sync();
    }

    /** Fails at once, or in the clean-up, if this program does. */
    private void fail(Block<Exception> further) throws Exception {
      if (!fails) {
        return;
      }
      if (random(4) == 0) {
        throw failure(null);
      }
      try {
        further.run();
      } catch (Exception thrown) {
        throw random(3) == 0 ? failure(thrown) : thrown;
      }
    }

    private FailureException failure(@Nullable Throwable suppressed) {
      FailureException failure = new FailureException(failures.size());
      failures.add(failure);
      if (suppressed != null) {
        failure.addSuppressed(suppressed);
      }
      return failure;
    }
  }

  private static void addAll(@Nullable Throwable thrown, Set<Throwable> found) {
    if (thrown == null || !found.add(thrown)) {
      return;
    }
    addAll(thrown.getCause(), found);
    for (Throwable suppressed : thrown.getSuppressed()) {
      addAll(suppressed, found);
    }
    if (thrown instanceof ErrorsException several) {
      several.errors().forEach(error -> addAll(error, found));
    }
  }

  private static void check(Scheduler scheduler, long seed, boolean fails) {
    Program program = new Program(seed, fails);
    Throwable thrown = scheduler.call(program::run);
    if (program.failures.isEmpty()) {
      assertThat(thrown).as("thrown by program %d without a failure", seed).isNull();
      return;
    }
    Set<Throwable> found = Collections.newSetFromMap(new IdentityHashMap<>());
    addAll(thrown, found);
    assertThat(found).as("thrown by program %d", seed).containsAll(program.failures);
  }

  private static void checkExplored(long seed, boolean fails) {
    Scheduler randos = RandosScheduler.builder().seed(seed).virtualTime(true).build();
    RandomPreemption.during(() -> check(randos, seed, fails));
  }

  @Test
  void withoutFailures_nothingIsThrown() {
    // A scope that its owner terminates is silent, whatever its fibers are doing just then
    Seeds.all().forEach(seed -> checkExplored(seed, false));
  }

  @Test
  void withFailures_noneIsLost() {
    // Every failure comes out, whether it is before, beside or because of the stop
    Seeds.all().forEach(seed -> checkExplored(seed, true));
  }

  @Test
  void onTwoDomains() {
    // Nor is one lost, or made up, where fibers run in parallel
    Scheduler scheduler = MultiFifoScheduler.builder().domains(2).build();
    Seeds.all().forEach(seed -> check(scheduler, seed, false));
    Seeds.all().forEach(seed -> check(scheduler, seed, true));
  }
}
