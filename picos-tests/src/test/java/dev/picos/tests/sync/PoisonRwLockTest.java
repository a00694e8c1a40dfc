package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.Body;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Control;
import dev.picos.std.structured.Run;
import dev.picos.std.sync.FrozenException;
import dev.picos.std.sync.PoisonBarrier;
import dev.picos.std.sync.PoisonRwLock;
import dev.picos.std.sync.PoisonedException;
import dev.picos.testing.Task;
import dev.picos.tests.Canceled;
import dev.picos.tests.Fibers;
import dev.picos.tests.Heap;
import dev.picos.tests.OnEveryKindOfScheduler;
import dev.picos.tests.OnEveryScheduler;
import dev.picos.tests.OnEveryTwoSchedulers;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PoisonRwLockTest {
  private static final Duration LONG = Duration.ofMinutes(10);

  private final RuntimeException reason = new CancellationException("reason");
  private final PoisonRwLock lock = new PoisonRwLock();

  /** Acquires and releases once. */
  private Computation<Object> writer(Computation<?> computation) {
    return Fibers.startUnder(
        computation,
        () -> {
          lock.acquire();
          lock.release();
          return "written";
        });
  }

  /** Shares and releases once. */
  private Computation<Object> reader(Computation<?> computation) {
    return Fibers.startUnder(
        computation,
        () -> {
          lock.acquireShared();
          lock.releaseShared();
          return "read";
        });
  }

  /** Starts one that waits when this returns. */
  private Computation<Object> waitingWriter() {
    int count = Waiting.of(lock);
    Computation<Object> writer = writer(new Computation<>());
    Waiting.until(lock, count + 1);
    return writer;
  }

  /** Starts one that waits when this returns. */
  private Computation<Object> waitingReader() {
    int count = Waiting.of(lock);
    Computation<Object> reader = reader(new Computation<>());
    Waiting.until(lock, count + 1);
    return reader;
  }

  private static void yieldALot() {
    for (int i = 0; i < 10; i++) {
      Fiber.yield();
    }
  }

  private static Object fail(IOException failure) throws IOException {
    throw failure;
  }

  @Test
  void states() {
    // RW-01: many hold it shared, also one fiber several times, or one exclusively
    assertThat(lock).hasToString("PoisonRwLock[free]");
    lock.acquireShared();
    assertThat(lock.tryAcquireShared()).isTrue();
    assertThat(lock.tryAcquireShared(LONG)).isTrue();
    assertThat(lock).hasToString("PoisonRwLock[shared by 3]");
    assertThat(lock.isLockedShared()).isTrue();
    assertThat(lock.isLocked()).isFalse();
    assertThat(lock.tryAcquire()).isFalse();
    assertThat(lock.tryAcquire(Duration.ZERO)).isFalse();
    lock.releaseShared();
    lock.releaseShared();
    assertThat(lock.tryAcquire()).isFalse();
    lock.releaseShared();
    assertThat(lock.isLockedShared()).isFalse();
    lock.acquire();
    assertThat(lock).hasToString("PoisonRwLock[locked]");
    assertThat(lock.isLocked()).isTrue();
    assertThat(lock.isLockedShared()).isFalse();
    assertThat(lock.tryAcquire()).isFalse();
    assertThat(lock.tryAcquireShared()).isFalse();
    assertThat(lock.tryAcquireShared(Duration.ZERO)).isFalse();
    lock.release();
    assertThat(lock.tryAcquire()).isTrue();
    lock.release();
    assertThat(lock.tryAcquire(LONG)).isTrue();
    lock.release();
    assertThat(lock).hasToString("PoisonRwLock[free]");
  }

  @Test
  void release_ofWhatIsNotHeld() {
    // U-14: releasing what is not held is an error, and changes nothing
    assertThatExceptionOfType(IllegalMonitorStateException.class).isThrownBy(lock::release);
    assertThatExceptionOfType(IllegalMonitorStateException.class).isThrownBy(lock::releaseShared);
    assertThat(lock).hasToString("PoisonRwLock[free]");
    lock.acquire();
    assertThatExceptionOfType(IllegalMonitorStateException.class).isThrownBy(lock::releaseShared);
    assertThat(lock).hasToString("PoisonRwLock[locked]");
    lock.release();
    lock.acquireShared();
    assertThatExceptionOfType(IllegalMonitorStateException.class).isThrownBy(lock::release);
    assertThat(lock).hasToString("PoisonRwLock[shared by 1]");
  }

  @Test
  void poison_ofWhatIsNotHeld() {
    // RW-06: only what is held exclusively can be poisoned
    assertThatIllegalStateException().isThrownBy(lock::poison).withMessageContaining("not write");
    lock.acquireShared();
    assertThatIllegalStateException().isThrownBy(lock::poison).withMessageContaining("not write");
    lock.releaseShared();
    lock.freeze();
    assertThatIllegalStateException().isThrownBy(lock::poison).withMessageContaining("not write");
    assertThat(lock.isPoisoned()).isFalse();
  }

  @Test
  void poisoned() {
    // RW-03, RW-05, U-17: poisoned, it is locked but not shared, and everything throws for ever
    lock.acquire();
    lock.poison();
    for (int i = 0; i < 2; i++) {
      assertThat(lock.isLocked()).isTrue();
      assertThat(lock.isLockedShared()).isFalse();
      assertThat(lock.isPoisoned()).isTrue();
      assertThat(lock.isFrozen()).isFalse();
      assertThat(lock).hasToString("PoisonRwLock[poisoned]");
      List<Block<RuntimeException>> operations =
          List.of(
              lock::acquire,
              lock::tryAcquire,
              () -> lock.tryAcquire(LONG),
              lock::acquireShared,
              lock::tryAcquireShared,
              () -> lock.tryAcquireShared(LONG),
              lock::freeze,
              () -> lock.protect(() -> 1),
              () -> lock.holding(() -> 1),
              () -> lock.sharing(() -> 1));
      for (Block<RuntimeException> each : operations) {
        assertThatExceptionOfType(PoisonedException.class).isThrownBy(each::run);
      }
      lock.release();
      lock.releaseShared();
      lock.poison();
    }
  }

  @Test
  void frozen() {
    // RW-10, U-17: frozen, it is shared for ever, whether or not anyone reads, and never written
    lock.acquireShared();
    lock.freeze();
    for (int i = 0; i < 2; i++) {
      assertThat(lock.isLocked()).isFalse();
      assertThat(lock.isLockedShared()).isTrue();
      assertThat(lock.isPoisoned()).isFalse();
      assertThat(lock.isFrozen()).isTrue();
      assertThat(lock).hasToString("PoisonRwLock[frozen]");
      List<Block<RuntimeException>> operations =
          List.of(
              lock::acquire,
              lock::tryAcquire,
              () -> lock.tryAcquire(LONG),
              () -> lock.protect(() -> 1),
              () -> lock.holding(() -> 1));
      for (Block<RuntimeException> each : operations) {
        assertThatExceptionOfType(FrozenException.class).isThrownBy(each::run);
      }
      lock.acquireShared();
      assertThat(lock.tryAcquireShared()).isTrue();
      assertThat(lock.tryAcquireShared(LONG)).isTrue();
      assertThat(lock.<Integer, RuntimeException>sharing(() -> 7)).isEqualTo(7);
      lock.releaseShared();
      lock.release();
      lock.freeze();
    }
  }

  @Test
  void frozenException_isCheap() {
    // the exception has neither a stack trace nor anything suppressed
    lock.freeze();
    assertThatThrownBy(lock::acquire)
        .isInstanceOf(FrozenException.class)
        .hasMessageContaining("frozen")
        .satisfies(
            thrown -> {
              thrown.addSuppressed(reason);
              assertThat(thrown.getSuppressed()).isEmpty();
              assertThat(thrown.getStackTrace()).isEmpty();
            });
  }

  @Test
  void nothing() {
    // null is refused before the lock is taken
    assertThatNullPointerException().isThrownBy(() -> lock.holding((Block<Exception>) null));
    assertThatNullPointerException().isThrownBy(() -> lock.holding((Body<?, Exception>) null));
    assertThatNullPointerException().isThrownBy(() -> lock.protect((Block<Exception>) null));
    assertThatNullPointerException().isThrownBy(() -> lock.protect((Body<?, Exception>) null));
    assertThatNullPointerException().isThrownBy(() -> lock.sharing((Block<Exception>) null));
    assertThatNullPointerException().isThrownBy(() -> lock.sharing((Body<?, Exception>) null));
    assertThatNullPointerException().isThrownBy(() -> lock.tryAcquire(null));
    assertThatNullPointerException().isThrownBy(() -> lock.tryAcquireShared(null));
    assertThat(lock).hasToString("PoisonRwLock[free]");
  }

  @Test
  void bodies() throws Exception {
    // sharing and protect release when their body throws, holding poisons then
    IOException failure = new IOException("failure");
    lock.sharing(() -> assertThat(lock).hasToString("PoisonRwLock[shared by 1]"));
    lock.protect(() -> assertThat(lock).hasToString("PoisonRwLock[locked]"));
    lock.holding(() -> assertThat(lock).hasToString("PoisonRwLock[locked]"));
    assertThatThrownBy(() -> lock.<Object, IOException>sharing(() -> fail(failure)))
        .isSameAs(failure);
    assertThatThrownBy(() -> lock.<Object, IOException>protect(() -> fail(failure)))
        .isSameAs(failure);
    assertThatThrownBy(
            () ->
                lock.sharing(
                    () -> {
                      throw failure;
                    }))
        .isSameAs(failure);
    assertThatThrownBy(
            () ->
                lock.protect(
                    () -> {
                      throw failure;
                    }))
        .isSameAs(failure);
    assertThat(lock).hasToString("PoisonRwLock[free]");
    assertThatThrownBy(() -> lock.<Object, IOException>holding(() -> fail(failure)))
        .isSameAs(failure);
    assertThat(lock.isPoisoned()).isTrue();
  }

  @Test
  void holding_whatBodyReleased() {
    // a body that releases and then throws: its exception comes out, and nothing is poisoned
    assertThatThrownBy(
            () ->
                lock.holding(
                    () -> {
                      lock.release();
                      throw reason;
                    }))
        .isSameAs(reason);
    assertThat(lock).hasToString("PoisonRwLock[free]");
  }

  @OnEveryScheduler
  void readers_areTogether(Scheduler scheduler) {
    // RW-01: readers that waited for a writer read together, and can wait for each other then
    scheduler.run(
        () -> {
          PoisonBarrier barrier = new PoisonBarrier(10);
          lock.acquire();
          List<Block<RuntimeException>> readers =
              Collections.nCopies(9, () -> lock.sharing(() -> barrier.await()));
          Computation<Object> all =
              Fibers.start(
                  () -> {
                    Run.all(readers);
                    return "read";
                  });
          Waiting.until(lock, 9);
          lock.release();
          lock.sharing(() -> barrier.await());
          all.await();
          assertThat(lock).hasToString("PoisonRwLock[free]");
        });
  }

  @OnEveryScheduler
  void readers_overtakeWriters(Scheduler scheduler) {
    // RW-08: a reader overtakes a writer that waits for readers; the last one wakes it
    scheduler.run(
        () -> {
          lock.acquireShared();
          Computation<Object> writer = waitingWriter();
          lock.acquireShared();
          reader(new Computation<>()).await();
          lock.releaseShared();
          yieldALot();
          assertThat(writer.isRunning()).isTrue();
          lock.releaseShared();
          writer.await();
          assertThat(lock).hasToString("PoisonRwLock[free]");
        });
  }

  @OnEveryScheduler
  void release_wakesAll_oneAfterAnother(Scheduler scheduler) {
    // RW-08: readers and writers that wait for a writer all get their turn
    scheduler.run(
        () -> {
          for (int round = 0; round < 20; round++) {
            lock.acquire();
            List<Computation<Object>> waiters = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
              waiters.add((i * 7 + round) % 3 == 0 ? waitingReader() : waitingWriter());
            }
            lock.release();
            waiters.forEach(Computation::await);
            assertThat(lock).hasToString("PoisonRwLock[free]");
          }
        });
  }

  @OnEveryScheduler
  void poison_wakesAllWhoWait(Scheduler scheduler) {
    // RW-03: all who wait for a lock that is poisoned throw
    scheduler.run(
        () -> {
          lock.acquire();
          List<Computation<Object>> waiters = new ArrayList<>();
          for (int i = 0; i < 10; i++) {
            waiters.add(i % 2 == 0 ? waitingReader() : waitingWriter());
          }
          lock.poison();
          for (Computation<Object> each : waiters) {
            assertThatThrownBy(each::await).isInstanceOf(PoisonedException.class);
          }
          assertThat(lock).hasToString("PoisonRwLock[poisoned]");
        });
  }

  @OnEveryScheduler
  void freeze_wakesWriters(Scheduler scheduler) {
    // writers that wait for readers throw when the lock is frozen
    scheduler.run(
        () -> {
          lock.acquireShared();
          List<Computation<Object>> writers = new ArrayList<>();
          for (int i = 0; i < 10; i++) {
            writers.add(waitingWriter());
          }
          lock.freeze();
          for (Computation<Object> each : writers) {
            assertThatThrownBy(each::await).isInstanceOf(FrozenException.class);
          }
          lock.releaseShared();
          assertThat(lock).hasToString("PoisonRwLock[frozen]");
        });
  }

  @OnEveryScheduler
  void freeze_waitsForWriter(Scheduler scheduler) {
    // RW-05: freeze waits for a writer; canceled meanwhile, it has not frozen
    scheduler.run(
        () -> {
          lock.acquire();
          Computation<Object> computation = new Computation<>();
          Computation<Object> canceled =
              Fibers.startUnder(
                  computation,
                  () -> {
                    lock.freeze();
                    return "frozen";
                  });
          Waiting.until(lock, 1);
          computation.tryCancel(reason);
          assertThatThrownBy(canceled::await).isSameAs(reason);
          Computation<Object> freezer =
              Fibers.start(
                  () -> {
                    lock.freeze();
                    return "frozen";
                  });
          Waiting.until(lock, 1);
          assertThat(lock.isFrozen()).isFalse();
          Computation<Object> reader = waitingReader();
          lock.release();
          freezer.await();
          reader.await();
          assertThat(lock).hasToString("PoisonRwLock[frozen]");
        });
  }

  @OnEveryScheduler
  void manyFibers(Scheduler scheduler) {
    // RW-11: writers exclude all others, with yields inside; readers see what is complete
    scheduler.run(
        () -> {
          int[] pair = {0, 0};
          List<Block<RuntimeException>> actions = new ArrayList<>();
          for (int party = 0; party < 60; party++) {
            if (party % 3 == 0) {
              actions.add(() -> writeOften(pair));
            } else {
              actions.add(() -> readOften(pair));
            }
          }
          Run.all(actions);
          assertThat(pair).containsExactly(20 * 30, 20 * 30);
          assertThat(lock).hasToString("PoisonRwLock[free]");
        });
  }

  private void writeOften(int[] pair) {
    for (int i = 0; i < 30; i++) {
      lock.protect(
          () -> {
            pair[0]++;
            Fiber.yield();
            pair[1]++;
          });
    }
  }

  private void readOften(int[] pair) {
    for (int i = 0; i < 30; i++) {
      boolean equal =
          lock.sharing(
              () -> {
                int first = pair[0];
                Fiber.yield();
                return first == pair[1];
              });
      assertThat(equal).isTrue();
    }
  }

  @OnEveryTwoSchedulers
  void acrossSchedulers(Scheduler one, Scheduler other) throws Exception {
    // fibers of two schedulers and a plain thread read and write
    int[] pair = {0, 0};
    Block<RuntimeException> writing = () -> writeOften(pair);
    Block<RuntimeException> reading = () -> readOften(pair);
    Task<Boolean> first = Task.start(() -> one.run(() -> Run.all(writing, reading)));
    Task<Boolean> second = Task.start(() -> other.run(() -> Run.all(writing, reading)));
    writing.run();
    reading.run();
    first.result();
    second.result();
    assertThat(pair).containsExactly(90, 90);
  }

  @OnEveryScheduler
  void canceledBefore(Scheduler scheduler) {
    // a canceled fiber gets what is free, and throws where it has to wait
    scheduler.run(
        () ->
            Canceled.with(
                reason,
                () -> {
                  lock.acquire();
                  assertThatThrownBy(lock::acquire).isSameAs(reason);
                  assertThatThrownBy(lock::acquireShared).isSameAs(reason);
                  assertThatThrownBy(() -> lock.tryAcquire(LONG)).isSameAs(reason);
                  assertThatThrownBy(() -> lock.tryAcquireShared(LONG)).isSameAs(reason);
                  assertThatThrownBy(() -> lock.tryAcquire(Duration.ZERO)).isSameAs(reason);
                  assertThatThrownBy(() -> lock.tryAcquireShared(Duration.ZERO)).isSameAs(reason);
                  assertThatThrownBy(lock::freeze).isSameAs(reason);
                  lock.release();
                  lock.acquireShared();
                  assertThatThrownBy(lock::acquire).isSameAs(reason);
                  lock.releaseShared();
                  assertThat(lock).hasToString("PoisonRwLock[free]");
                }));
  }

  @OnEveryScheduler
  void canceledMeanwhile(Scheduler scheduler) {
    // readers and writers that are canceled throw the reason, and the others get the lock
    scheduler.run(
        () -> {
          lock.acquire();
          Computation<Object> computation = new Computation<>();
          Computation<Object> reader = reader(computation);
          Waiting.until(lock, 1);
          Computation<Object> writer = writer(computation);
          Waiting.until(lock, 2);
          Computation<Object> nextReader = waitingReader();
          Computation<Object> nextWriter = waitingWriter();
          computation.tryCancel(reason);
          assertThatThrownBy(reader::await).isSameAs(reason);
          assertThatThrownBy(writer::await).isSameAs(reason);
          assertThat(lock).hasToString("PoisonRwLock[locked, 2 waiting]");
          lock.release();
          nextReader.await();
          nextWriter.await();
          assertThat(lock).hasToString("PoisonRwLock[free]");
        });
  }

  @OnEveryScheduler
  void canceledMeanwhile_forbidden(Scheduler scheduler) {
    // readers and writers that forbid cancelation go on waiting
    scheduler.run(
        () -> {
          lock.acquire();
          Computation<Object> computation = new Computation<>();
          List<Computation<Object>> waiters = new ArrayList<>();
          for (Block<RuntimeException> each :
              List.<Block<RuntimeException>>of(
                  () -> lock.sharing(() -> 1), () -> lock.protect(() -> 1))) {
            waiters.add(
                Fibers.startUnder(
                    computation,
                    () -> {
                      Control.protect(each);
                      return "acquired";
                    }));
            Waiting.until(lock, waiters.size());
          }
          computation.tryCancel(reason);
          yieldALot();
          assertThat(waiters).allMatch(Computation::isRunning);
          lock.release();
          waiters.forEach(Computation::await);
        });
  }

  @OnEveryScheduler
  void computationReturnsMeanwhile(Scheduler scheduler) {
    // readers and writers whose computation returns still wait for the lock
    scheduler.run(
        () -> {
          lock.acquire();
          Computation<Object> computation = new Computation<>();
          Computation<Object> reader = reader(computation);
          Waiting.until(lock, 1);
          Computation<Object> writer = writer(computation);
          Waiting.until(lock, 2);
          computation.tryReturn("by another fiber");
          yieldALot();
          assertThat(reader.isRunning()).isTrue();
          assertThat(writer.isRunning()).isTrue();
          lock.release();
          reader.await();
          writer.await();
        });
  }

  @OnEveryScheduler
  void tryAcquire_forSoLong(Scheduler scheduler) {
    // a limited wait ends when the time is over or when the lock is released
    scheduler.run(
        () -> {
          lock.acquire();
          assertThat(lock.tryAcquire(Duration.ofMillis(1))).isFalse();
          assertThat(lock.tryAcquireShared(Duration.ofMillis(1))).isFalse();
          assertThat(lock).hasToString("PoisonRwLock[locked]");
          Computation<Boolean> reader = Fibers.start(() -> lock.tryAcquireShared(LONG));
          Waiting.until(lock, 1);
          lock.release();
          assertThat(reader.await()).isTrue();
          Computation<Boolean> writer = Fibers.start(() -> lock.tryAcquire(LONG));
          Waiting.until(lock, 1);
          lock.releaseShared();
          assertThat(writer.await()).isTrue();
          lock.release();
          assertThatIllegalArgumentException()
              .isThrownBy(() -> lock.tryAcquire(Duration.ofNanos(-1)))
              .withMessageContaining("negative");
          assertThatIllegalArgumentException()
              .isThrownBy(() -> lock.tryAcquireShared(Duration.ofNanos(-1)))
              .withMessageContaining("negative");
          assertThat(lock).hasToString("PoisonRwLock[free]");
        });
  }

  @OnEveryScheduler
  void race_ofLastReaderAndWriter(Scheduler scheduler) {
    // a writer that comes as the last readers leave does not sleep for ever
    scheduler.run(
        () -> {
          for (int round = 0; round < 1_000; round++) {
            Run.all(
                () -> lock.sharing(() -> 1),
                () -> lock.protect(() -> 1),
                () -> lock.sharing(() -> 1),
                () -> lock.protect(() -> 1));
            assertThat(lock).hasToString("PoisonRwLock[free]");
          }
        });
  }

  @OnEveryScheduler
  void race_ofManyWithTimeoutsAndCancelations(Scheduler scheduler) {
    // whether fibers read or write, wait, give up or are canceled: nobody is left asleep
    scheduler.run(
        () -> {
          AtomicInteger readers = new AtomicInteger();
          AtomicInteger writers = new AtomicInteger();
          List<Block<RuntimeException>> actions = new ArrayList<>();
          for (int party = 0; party < 8; party++) {
            Random random = new Random(party);
            actions.add(() -> acquireInManyWays(random, readers, writers));
          }
          Run.all(actions);
          assertThat(lock).hasToString("PoisonRwLock[free]");
        });
  }

  private void acquireInManyWays(Random random, AtomicInteger readers, AtomicInteger writers) {
    for (int i = 0; i < 300; i++) {
      int choice = random.nextInt(4);
      boolean shared = random.nextBoolean();
      Computation<Object> computation = new Computation<>();
      Computation<Boolean> attempt = new Computation<>();
      Fiber.spawn(
          new Fiber(computation, false),
          fiber ->
              attempt.tryCapture(
                  () -> {
                    if (choice == 0) {
                      Duration duration = Duration.ofNanos(random.nextInt(100_000));
                      return shared ? lock.tryAcquireShared(duration) : lock.tryAcquire(duration);
                    }
                    if (shared) {
                      lock.acquireShared();
                    } else {
                      lock.acquire();
                    }
                    return true;
                  }));
      if (choice == 1) {
        computation.tryCancel(reason);
      }
      attempt.join();
      if (!attempt.isCanceled() && attempt.await()) {
        AtomicInteger mine = shared ? readers : writers;
        mine.incrementAndGet();
        assertThat(writers.get()).isEqualTo(shared ? 0 : 1);
        assertThat(shared || readers.get() == 0).isTrue();
        if (choice < 3) {
          Fiber.yield();
        }
        mine.decrementAndGet();
        if (shared) {
          lock.releaseShared();
        } else {
          lock.release();
        }
      }
    }
  }

  @OnEveryKindOfScheduler
  void canceledWaiters_leaveNothing(Scheduler scheduler) {
    // waits that were canceled leave nothing behind, also next to waiters that stay
    scheduler.run(
        () -> {
          lock.acquire();
          Computation<Object> stays = waitingReader();
          for (int i = 0; i < 1_000; i++) {
            acquireCanceled(i);
          }
          long before = Heap.used();
          for (int i = 0; i < 20_000; i++) {
            acquireCanceled(i);
          }
          assertThat(Heap.used() - before).isLessThan(8 * 20_000);
          assertThat(Waiting.of(lock)).isEqualTo(1);
          lock.release();
          stays.await();
          assertThat(lock).hasToString("PoisonRwLock[free]");
        });
  }

  private void acquireCanceled(int i) {
    Computation<Object> computation = new Computation<>();
    Computation<Object> waiter = i % 2 == 0 ? writer(computation) : reader(computation);
    Fiber.yield();
    computation.tryCancel(reason);
    waiter.join();
  }
}
