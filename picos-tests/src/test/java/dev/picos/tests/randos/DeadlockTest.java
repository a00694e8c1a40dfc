package dev.picos.tests.randos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

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
import dev.picos.tests.Fibers;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Fibers that are unwound from a deadlock clean up, as if they had been canceled. */
class DeadlockTest {
  private final List<String> log = new ArrayList<>();

  private static void deadlock(long seed, Block<?> main) {
    RandosScheduler scheduler = RandosScheduler.builder().seed(seed).virtualTime(true).build();
    assertThatExceptionOfType(DeadlockException.class).isThrownBy(() -> scheduler.run(main));
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
            Bundle.joinAfter(
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
}
