package dev.picos.tests.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Scheduler;
import dev.picos.core.ThreadScheduler;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.std.resource.Owned;
import dev.picos.std.resource.Using;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.Alone;
import dev.picos.tests.Heap;
import dev.picos.tests.OnEveryKindOfScheduler;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Deep nests, and long lives. */
class ScaleTest {
  private static final int DEPTH = 10_000;
  private static final int ROUNDS = 20_000;

  private final RuntimeException reason = new CancellationException("reason");

  /** The levels that were released, in this order. */
  private final List<Integer> released = new ArrayList<>();

  static Stream<Named<Scheduler>> schedulers() {
    return Stream.of(
        Named.of("thread", ThreadScheduler.create()), Named.of("fifo", FifoScheduler.create()));
  }

  private void assertReleasedInReverse() {
    assertThat(released)
        .isEqualTo(IntStream.iterate(DEPTH, level -> level - 1).limit(DEPTH).boxed().toList());
  }

  @Alone
  @Test
  void nested_onOneStack() throws Exception {
    // 10,000 levels take at most 2 KiB of stack and 500 bytes of heap each, and are released
    // in reverse when the fiber is canceled
    FutureTask<Long> nest =
        new FutureTask<>(
            () -> {
              long[] used = {Heap.used()};
              Canceled.with(reason, () -> assertThatThrownBy(() -> nest(1, used)).isSameAs(reason));
              return used[0];
            });
    new Thread(null, nest, "deep", DEPTH * 2L * 1024).start();

    assertThat(nest.get(60, TimeUnit.SECONDS)).isLessThan(DEPTH * 500L);
    assertReleasedInReverse();
  }

  private void nest(int level, long[] used) {
    if (level > DEPTH) {
      used[0] = Heap.used() - used[0];
      Control.block();
    } else if (level % 2 == 0) {
      Using.run(() -> level, released::add, resource -> nest(level + 1, used));
    } else {
      Owned.run(() -> level, released::add, owned -> nest(level + 1, used));
    }
  }

  @ParameterizedTest
  @MethodSource("schedulers")
  void nested_eachInAFiberOfItsOwn(Scheduler scheduler) {
    // So are 10,000 that were each moved to a further fiber
    scheduler.run(
        () -> {
          Computation<Object> outermost = new Computation<>();
          Computation<Object> deepest = new Computation<>();
          Computation<Object> result =
              Fibers.startUnder(
                  outermost,
                  () -> {
                    nestInFibers(1, deepest);
                    return "never";
                  });
          deepest.await();
          outermost.tryCancel(reason);
          assertThatThrownBy(result::await).isSameAs(reason);
        });
    assertReleasedInReverse();
  }

  private void nestInFibers(int level, Computation<Object> deepest) {
    if (level > DEPTH) {
      deepest.tryReturn("reached");
      Control.block();
    }
    Bundle.run(
        bundle -> {
          Owned.run(
              () -> level,
              released::add,
              owned -> {
                bundle.fork(
                    () ->
                        owned.runMoved(
                            resource -> {
                              nestInFibers(level + 1, deepest);
                            }));
              });
        });
  }

  private static void assertBounded(Block<RuntimeException> round) {
    for (int i = 0; i < ROUNDS / 10; i++) {
      round.run();
    }
    long before = Heap.used();
    for (int i = 0; i < ROUNDS; i++) {
      round.run();
    }
    // The smallest object for each round would be twice as much.
    assertThat(Heap.used() - before).isLessThan(8L * ROUNDS);
  }

  @Alone
  @OnEveryKindOfScheduler
  void instancesThatWereMoved_leaveNothing(Scheduler scheduler) {
    // An accept loop that lives long does not grow with what it has accepted
    scheduler.run(
        () ->
            assertBounded(
                () -> {
                  List<Computation<Object>> mover = new ArrayList<>(1);
                  Owned.run(
                      Tracked::new,
                      Tracked::release,
                      owned ->
                          mover.add(
                              Fibers.start(
                                  () -> {
                                    owned.runMoved(Tracked::use);
                                    return "served";
                                  })));
                  mover.getFirst().await();
                }));
  }

  @Alone
  @OnEveryKindOfScheduler
  void ownersThatWereCanceled_leaveNothing(Scheduler scheduler) {
    // nor do owners that were canceled while they waited
    scheduler.run(
        () ->
            assertBounded(
                () -> {
                  Computation<Object> computation = new Computation<>();
                  Computation<Object> owner =
                      Fibers.startUnder(
                          computation,
                          () -> {
                            Owned.run(Tracked::new, Tracked::release, owned -> {});
                            return "never";
                          });
                  Control.yield();
                  computation.tryCancel(reason);
                  owner.join();
                }));
  }

  @Alone
  @OnEveryKindOfScheduler
  void borrowsOfOneInstance_leaveNothing(Scheduler scheduler) {
    // nor an instance with those who have borrowed it
    scheduler.run(
        () ->
            Owned.run(
                Tracked::new,
                Tracked::release,
                owned -> {
                  assertBounded(() -> owned.runBorrowed(Tracked::use));
                  owned.drop();
                }));
  }
}
