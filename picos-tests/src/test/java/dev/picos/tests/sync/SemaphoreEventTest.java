package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.std.event.Event;
import dev.picos.std.structured.Run;
import dev.picos.std.sync.Semaphore;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.Alone;
import dev.picos.tests.Heap;
import dev.picos.tests.OnEveryScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.junit.jupiter.api.Test;

class SemaphoreEventTest {
  private final RuntimeException reason = new CancellationException("reason");
  private final Semaphore semaphore = new Semaphore(0);

  @OnEveryScheduler
  void acquireEvent_takesAPermit(Scheduler scheduler) {
    // whoever commits to the event has taken a permit; nobody else has
    scheduler.run(
        () -> {
          semaphore.release();
          assertThat(semaphore.acquireEvent().sync()).isNull();
          assertThat(semaphore.availablePermits()).isZero();
          assertThat(semaphore.acquireEvent().poll()).isNull();
          semaphore.release();
          assertThat(semaphore.acquireEvent().poll()).isNotNull();
          assertThat(semaphore.availablePermits()).isZero();
        });
  }

  @OnEveryScheduler
  void acquireEvent_waitsItsTurn(Scheduler scheduler) {
    // events and operations get permits in the order in which they came
    scheduler.run(
        () -> {
          List<Computation<Object>> fibers = new ArrayList<>();
          for (int i = 0; i < 20; i++) {
            int number = i;
            fibers.add(
                Fibers.start(
                    () -> {
                      if (number % 2 == 0) {
                        semaphore.acquire();
                      } else {
                        Event.select(semaphore.acquireEvent(), Event.never());
                      }
                      return number;
                    }));
            Waiting.until(semaphore, i + 1);
          }
          for (int i = 0; i < 20; i++) {
            assertThat(fibers.get(i).isRunning()).isTrue();
            semaphore.release();
            assertThat(fibers.get(i).await()).isEqualTo(i);
          }
          assertThat(semaphore).hasToString("Semaphore[0 available]");
        });
  }

  @OnEveryScheduler
  void acquireEvent_loses(Scheduler scheduler) {
    // a permit is not spent on an event that lost or whose fiber was canceled
    scheduler.run(
        () -> {
          Computation<String> other = new Computation<>();
          Computation<Object> losing =
              Fibers.start(() -> Event.<Object>select(semaphore.acquireEvent(), Event.of(other)));
          Waiting.until(semaphore, 1);
          Computation<Object> cancel = new Computation<>();
          Computation<Object> canceled =
              Fibers.startUnder(cancel, () -> semaphore.acquireEvent().sync());
          Waiting.until(semaphore, 2);
          other.tryReturn("other");
          cancel.tryCancel(reason);
          assertThatThrownBy(canceled::await).isSameAs(reason);
          assertThat(losing.await()).isEqualTo("other");
          semaphore.release();
          semaphore.acquire();
          assertThat(semaphore.availablePermits()).isZero();
          Waiting.until(semaphore, 0);
        });
  }

  @OnEveryScheduler
  void acquireEvent_keepsCount(Scheduler scheduler) {
    // under cancelation and with other alternatives no permit is lost and none comes twice
    int parties = 8;
    int permits = 3;
    Semaphore shared = new Semaphore(permits);
    Semaphore second = new Semaphore(1);
    AtomicInteger holders = new AtomicInteger();
    AtomicInteger running = new AtomicInteger(parties);
    AtomicReferenceArray<Computation<Object>> attempts = new AtomicReferenceArray<>(parties);
    List<Block<RuntimeException>> fibers = new ArrayList<>();
    for (int party = 0; party < parties; party++) {
      int slot = party;
      fibers.add(
          () -> {
            SplittableRandom random = new SplittableRandom(slot);
            for (int i = 0; i < 200; i++) {
              Computation<Object> attempt = new Computation<>();
              attempts.set(slot, attempt);
              try {
                Semaphore[] taken = {null};
                Canceled.under(attempt, () -> taken[0] = take(random, shared, second));
                if (taken[0] == shared) {
                  assertThat(holders.incrementAndGet()).isLessThanOrEqualTo(permits);
                  Fiber.yield();
                  holders.decrementAndGet();
                }
                if (taken[0] != null) {
                  taken[0].release();
                }
              } catch (CancellationException again) {
                assertThat(again).isSameAs(reason);
              }
            }
            running.decrementAndGet();
          });
    }
    fibers.add(
        () -> {
          SplittableRandom random = new SplittableRandom(99);
          while (running.get() > 0) {
            Computation<Object> attempt = attempts.get(random.nextInt(parties));
            if (attempt != null) {
              attempt.tryCancel(reason);
            }
            Fiber.yield();
          }
        });
    scheduler.run(() -> Run.all(fibers));

    assertThat(shared.availablePermits()).isEqualTo(permits);
    assertThat(second.availablePermits()).isEqualTo(1);
    assertThat(shared).hasToString("Semaphore[3 available]");
  }

  private static Semaphore take(SplittableRandom random, Semaphore one, Semaphore other) {
    switch (random.nextInt(3)) {
      case 0 -> one.acquire();
      case 1 -> {
        return Event.select(
            one.acquireEvent().map(taken -> one), other.acquireEvent().map(taken -> other));
      }
      default -> {
        return Event.select(
            Event.timeout(Duration.ofNanos(20_000)).map(nothing -> null),
            one.acquireEvent().map(taken -> one));
      }
    }
    return one;
  }

  @Alone
  @Test
  void acquireEvent_lostManyTimes() {
    // a million events that lost leave nothing
    Event<Object> event =
        Event.choose(
            semaphore.acquireEvent().map(taken -> "taken"),
            Event.fromRequest(
                offer -> {
                  offer.tryCommit("other");
                  return null;
                }));
    long growth =
        FifoScheduler.create()
            .call(
                () -> {
                  long before = Heap.used();
                  for (int i = 0; i < 1_000_000; i++) {
                    event.sync();
                  }
                  return Heap.used() - before;
                });

    assertThat(growth).isLessThan(4 << 20);
    assertThat(Waiting.of(semaphore)).isLessThan(16);
  }
}
