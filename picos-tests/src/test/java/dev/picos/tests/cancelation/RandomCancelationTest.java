package dev.picos.tests.cancelation;

import static java.util.stream.Collectors.toList;
import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.channel.Channel;
import dev.picos.std.event.Event;
import dev.picos.std.sync.Broadcast;
import dev.picos.std.sync.Condition;
import dev.picos.std.sync.Lazy;
import dev.picos.std.sync.Mutex;
import dev.picos.std.sync.PoisonLock;
import dev.picos.std.sync.PoisonRwLock;
import dev.picos.std.sync.PoisonSemaphore;
import dev.picos.std.sync.Semaphore;
import dev.picos.tests.OnEveryScheduler;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Whatever moment a fiber is canceled at, no ownership, permit, wake-up or item is lost or there
 * twice.
 */
class RandomCancelationTest {
  private static final int FIBERS = 6;

  @OnEveryScheduler
  void mutex(Scheduler scheduler) {
    Mutex mutex = new Mutex();
    int[] counter = {0};
    AtomicInteger entered = new AtomicInteger();
    Torment.run(
        scheduler,
        FIBERS,
        fiber ->
            mutex.protect(
                () -> {
                  int before = counter[0];
                  entered.incrementAndGet();
                  Torment.safely(Fiber::yield);
                  counter[0] = before + 1;
                }),
        () -> {
          assertThat(counter[0]).isEqualTo(entered.get());
          assertThat(mutex).hasToString("Mutex[unlocked]");
        });
  }

  @OnEveryScheduler
  void semaphore(Scheduler scheduler) {
    Semaphore semaphore = new Semaphore(2);
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    Torment.run(
        scheduler,
        FIBERS,
        fiber -> {
          semaphore.acquire();
          try {
            most.accumulateAndGet(inside.incrementAndGet(), Math::max);
            Fiber.yield();
          } finally {
            inside.decrementAndGet();
            semaphore.release();
          }
        },
        () -> {
          assertThat(semaphore.availablePermits()).isEqualTo(2);
          assertThat(most).hasValueBetween(1, 2);
        });
  }

  /** A buffer for one item, with two conditions of which each wakes only one waiter. */
  @OnEveryScheduler
  void condition(Scheduler scheduler) {
    Mutex mutex = new Mutex();
    Condition notEmpty = mutex.newCondition();
    Condition notFull = mutex.newCondition();
    ArrayDeque<Integer> buffer = new ArrayDeque<>();
    AtomicInteger put = new AtomicInteger();
    AtomicInteger taken = new AtomicInteger();
    Torment.run(
        scheduler,
        FIBERS,
        fiber ->
            mutex.protect(
                () -> {
                  if (fiber % 2 == 0) {
                    while (!buffer.isEmpty()) {
                      notFull.await();
                    }
                    buffer.add(put.incrementAndGet());
                    notEmpty.signal();
                  } else {
                    while (buffer.isEmpty()) {
                      notEmpty.await();
                    }
                    assertThat(buffer.poll()).isEqualTo(taken.incrementAndGet());
                    notFull.signal();
                  }
                }),
        () -> {
          assertThat(put.get() - taken.get()).isEqualTo(buffer.size());
          assertThat(mutex).hasToString("Mutex[unlocked]");
        });
  }

  @OnEveryScheduler
  void poisonLock(Scheduler scheduler) {
    PoisonLock lock = new PoisonLock();
    int[] counter = {0};
    AtomicInteger entered = new AtomicInteger();
    Torment.run(
        scheduler,
        FIBERS,
        fiber ->
            lock.protect(
                () -> {
                  int before = counter[0];
                  entered.incrementAndGet();
                  Torment.safely(Fiber::yield);
                  counter[0] = before + 1;
                }),
        () -> {
          assertThat(counter[0]).isEqualTo(entered.get());
          assertThat(lock).hasToString("PoisonLock[free]");
        });
  }

  @OnEveryScheduler
  void poisonSemaphore(Scheduler scheduler) {
    PoisonSemaphore semaphore = new PoisonSemaphore(2);
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    Torment.run(
        scheduler,
        FIBERS,
        fiber -> {
          semaphore.acquire();
          try {
            most.accumulateAndGet(inside.incrementAndGet(), Math::max);
            Fiber.yield();
          } finally {
            inside.decrementAndGet();
            semaphore.release();
          }
        },
        () -> {
          assertThat(semaphore.availablePermits()).isEqualTo(2);
          assertThat(most).hasValueBetween(1, 2);
        });
  }

  @OnEveryScheduler
  void poisonRwLock(Scheduler scheduler) {
    PoisonRwLock lock = new PoisonRwLock();
    AtomicInteger readers = new AtomicInteger();
    AtomicInteger writers = new AtomicInteger();
    Torment.run(
        scheduler,
        FIBERS,
        fiber -> {
          if (fiber % 3 == 0) {
            lock.protect(
                () -> {
                  assertThat(writers.incrementAndGet()).isEqualTo(1);
                  assertThat(readers).hasValue(0);
                  Torment.safely(Fiber::yield);
                  writers.decrementAndGet();
                });
          } else {
            lock.sharing(
                () -> {
                  readers.incrementAndGet();
                  assertThat(writers).hasValue(0);
                  Torment.safely(Fiber::yield);
                  readers.decrementAndGet();
                });
          }
        },
        () -> {
          assertThat(lock.isLocked()).isFalse();
          assertThat(lock.isLockedShared()).isFalse();
          lock.protect(() -> {});
        });
  }

  @OnEveryScheduler
  void rendezvousChannel(Scheduler scheduler) {
    channel(scheduler, Channel.rendezvous());
  }

  @OnEveryScheduler
  void bufferedChannel(Scheduler scheduler) {
    channel(scheduler, Channel.buffered(2));
  }

  @OnEveryScheduler
  void unboundedChannel(Scheduler scheduler) {
    channel(scheduler, Channel.unbounded());
  }

  private static void channel(Scheduler scheduler, Channel<Integer> channel) {
    AtomicInteger next = new AtomicInteger();
    Set<Integer> sent = ConcurrentHashMap.newKeySet();
    Set<Integer> received = ConcurrentHashMap.newKeySet();
    Torment.run(
        scheduler,
        FIBERS,
        fiber -> {
          if (fiber % 2 == 0) {
            int item = next.getAndIncrement();
            channel.send(item);
            sent.add(item);
          } else {
            int item = channel.receive();
            assertThat(received.add(item)).isTrue();
          }
        },
        () -> {
          takeRest(channel, received);
          assertThat(received).isEqualTo(sent);
        });
  }

  private static void takeRest(Channel<Integer> channel, Set<Integer> received) {
    channel.close();
    for (Integer item : channel) {
      assertThat(received.add(item)).isTrue();
    }
  }

  /** Some send on one channel or receive from the other, and some the other way round. */
  @OnEveryScheduler
  void choices(Scheduler scheduler) {
    List<Channel<Integer>> channels = List.of(Channel.rendezvous(), Channel.buffered(1));
    AtomicInteger next = new AtomicInteger();
    Set<Integer> sent = ConcurrentHashMap.newKeySet();
    Set<Integer> received = ConcurrentHashMap.newKeySet();
    Torment.run(
        scheduler,
        FIBERS,
        fiber -> {
          int item = next.getAndIncrement();
          boolean wasSent =
              Event.select(
                  channels.get(fiber % 2).sendEvent(item).map(done -> true),
                  channels
                      .get(1 - fiber % 2)
                      .receiveEvent()
                      .map(
                          got -> {
                            assertThat(received.add(got)).isTrue();
                            return false;
                          }));
          if (wasSent) {
            sent.add(item);
          }
        },
        () -> {
          channels.forEach(channel -> takeRest(channel, received));
          assertThat(received).isEqualTo(sent);
        });
  }

  /** Each reads what the others publish, in the same order. */
  @OnEveryScheduler
  void broadcast(Scheduler scheduler) {
    Broadcast<Integer> broadcast = new Broadcast<>();
    AtomicInteger next = new AtomicInteger();
    List<Broadcast.Reader<Integer>> readers =
        Stream.generate(() -> broadcast.tap().reader()).limit(FIBERS).toList();
    List<List<Integer>> read =
        Stream.generate(ArrayList<Integer>::new).limit(FIBERS).collect(toList());
    Torment.run(
        scheduler,
        FIBERS,
        fiber -> {
          if (fiber == 0) {
            broadcast.publish(next.getAndIncrement());
            Fiber.yield();
          } else {
            read.get(fiber).add(readers.get(fiber).read());
          }
        },
        () ->
            read.forEach(
                values ->
                    assertThat(values)
                        .isEqualTo(IntStream.range(0, values.size()).boxed().toList())));
  }

  @OnEveryScheduler
  void lazy(Scheduler scheduler) {
    AtomicReference<Lazy<Integer>> present = new AtomicReference<>(slow());
    Torment.run(
        scheduler,
        FIBERS,
        fiber -> {
          Lazy<Integer> lazy = present.get();
          assertThat(lazy.force()).isEqualTo(42);
          present.compareAndSet(lazy, slow());
        },
        () -> assertThat(present.get().force()).isEqualTo(42));
  }

  private static Lazy<Integer> slow() {
    return Lazy.of(
        () -> {
          Fiber.yield();
          Fiber.yield();
          return 42;
        });
  }
}
