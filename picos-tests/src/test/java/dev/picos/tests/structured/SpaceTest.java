package dev.picos.tests.structured;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.BlockWith;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Promise;
import dev.picos.tests.Alone;
import dev.picos.tests.Heap;
import dev.picos.tests.OnEveryKindOfScheduler;
import dev.picos.tests.Rounds;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

class SpaceTest {
  private static final int ROUNDS = Rounds.of(15_000, 50_000);

  private final AtomicInteger ended = new AtomicInteger();
  private int started;

  /** Waits for the fiber of this round, so that those that have not ended do not count. */
  private void untilEnded() {
    started++;
    while (ended.get() < started) {
      Control.yield();
    }
  }

  @Alone
  @OnEveryKindOfScheduler
  void longLivedBundle_forks(Scheduler scheduler) throws Exception {
    // Fibers that have ended leave nothing behind in a bundle that lives on
    assertBounded(
        scheduler,
        bundle -> {
          bundle.fork(ended::incrementAndGet);
          untilEnded();
        });
  }

  @Alone
  @OnEveryKindOfScheduler
  void longLivedBundle_promises(Scheduler scheduler) throws Exception {
    // Neither do fibers forked for their results, which have computations of their own
    assertBounded(
        scheduler,
        bundle -> {
          Promise<Integer> promise = bundle.forkAsPromise(ended::incrementAndGet);
          promise.await();
        });
  }

  @Alone
  @OnEveryKindOfScheduler
  void longLivedBundle_terminatedPromises(Scheduler scheduler) throws Exception {
    // Nor those that were terminated
    assertBounded(
        scheduler,
        bundle -> {
          Promise<Integer> promise =
              bundle.forkAsPromise(
                  () -> {
                    try {
                      Control.block();
                    } finally {
                      ended.incrementAndGet();
                    }
                    return 1;
                  });
          Control.yield();
          promise.terminate();
          untilEnded();
        });
  }

  @Alone
  @OnEveryKindOfScheduler
  void longLivedBundle_nestedScopesAndTimeouts(Scheduler scheduler) throws Exception {
    // Nor do scopes and timeouts opened in it
    assertBounded(
        scheduler,
        bundle ->
            Control.runWithin(
                Duration.ofHours(1),
                () ->
                    Bundle.run(
                        inner -> {
                          inner.fork(() -> {});
                        })));
  }

  private static void assertBounded(Scheduler scheduler, BlockWith<Bundle, Exception> round)
      throws Exception {
    long grown =
        scheduler.call(
            () ->
                Bundle.call(
                    bundle -> {
                      for (int i = 0; i < ROUNDS / 10; i++) {
                        round.run(bundle);
                      }
                      long before = Heap.used();
                      for (int i = 0; i < ROUNDS; i++) {
                        round.run(bundle);
                      }
                      return Heap.used() - before;
                    }));
    // The smallest object for each round would be twice as much.
    assertThat(grown).isLessThan(8L * ROUNDS);
  }
}
