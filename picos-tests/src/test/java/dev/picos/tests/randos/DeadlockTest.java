package dev.picos.tests.randos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.domains.DeadlockException;
import dev.picos.sched.randos.RandosScheduler;
import dev.picos.std.awaitable.AwaitableInt;
import dev.picos.std.channel.Channel;
import dev.picos.std.event.Event;
import dev.picos.std.structured.Bundle;
import dev.picos.std.sync.Latch;
import dev.picos.std.sync.Mutex;
import dev.picos.std.sync.Semaphore;
import dev.picos.testing.fibers.Fibers;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Fibers that are unwound from a deadlock clean up, as if they had been canceled. */
class DeadlockTest {
  private final List<String> log = new ArrayList<>();

  private static DeadlockException deadlock(long seed, Block<?> main) {
    RandosScheduler scheduler = RandosScheduler.builder().seed(seed).virtualTime(true).build();
    DeadlockException deadlock =
        catchThrowableOfType(DeadlockException.class, () -> scheduler.run(main));
    assertThat(deadlock).isNotNull();
    return deadlock;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void nobodyIsLeftWaiting(long seed) {
    Mutex mutex = Mutex.unchecked();
    Semaphore semaphore = new Semaphore(0);
    Latch latch = new Latch(1);
    AwaitableInt number = new AwaitableInt(0);
    Channel<Integer> left = Channel.rendezvous();
    Channel<Integer> right = Channel.rendezvous();
    List<Block<?>> waits =
        List.of(
            () -> {
              mutex.lock();
              try {
                mutex.newCondition().await();
              } finally {
                mutex.unlock();
              }
            },
            semaphore::acquire,
            latch::await,
            () -> number.await(0),
            left::receive,
            () -> Event.select(left.receiveEvent(), right.sendEvent(1)));

    DeadlockException deadlock =
        deadlock(
            seed,
            () -> {
              for (Block<?> wait : waits) {
                Fibers.start(
                    () -> {
                      wait.run();
                      return true;
                    });
              }
              Fiber.yield();
              new Computation<>().join();
            });

    assertThat(framesAfter("fiber \\d+ waits in (java|dev.picos.(core|std))", deadlock))
        .hasSize(waits.size() + 1)
        .allSatisfy(frame -> assertThat(frame).startsWith("    at dev.picos.test"));
    assertThat(framesAfter(" {2}and was spawned", deadlock))
        .hasSize(waits.size() + 1)
        .allSatisfy(frame -> assertThat(frame).startsWith("    at dev.picos.test"));
    assertThat(mutex).hasToString(Mutex.unchecked().toString());
    assertThat(semaphore).hasToString(new Semaphore(0).toString());
    semaphore.release();
    assertThat(semaphore.tryAcquire()).isTrue();
    assertThat(number).hasToString("AwaitableInt[0]");
    assertThat(left.trySend(1)).isFalse();
    assertThat(right.tryReceive()).isNull();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void bundle_ends(long seed) {
    deadlock(
        seed,
        () -> {
          try {
            Bundle.run(
                bundle -> {
                  for (int i = 0; i < 3; i++) {
                    bundle.fork(
                        () -> {
                          try {
                            new Computation<>().join();
                          } finally {
                            log.add("child");
                          }
                        });
                  }
                });
          } finally {
            log.add("bundle");
          }
        });

    assertThat(log).containsExactly("child", "child", "child", "bundle");
  }

  /** The lines of the message that follow those which begin so. */
  private static List<String> framesAfter(String beginning, DeadlockException deadlock) {
    Pattern next = Pattern.compile("^" + beginning + ".*\\R(.*)", Pattern.MULTILINE);
    return next.matcher(deadlock.getMessage())
        .results()
        .map(result -> result.group(result.groupCount()))
        .toList();
  }
}
