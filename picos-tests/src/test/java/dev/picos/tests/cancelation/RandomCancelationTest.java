package dev.picos.tests.cancelation;

import static java.util.stream.Collectors.toList;
import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.core.Scheduler;
import dev.picos.std.awaitable.AwaitableInt;
import dev.picos.std.awaitable.AwaitableReference;
import dev.picos.std.channel.Channel;
import dev.picos.std.event.Event;
import dev.picos.std.resource.Owned;
import dev.picos.std.sync.Broadcast;
import dev.picos.std.sync.Condition;
import dev.picos.std.sync.Ivar;
import dev.picos.std.sync.Latch;
import dev.picos.std.sync.Lazy;
import dev.picos.std.sync.Mutex;
import dev.picos.std.sync.PoisonBarrier;
import dev.picos.std.sync.PoisonLock;
import dev.picos.std.sync.PoisonRwLock;
import dev.picos.std.sync.PoisonSemaphore;
import dev.picos.std.sync.PoisonedException;
import dev.picos.std.sync.Semaphore;
import dev.picos.tests.OnEveryScheduler;
import dev.picos.tests.sync.Side;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Whatever moment a fiber is canceled at, no ownership, permit, wake-up or item is lost or there
 * twice. Of the fibers that use something some wait with a time limit, and some by events, where
 * there are such forms.
 */
class RandomCancelationTest {
  private static final int FIBERS = 6;
  private static final Duration HOUR = Duration.ofHours(1);
  private static final Duration INSTANT = Duration.ofNanos(500_000);

  /**
   * Whether a fiber has a time limit: one of those that are even, and one of those that are odd.
   */
  private static boolean isTimed(int fiber) {
    return fiber / 2 == 1;
  }

  /** Acquires for a fiber, and says whether it did. */
  private interface Acquire {
    boolean by(int fiber);
  }

  /** Succeeds without a time limit, and with one that does not pass. */
  private static Acquire bothWays(Runnable acquire, Acquire timed) {
    return fiber -> {
      if (isTimed(fiber)) {
        assertThat(timed.by(fiber)).isTrue();
      } else {
        acquire.run();
      }
      return true;
    };
  }

  /** One at a time is inside, and what each does there takes effect. */
  private static void excludes(
      Scheduler scheduler, Acquire acquire, Runnable release, Runnable check) {
    int[] counter = {0};
    AtomicInteger entered = new AtomicInteger();
    Torment.run(
        scheduler,
        FIBERS,
        fiber -> {
          if (acquire.by(fiber)) {
            try {
              int before = counter[0];
              entered.incrementAndGet();
              letOthersWait();
              counter[0] = before + 1;
            } finally {
              release.run();
            }
          }
        },
        () -> {
          assertThat(counter[0]).isEqualTo(entered.get());
          check.run();
        });
  }

  @OnEveryScheduler
  void mutex(Scheduler scheduler) {
    Mutex mutex = new Mutex();
    excludes(
        scheduler,
        bothWays(mutex::lock, fiber -> mutex.tryLock(HOUR)),
        mutex::unlock,
        () -> assertThat(mutex).hasToString("Mutex[unlocked]"));
  }

  @OnEveryScheduler
  void mutex_timesThatPass(Scheduler scheduler) {
    Mutex mutex = new Mutex();
    excludes(
        scheduler,
        fiber -> mutex.tryLock(fiber < FIBERS - 1 ? INSTANT : HOUR),
        mutex::unlock,
        () -> assertThat(mutex).hasToString("Mutex[unlocked]"));
  }

  @OnEveryScheduler
  void binarySemaphore(Scheduler scheduler) {
    Semaphore semaphore = Semaphore.binary(true);
    excludes(
        scheduler,
        bothWays(semaphore::acquire, fiber -> semaphore.tryAcquire(HOUR)),
        semaphore::release,
        () -> assertThat(semaphore).hasToString("Semaphore[1 available]"));
  }

  @OnEveryScheduler
  void poisonLock(Scheduler scheduler) {
    PoisonLock lock = new PoisonLock();
    excludes(
        scheduler,
        bothWays(lock::lock, fiber -> lock.tryLock(HOUR)),
        lock::unlock,
        () -> assertThat(lock).hasToString("PoisonLock[free]"));
  }

  /** The lock that its documentation shows. */
  @OnEveryScheduler
  void awaitableInt(Scheduler scheduler) {
    AwaitableInt state = new AwaitableInt(0);
    excludes(
        scheduler,
        fiber -> {
          if (!state.compareAndSet(0, 1)) {
            while (state.getAndSet(2) != 0) {
              bothWays(() -> state.await(2), timed -> state.await(2, HOUR)).by(fiber);
            }
          }
          return true;
        },
        () -> {
          if (state.getAndSet(0) == 2) {
            state.signal();
          }
        },
        () -> assertThat(state.get()).isZero());
  }

  /** The same with names for the states. */
  @OnEveryScheduler
  void awaitable(Scheduler scheduler) {
    AwaitableReference<String> state = new AwaitableReference<>("free");
    excludes(
        scheduler,
        fiber -> {
          if (!state.compareAndSet("free", "locked")) {
            while (!state.getAndSet("wanted").equals("free")) {
              bothWays(() -> state.await("wanted"), timed -> state.await("wanted", HOUR)).by(fiber);
            }
          }
          return true;
        },
        () -> {
          if (state.getAndSet("free").equals("wanted")) {
            state.signal();
          }
        },
        () -> assertThat(state.get()).isEqualTo("free"));
  }

  /** Two at a time are inside, at most. */
  private static void admitsTwo(
      Scheduler scheduler, Acquire acquire, Runnable release, Runnable check) {
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    Torment.run(
        scheduler,
        FIBERS,
        fiber -> {
          if (acquire.by(fiber)) {
            try {
              most.accumulateAndGet(inside.incrementAndGet(), Math::max);
              letOthersWait();
              Fiber.yield();
            } finally {
              inside.decrementAndGet();
              release.run();
            }
          }
        },
        () -> {
          assertThat(most).hasValueBetween(1, 2);
          check.run();
        });
  }

  @OnEveryScheduler
  void semaphore(Scheduler scheduler) {
    Semaphore semaphore = new Semaphore(2);
    admitsTwo(
        scheduler,
        bothWays(semaphore::acquire, fiber -> semaphore.tryAcquire(HOUR)),
        semaphore::release,
        () -> assertThat(semaphore).hasToString("Semaphore[2 available]"));
  }

  @OnEveryScheduler
  void semaphore_timesThatPass(Scheduler scheduler) {
    Semaphore semaphore = new Semaphore(2);
    admitsTwo(
        scheduler,
        fiber -> semaphore.tryAcquire(fiber < FIBERS - 1 ? INSTANT : HOUR),
        semaphore::release,
        () -> assertThat(semaphore).hasToString("Semaphore[2 available]"));
  }

  @OnEveryScheduler
  void poisonSemaphore(Scheduler scheduler) {
    PoisonSemaphore semaphore = new PoisonSemaphore(2);
    admitsTwo(
        scheduler,
        bothWays(semaphore::acquire, fiber -> semaphore.tryAcquire(HOUR)),
        semaphore::release,
        () -> assertThat(semaphore.availablePermits()).isEqualTo(2));
  }

  /** Permits of either of two semaphores, and of each in its other ways. */
  @OnEveryScheduler
  void semaphoreEvents(Scheduler scheduler) {
    List<Semaphore> semaphores = List.of(Semaphore.binary(true), new Semaphore(1));
    List<AtomicInteger> inside = List.of(new AtomicInteger(), new AtomicInteger());
    Torment.run(
        scheduler,
        FIBERS,
        fiber -> {
          int taken =
              Event.select(
                  semaphores.get(fiber % 2).acquireEvent().map(done -> fiber % 2),
                  semaphores.get(1 - fiber % 2).acquireEvent().map(done -> 1 - fiber % 2));
          try {
            assertThat(inside.get(taken).incrementAndGet()).isEqualTo(1);
            letOthersWait();
          } finally {
            inside.get(taken).decrementAndGet();
            semaphores.get(taken).release();
          }
        },
        () ->
            assertThat(semaphores)
                .allSatisfy(each -> assertThat(each).hasToString("Semaphore[1 available]")));
  }

  /** Fibers that want from one to all permits. */
  @OnEveryScheduler
  void semaphore_sizes(Scheduler scheduler) {
    Semaphore semaphore = new Semaphore(3);
    AtomicInteger out = new AtomicInteger();
    Torment.run(
        scheduler,
        FIBERS,
        fiber -> {
          int permits = 1 + fiber % 3;
          bothWays(() -> semaphore.acquire(permits), timed -> semaphore.tryAcquire(permits, HOUR))
              .by(fiber);
          try {
            assertThat(out.addAndGet(permits)).isLessThanOrEqualTo(3);
            letOthersWait();
          } finally {
            out.addAndGet(-permits);
            semaphore.release(permits);
          }
        },
        () -> assertThat(semaphore).hasToString("Semaphore[3 available]"));
  }

  /** Either of two mutexes, which the fiber then owns, and each in its other ways. */
  @OnEveryScheduler
  void mutexEvents(Scheduler scheduler) {
    List<Mutex> mutexes = List.of(new Mutex(), Mutex.unchecked());
    List<AtomicInteger> inside = List.of(new AtomicInteger(), new AtomicInteger());
    Torment.run(
        scheduler,
        FIBERS,
        fiber -> {
          int locked = fiber % 2;
          if (fiber < 2) {
            mutexes.get(locked).lock();
          } else {
            locked =
                Event.select(
                    mutexes.get(fiber % 2).lockEvent().map(done -> fiber % 2),
                    mutexes.get(1 - fiber % 2).lockEvent().map(done -> 1 - fiber % 2));
          }
          try {
            assertThat(inside.get(locked).incrementAndGet()).isEqualTo(1);
            letOthersWait();
          } finally {
            inside.get(locked).decrementAndGet();
            mutexes.get(locked).unlock();
          }
        },
        () ->
            assertThat(mutexes)
                .allSatisfy(each -> assertThat(each).hasToString("Mutex[unlocked]")));
  }

  /** A buffer for one item, with two conditions of which each wakes only one waiter. */
  @OnEveryScheduler
  void conditions(Scheduler scheduler) {
    for (Side side : Side.exclusive()) {
      buffer(scheduler, side, side.another());
    }
  }

  private static void buffer(Scheduler scheduler, Side notEmpty, Side notFull) {
    ArrayDeque<Integer> buffer = new ArrayDeque<>();
    AtomicInteger put = new AtomicInteger();
    AtomicInteger taken = new AtomicInteger();
    Torment.run(
        scheduler,
        FIBERS,
        fiber -> {
          notEmpty.acquire();
          try {
            if (fiber % 2 == 0) {
              while (!buffer.isEmpty()) {
                bothWays(() -> awaitAsEvent(notFull), timed -> notFull.await(HOUR)).by(fiber);
              }
              buffer.add(put.incrementAndGet());
              notEmpty.signal();
            } else {
              while (buffer.isEmpty()) {
                bothWays(notEmpty::await, timed -> notEmpty.await(HOUR)).by(fiber);
              }
              assertThat(buffer.poll()).isEqualTo(taken.incrementAndGet());
              notFull.signal();
            }
          } finally {
            notEmpty.release();
          }
        },
        () -> {
          assertThat(put.get() - taken.get()).isEqualTo(buffer.size());
          assertThat(notEmpty.isFree()).isTrue();
        });
  }

  private static void awaitAsEvent(Side side) {
    Event.select(side.condition().awaitEvent(), Event.never());
  }

  /** Those who share the lock wait for what those who have it alone bring. */
  @OnEveryScheduler
  void conditionOfReaders(Scheduler scheduler) {
    PoisonRwLock lock = new PoisonRwLock();
    Condition brought = lock.newSharedCondition();
    AtomicInteger there = new AtomicInteger();
    AtomicInteger taken = new AtomicInteger();
    AtomicInteger put = new AtomicInteger();
    Torment.run(
        scheduler,
        FIBERS,
        fiber -> {
          if (fiber % 2 == 0) {
            lock.runLocked(
                () -> {
                  if (there.get() == 0) {
                    there.set(1);
                    put.incrementAndGet();
                    brought.signal();
                  }
                });
            Torment.pause();
          } else {
            lock.runLockedShared(
                () -> {
                  while (!there.compareAndSet(1, 0)) {
                    if (isTimed(fiber)) {
                      assertThat(brought.await(HOUR)).isTrue();
                    } else {
                      brought.await();
                    }
                  }
                  taken.incrementAndGet();
                });
          }
        },
        () -> {
          assertThat(put.get() - taken.get()).isEqualTo(there.get());
          assertThat(lock).hasToString("PoisonRwLock[free]");
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
          if (fiber < 3) {
            bothWays(lock::lock, timed -> lock.tryLock(HOUR)).by(fiber);
            try {
              assertThat(writers.incrementAndGet()).isEqualTo(1);
              assertThat(readers).hasValue(0);
              letOthersWait();
              writers.decrementAndGet();
            } finally {
              lock.unlock();
            }
          } else {
            bothWays(lock::lockShared, timed -> lock.tryLockShared(HOUR)).by(fiber);
            try {
              readers.incrementAndGet();
              assertThat(writers).hasValue(0);
              Torment.pause();
              readers.decrementAndGet();
            } finally {
              lock.unlockShared();
            }
          }
        },
        () -> assertThat(lock).hasToString("PoisonRwLock[free]"));
  }

  /** In each phase all parties pass, or none; a barrier that is poisoned is replaced. */
  @OnEveryScheduler
  void poisonBarrier(Scheduler scheduler) {
    int parties = FIBERS - 2;
    AtomicReference<PoisonBarrier> present = new AtomicReference<>(new PoisonBarrier(parties));
    Map<PoisonBarrier, AtomicInteger> passed = new ConcurrentHashMap<>();
    Torment.run(
        scheduler,
        FIBERS,
        fiber -> {
          PoisonBarrier barrier = present.get();
          try {
            bothWays(barrier::await, timed -> barrier.await(HOUR)).by(fiber);
            passed.computeIfAbsent(barrier, key -> new AtomicInteger()).incrementAndGet();
          } catch (PoisonedException poisoned) {
            present.compareAndSet(barrier, new PoisonBarrier(parties));
          }
        },
        () ->
            assertThat(passed.values())
                .allSatisfy(count -> assertThat(count.get() % parties).isZero()));
  }

  @OnEveryScheduler
  void rendezvousChannel(Scheduler scheduler) {
    channel(scheduler, Channel.rendezvous(), FIBERS);
  }

  @OnEveryScheduler
  void bufferedChannel(Scheduler scheduler) {
    channel(scheduler, Channel.buffered(2), FIBERS);
  }

  @OnEveryScheduler
  void unboundedChannel(Scheduler scheduler) {
    channel(scheduler, Channel.unbounded(), 0);
  }

  private static void channel(Scheduler scheduler, Channel<Integer> channel, int ahead) {
    exchange(
        scheduler,
        channel,
        ahead,
        (fiber, item) ->
            bothWays(() -> channel.send(item), timed -> channel.trySend(item, HOUR)).by(fiber),
        fiber ->
            isTimed(fiber) ? channel.tryReceive(HOUR) : new Outcome.Returned<>(channel.receive()));
  }

  @OnEveryScheduler
  void channel_timesThatPass(Scheduler scheduler) {
    Channel<Integer> channel = Channel.rendezvous();
    exchange(
        scheduler,
        channel,
        FIBERS,
        (fiber, item) -> channel.trySend(item, INSTANT),
        fiber -> channel.tryReceive(fiber < FIBERS - 1 ? INSTANT : HOUR));
  }

  private interface Send {
    boolean by(int fiber, int item);
  }

  private interface Receive {
    Outcome.Returned<Integer> by(int fiber);
  }

  /**
   * Those that are even send, and the others receive, every item once.
   *
   * @param ahead how many items senders are ahead at most, so that receivers have to wait as well
   */
  private static void exchange(
      Scheduler scheduler, Channel<Integer> channel, int ahead, Send send, Receive receive) {
    AtomicInteger next = new AtomicInteger();
    Set<Integer> sent = ConcurrentHashMap.newKeySet();
    Set<Integer> received = ConcurrentHashMap.newKeySet();
    Torment.run(
        scheduler,
        FIBERS,
        fiber -> {
          if (fiber % 2 == 1) {
            Outcome.Returned<Integer> item = receive.by(fiber);
            assertThat(item == null || received.add(item.value())).isTrue();
          } else if (sent.size() > received.size() + ahead) {
            Torment.pause();
          } else {
            Torment.pause(fiber);
            int item = next.getAndIncrement();
            if (send.by(fiber, item)) {
              sent.add(item);
            }
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
          Torment.pause(2 * fiber);
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

  /** Each reads what the first publishes, in the same order. */
  @OnEveryScheduler
  void broadcast(Scheduler scheduler) {
    Broadcast<Integer> broadcast = new Broadcast<>();
    AtomicInteger published = new AtomicInteger();
    AtomicIntegerArray counts = new AtomicIntegerArray(FIBERS);
    List<Broadcast.Reader<Integer>> readers =
        Stream.generate(() -> broadcast.tap().reader()).limit(FIBERS).toList();
    List<List<Integer>> read =
        Stream.generate(ArrayList<Integer>::new).limit(FIBERS).collect(toList());
    Torment.run(
        scheduler,
        FIBERS,
        fiber -> {
          if (fiber > 0) {
            read.get(fiber).add(next(readers.get(fiber), fiber));
            counts.incrementAndGet(fiber);
          } else {
            letOthersWait();
            if (IntStream.range(1, FIBERS).map(counts::get).max().orElseThrow()
                == published.get()) {
              broadcast.publish(published.getAndIncrement());
            }
          }
        },
        () ->
            read.forEach(
                values ->
                    assertThat(values)
                        .isEqualTo(IntStream.range(0, values.size()).boxed().toList())));
  }

  private static Integer next(Broadcast.Reader<Integer> reader, int fiber) throws TimeoutException {
    return switch (fiber / 2) {
      case 0 -> reader.readEvent().sync();
      case 1 -> reader.read(HOUR);
      default -> reader.read();
    };
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
          letOthersWait();
          Fiber.yield();
          return 42;
        });
  }

  /** One after the other, the first fiber opens what the others wait for. */
  @OnEveryScheduler
  void latch(Scheduler scheduler) {
    AtomicReference<Latch> present = new AtomicReference<>(new Latch(2));
    Torment.run(
        scheduler,
        FIBERS,
        fiber -> {
          if (fiber > 0) {
            Latch latch = present.get();
            switch (fiber / 2) {
              case 0 -> latch.awaitEvent().sync();
              case 1 -> assertThat(latch.await(HOUR)).isTrue();
              default -> latch.await();
            }
            assertThat(latch.count()).isZero();
          } else {
            letOthersWait();
            Latch latch = present.getAndSet(new Latch(2));
            latch.decr();
            latch.decr();
          }
        },
        () -> assertThat(present.get().count()).isEqualTo(2));
  }

  /** One after the other, the first fiber fills or poisons what the others read. */
  @OnEveryScheduler
  void ivar(Scheduler scheduler) {
    IllegalStateException poison = new IllegalStateException("poison");
    record Numbered(int number, Ivar<Integer> ivar) {}

    AtomicReference<Numbered> present = new AtomicReference<>(new Numbered(0, new Ivar<>()));
    Torment.run(
        scheduler,
        FIBERS,
        fiber -> {
          Numbered now = present.get();
          if (fiber > 0) {
            try {
              assertThat(read(now.ivar, fiber)).isEqualTo(now.number);
              assertThat(now.number % 3).isPositive();
            } catch (IllegalStateException thrown) {
              if (thrown != poison) {
                throw thrown;
              }
              assertThat(now.number % 3).isZero();
            }
          } else {
            letOthersWait();
            present.set(new Numbered(now.number + 1, new Ivar<>()));
            assertThat(
                    now.number % 3 == 0 ? now.ivar.tryPoison(poison) : now.ivar.tryFill(now.number))
                .isTrue();
          }
        },
        () -> assertThat(present.get().ivar.peek()).isNull());
  }

  private static Integer read(Ivar<Integer> ivar, int fiber) throws TimeoutException {
    return switch (fiber / 2) {
      case 0 -> ivar.readEvent().sync();
      case 1 -> ivar.read(HOUR);
      default -> ivar.read();
    };
  }

  private static void letOthersWait() {
    Torment.pause(FIBERS);
  }

  /** What some instantiate others move, unless they come too late: each is released once. */
  @OnEveryScheduler
  void owned(Scheduler scheduler) {
    Channel<Owned<AtomicInteger>> handedOver = Channel.buffered(1);
    Queue<AtomicInteger> releases = new ConcurrentLinkedQueue<>();
    Torment.run(
        scheduler,
        FIBERS,
        fiber -> {
          if (fiber % 2 == 0) {
            Owned.run(
                () -> {
                  AtomicInteger released = new AtomicInteger();
                  releases.add(released);
                  return released;
                },
                AtomicInteger::incrementAndGet,
                owned -> {
                  owned.runBorrowed(RandomCancelationTest::use);
                  handedOver.send(owned);
                });
          } else {
            Owned<AtomicInteger> owned = handedOver.receive();
            try {
              owned.runMoved(RandomCancelationTest::use);
            } catch (IllegalStateException dropped) {
              Fiber.current().check();
            }
          }
        },
        () -> assertThat(releases).allSatisfy(released -> assertThat(released).hasValue(1)));
  }

  private static void use(AtomicInteger released) {
    assertThat(released).hasValue(0);
    Torment.pause();
    assertThat(released).hasValue(0);
  }
}
