package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.event.Event;
import dev.picos.std.sync.Ivar;
import dev.picos.std.sync.Mutex;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;

/** To lock a mutex as an event. */
class MutexEventTest {
  private final RuntimeException reason = new CancellationException("reason");

  private static List<Mutex> both() {
    return List.of(new Mutex(), Mutex.unchecked());
  }

  @OnEveryScheduler
  void lockEvent_ofFreeMutex(Scheduler scheduler) {
    // whoever commits has the mutex, and is its owner
    scheduler.run(
        () -> {
          for (Mutex mutex : both()) {
            mutex.lockEvent().sync();
            assertThat(mutex).hasToString("Mutex[locked]");
            mutex.unlock();
            assertThat(mutex.lockEvent().poll()).isNotNull();
            mutex.unlock();
            assertThat(mutex).hasToString("Mutex[unlocked]");
          }
        });
  }

  @OnEveryScheduler
  void lockEvent_ofLockedMutex(Scheduler scheduler) {
    // events and operations are served in the order in which they came, and own what they got
    scheduler.run(
        () -> {
          for (Mutex mutex : both()) {
            List<Integer> order = new ArrayList<>(); // under the mutex
            List<Computation<Object>> waiters = new ArrayList<>();
            mutex.lock();
            for (int i = 0; i < 6; i++) {
              int index = i;
              waiters.add(
                  Fibers.start(
                      () -> {
                        if (index % 2 == 0) {
                          mutex.lockEvent().sync();
                        } else {
                          mutex.lock();
                        }
                        order.add(index);
                        mutex.newCondition().await(Duration.ZERO);
                        mutex.unlock();
                        return "done";
                      }));
              Waiting.until(mutex, i + 1);
            }
            mutex.unlock();
            waiters.forEach(Computation::await);
            assertThat(order).containsExactly(0, 1, 2, 3, 4, 5);
            assertThat(mutex).hasToString("Mutex[unlocked]");
          }
        });
  }

  @OnEveryScheduler
  void lockEvent_loses(Scheduler scheduler) {
    // the mutex does not go to an event that lost or whose fiber was canceled
    scheduler.run(
        () -> {
          for (Mutex mutex : both()) {
            mutex.lock();
            Ivar<String> other = new Ivar<>();
            Computation<Object> losing =
                Fibers.start(
                    () ->
                        Event.<Object>select(
                            mutex.lockEvent().map(nothing -> "locked"), other.readEvent()));
            Waiting.until(mutex, 1);
            Computation<Object> cancel = new Computation<>();
            Computation<Object> canceled =
                Fibers.startUnder(cancel, () -> mutex.lockEvent().sync());
            Waiting.until(mutex, 2);
            Computation<Object> next =
                Fibers.start(
                    () -> {
                      mutex.lock();
                      mutex.unlock();
                      return "locked";
                    });
            Waiting.until(mutex, 3);
            other.fill("other");
            cancel.tryCancel(reason);
            assertThat(losing.await()).isEqualTo("other");
            assertThatThrownBy(canceled::await).isSameAs(reason);
            mutex.unlock();
            assertThat(next.await()).isEqualTo("locked");
            assertThat(mutex).hasToString("Mutex[unlocked]");
          }
        });
  }

  @OnEveryScheduler
  void lockEvent_ofTwo(Scheduler scheduler) {
    // a fiber that wants either of two has exactly one
    scheduler.run(
        () -> {
          Mutex one = new Mutex();
          Mutex two = new Mutex();
          Event<Mutex> either =
              Event.choose(
                  one.lockEvent().map(nothing -> one), two.lockEvent().map(nothing -> two));
          List<Computation<Object>> fibers = new ArrayList<>();
          for (int i = 0; i < 8; i++) {
            fibers.add(
                Fibers.start(
                    () -> {
                      for (int round = 0; round < 100; round++) {
                        Mutex got = either.sync();
                        Fiber.yield();
                        got.unlock();
                      }
                      return "done";
                    }));
          }
          fibers.forEach(Computation::await);
          assertThat(one).hasToString("Mutex[unlocked]");
          assertThat(two).hasToString("Mutex[unlocked]");
        });
  }

  @OnEveryScheduler
  void lockEvent_notReentrant(Scheduler scheduler) {
    // who has the mutex is told so
    scheduler.run(
        () -> {
          Mutex mutex = new Mutex();
          mutex.lock();
          Event<?> event = mutex.lockEvent();
          assertThatExceptionOfType(IllegalMonitorStateException.class)
              .isThrownBy(event::sync)
              .withMessageContaining("not reentrant");
          assertThatExceptionOfType(IllegalMonitorStateException.class).isThrownBy(event::poll);
          assertThat(mutex).hasToString("Mutex[locked]");
          mutex.unlock();
        });
  }
}
