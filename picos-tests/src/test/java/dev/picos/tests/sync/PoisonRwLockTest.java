package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.structured.Run;
import dev.picos.std.sync.FrozenException;
import dev.picos.std.sync.PoisonBarrier;
import dev.picos.std.sync.PoisonRwLock;
import dev.picos.std.sync.PoisonedException;
import dev.picos.testing.Task;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import dev.picos.tests.OnEveryTwoSchedulers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What readers and writers promise each other besides: the rest is in {@link AcquiringTest}. */
class PoisonRwLockTest {
  private static final Duration LONG = Duration.ofMinutes(10);

  private final RuntimeException reason = new CancellationException("reason");
  private final PoisonRwLock lock = new PoisonRwLock();

  /** Acquires and releases once. */
  private Computation<Object> writer(Computation<?> computation) {
    return Fibers.startUnder(
        computation,
        () -> {
          lock.lock();
          lock.unlock();
          return "written";
        });
  }

  /** Shares and releases once. */
  private Computation<Object> reader(Computation<?> computation) {
    return Fibers.startUnder(
        computation,
        () -> {
          lock.lockShared();
          lock.unlockShared();
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

  @Test
  void states() {
    // many hold it shared, also one fiber several times, or one exclusively
    assertThat(lock).hasToString("PoisonRwLock[free]");
    lock.lockShared();
    assertThat(lock.tryLockShared()).isTrue();
    assertThat(lock.tryLockShared(LONG)).isTrue();
    assertThat(lock).hasToString("PoisonRwLock[shared by 3]");
    assertThat(lock.isLockedShared()).isTrue();
    assertThat(lock.isLocked()).isFalse();
    assertThat(lock.tryLock()).isFalse();
    assertThat(lock.tryLock(Duration.ZERO)).isFalse();
    lock.unlockShared();
    lock.unlockShared();
    assertThat(lock.tryLock()).isFalse();
    lock.unlockShared();
    assertThat(lock.isLockedShared()).isFalse();
    lock.lock();
    assertThat(lock).hasToString("PoisonRwLock[locked]");
    assertThat(lock.isLocked()).isTrue();
    assertThat(lock.isLockedShared()).isFalse();
    assertThat(lock.tryLock()).isFalse();
    assertThat(lock.tryLockShared()).isFalse();
    assertThat(lock.tryLockShared(Duration.ZERO)).isFalse();
    lock.unlock();
    assertThat(lock.tryLock()).isTrue();
    lock.unlock();
    assertThat(lock.tryLock(LONG)).isTrue();
    lock.unlock();
    assertThat(lock).hasToString("PoisonRwLock[free]");
  }

  @Test
  void release_ofWhatIsNotHeld() {
    // releasing what is not held is an error, and changes nothing
    assertThatExceptionOfType(IllegalMonitorStateException.class).isThrownBy(lock::unlock);
    assertThatExceptionOfType(IllegalMonitorStateException.class).isThrownBy(lock::unlockShared);
    assertThat(lock).hasToString("PoisonRwLock[free]");
    lock.lock();
    assertThatExceptionOfType(IllegalMonitorStateException.class).isThrownBy(lock::unlockShared);
    assertThat(lock).hasToString("PoisonRwLock[locked]");
    lock.unlock();
    lock.lockShared();
    assertThatExceptionOfType(IllegalMonitorStateException.class).isThrownBy(lock::unlock);
    assertThat(lock).hasToString("PoisonRwLock[shared by 1]");
  }

  @Test
  void poison_ofWhatIsNotHeld() {
    // only what is held exclusively can be poisoned
    assertThatIllegalStateException().isThrownBy(lock::poison).withMessageContaining("not write");
    lock.lockShared();
    assertThatIllegalStateException().isThrownBy(lock::poison).withMessageContaining("not write");
    lock.unlockShared();
    lock.freeze();
    assertThatIllegalStateException().isThrownBy(lock::poison).withMessageContaining("not write");
    assertThat(lock.isPoisoned()).isFalse();
  }

  @Test
  void poisoned() {
    // poisoned, it is locked but not shared, and everything throws for ever
    lock.lock();
    lock.poison();
    for (int i = 0; i < 2; i++) {
      assertThat(lock.isLocked()).isTrue();
      assertThat(lock.isLockedShared()).isFalse();
      assertThat(lock.isPoisoned()).isTrue();
      assertThat(lock.isFrozen()).isFalse();
      assertThat(lock).hasToString("PoisonRwLock[poisoned]");
      List<Block<RuntimeException>> operations =
          List.of(
              lock::lock,
              lock::tryLock,
              () -> lock.tryLock(LONG),
              lock::lockShared,
              lock::tryLockShared,
              () -> lock.tryLockShared(LONG),
              lock::freeze,
              () -> lock.callLocked(() -> 1),
              () -> lock.callOrPoison(() -> 1),
              () -> lock.callLockedShared(() -> 1));
      for (Block<RuntimeException> each : operations) {
        assertThatExceptionOfType(PoisonedException.class).isThrownBy(each::run);
      }
      lock.unlock();
      lock.unlockShared();
      lock.poison();
    }
  }

  @Test
  void frozen() {
    // frozen, it is shared for ever, whether or not anyone reads, and never written
    lock.lockShared();
    lock.freeze();
    for (int i = 0; i < 2; i++) {
      assertThat(lock.isLocked()).isFalse();
      assertThat(lock.isLockedShared()).isTrue();
      assertThat(lock.isPoisoned()).isFalse();
      assertThat(lock.isFrozen()).isTrue();
      assertThat(lock).hasToString("PoisonRwLock[frozen]");
      List<Block<RuntimeException>> operations =
          List.of(
              lock::lock,
              lock::tryLock,
              () -> lock.tryLock(LONG),
              () -> lock.callLocked(() -> 1),
              () -> lock.callOrPoison(() -> 1));
      for (Block<RuntimeException> each : operations) {
        assertThatExceptionOfType(FrozenException.class).isThrownBy(each::run);
      }
      lock.lockShared();
      assertThat(lock.tryLockShared()).isTrue();
      assertThat(lock.tryLockShared(LONG)).isTrue();
      assertThat(lock.<Integer, RuntimeException>callLockedShared(() -> 7)).isEqualTo(7);
      lock.unlockShared();
      lock.unlock();
      lock.freeze();
    }
  }

  @Test
  void frozenException_isCheap() {
    // the exception has neither a stack trace nor anything suppressed
    lock.freeze();
    assertThatThrownBy(lock::lock)
        .isInstanceOf(FrozenException.class)
        .hasMessageContaining("frozen")
        .satisfies(
            thrown -> {
              thrown.addSuppressed(reason);
              assertThat(thrown.getSuppressed()).isEmpty();
              assertThat(thrown.getStackTrace()).isEmpty();
            });
  }

  @OnEveryScheduler
  void readers_areTogether(Scheduler scheduler) {
    // readers that waited for a writer read together, and can wait for each other then
    scheduler.run(
        () -> {
          PoisonBarrier barrier = new PoisonBarrier(10);
          lock.lock();
          List<Block<RuntimeException>> readers =
              Collections.nCopies(9, () -> lock.runLockedShared(() -> barrier.await()));
          Computation<Object> all =
              Fibers.start(
                  () -> {
                    Run.all(readers);
                    return "read";
                  });
          Waiting.until(lock, 9);
          lock.unlock();
          lock.runLockedShared(() -> barrier.await());
          all.await();
          assertThat(lock).hasToString("PoisonRwLock[free]");
        });
  }

  @OnEveryScheduler
  void readers_overtakeWriters(Scheduler scheduler) {
    // a reader overtakes a writer that waits for readers; the last one wakes it
    scheduler.run(
        () -> {
          lock.lockShared();
          Computation<Object> writer = waitingWriter();
          lock.lockShared();
          reader(new Computation<>()).await();
          lock.unlockShared();
          yieldALot();
          assertThat(writer.isRunning()).isTrue();
          lock.unlockShared();
          writer.await();
          assertThat(lock).hasToString("PoisonRwLock[free]");
        });
  }

  @OnEveryScheduler
  void release_wakesAll_oneAfterAnother(Scheduler scheduler) {
    // readers and writers that wait for a writer all get their turn
    scheduler.run(
        () -> {
          for (int round = 0; round < 20; round++) {
            lock.lock();
            List<Computation<Object>> waiters = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
              waiters.add((i * 7 + round) % 3 == 0 ? waitingReader() : waitingWriter());
            }
            lock.unlock();
            waiters.forEach(Computation::await);
            assertThat(lock).hasToString("PoisonRwLock[free]");
          }
        });
  }

  @OnEveryScheduler
  void poison_wakesAllWhoWait(Scheduler scheduler) {
    // all who wait for a lock that is poisoned throw
    scheduler.run(
        () -> {
          lock.lock();
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
          lock.lockShared();
          List<Computation<Object>> writers = new ArrayList<>();
          for (int i = 0; i < 10; i++) {
            writers.add(waitingWriter());
          }
          lock.freeze();
          for (Computation<Object> each : writers) {
            assertThatThrownBy(each::await).isInstanceOf(FrozenException.class);
          }
          lock.unlockShared();
          assertThat(lock).hasToString("PoisonRwLock[frozen]");
        });
  }

  @OnEveryScheduler
  void freeze_waitsForWriter(Scheduler scheduler) {
    // freeze waits for a writer; canceled meanwhile, it has not frozen
    scheduler.run(
        () -> {
          lock.lock();
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
          lock.unlock();
          freezer.await();
          reader.await();
          assertThat(lock).hasToString("PoisonRwLock[frozen]");
        });
  }

  @OnEveryScheduler
  void manyFibers(Scheduler scheduler) {
    // writers exclude all others, with yields inside; readers see what is complete
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
      lock.runLocked(
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
          lock.callLockedShared(
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
  void freeze_canceledBefore(Scheduler scheduler) {
    // a canceled fiber throws its reason where it has to wait for a writer, and else freezes
    scheduler.run(
        () ->
            Canceled.with(
                reason,
                () -> {
                  lock.lock();
                  assertThatThrownBy(lock::freeze).isSameAs(reason);
                  assertThat(lock).hasToString("PoisonRwLock[locked]");
                  lock.unlock();
                  lock.freeze();
                  assertThat(lock).hasToString("PoisonRwLock[frozen]");
                }));
  }

  @OnEveryScheduler
  void race_ofLastReaderAndWriter(Scheduler scheduler) {
    // a writer that comes as the last readers leave does not sleep for ever
    scheduler.run(
        () -> {
          for (int round = 0; round < 1_000; round++) {
            Run.all(
                () -> lock.callLockedShared(() -> 1),
                () -> lock.callLocked(() -> 1),
                () -> lock.callLockedShared(() -> 1),
                () -> lock.callLocked(() -> 1));
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
          new Fiber(computation),
          fiber ->
              attempt.tryCapture(
                  () -> {
                    if (choice == 0) {
                      Duration duration = Duration.ofNanos(random.nextInt(100_000));
                      return shared ? lock.tryLockShared(duration) : lock.tryLock(duration);
                    }
                    if (shared) {
                      lock.lockShared();
                    } else {
                      lock.lock();
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
          lock.unlockShared();
        } else {
          lock.unlock();
        }
      }
    }
  }
}
