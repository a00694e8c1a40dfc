package dev.picos.tests.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.event.Event;
import dev.picos.std.structured.Control;
import dev.picos.std.sync.Ivar;
import dev.picos.std.sync.Mutex;
import dev.picos.std.sync.PoisonedException;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/** To await a condition of any lock as an event: however that ends, the lock is held again. */
class ConditionEventTest {
  private final RuntimeException reason = new CancellationException("reason");

  private static Event<String> signal(Side side) {
    return side.condition().awaitEvent().map(nothing -> "signal");
  }

  /** Synchronizes once, with the lock, and says what that gave. */
  private static Computation<Object> syncer(
      Computation<?> computation, Side side, Event<String> event) {
    return Fibers.startUnder(
        computation,
        () -> {
          side.acquire();
          String before = side.lock().toString();
          try {
            String value = event.sync();
            assertThat(heldAs(before)).isEqualTo(heldAs(side.lock().toString()));
            return value;
          } finally {
            assertThat(Fiber.current().forbidsCancelation()).isFalse();
            side.release(); // which says so if the lock is not held
          }
        });
  }

  private static Computation<Object> syncer(Side side, Event<String> event) {
    return syncer(new Computation<>(), side, event);
  }

  private static String heldAs(String lock) {
    return lock.replaceAll("[,\\]].*|\\d", "");
  }

  @OnEveryScheduler
  void signal_isTheEvent(Scheduler scheduler) {
    // each signal ends the synchronization of the fiber that came first, which holds the lock then
    scheduler.run(
        () -> {
          for (Side side : Side.all()) {
            Computation<Object> first = syncer(side, signal(side));
            side.untilWaiting(1);
            Computation<Object> second = syncer(side, Event.choose(signal(side), Event.never()));
            side.untilWaiting(2);
            side.signal();
            assertThat(first.await()).isEqualTo("signal");
            assertThat(second.isRunning()).isTrue();
            side.signalAll();
            assertThat(second.await()).isEqualTo("signal");
            assertThat(side.isFree()).isTrue();
            assertThat(Waiting.of(side.condition())).isZero();
          }
        });
  }

  @OnEveryScheduler
  void anotherAlternative_takesTheLockAgain(Scheduler scheduler) {
    // whichever alternative is chosen, the lock is held before what is wrapped around it runs
    scheduler.run(
        () -> {
          for (Side side : Side.exclusive()) {
            Ivar<String> other = new Ivar<>();
            Event<String> wrapped =
                other
                    .readEvent()
                    .wrap(
                        value -> {
                          assertThat(side.isFree()).isFalse();
                          return value;
                        });
            Computation<Object> syncer = syncer(side, Event.choose(signal(side), wrapped));
            side.untilWaiting(1);
            side.acquire();
            other.fill("other");
            for (int i = 0; i < 10; i++) {
              Fiber.yield();
            }
            assertThat(syncer.isRunning()).as("it waits for the lock").isTrue();
            side.release();
            assertThat(syncer.await()).isEqualTo("other");
            assertThat(side.isFree()).isTrue();
            assertThat(Waiting.of(side.condition())).isZero();
          }
        });
  }

  @OnEveryScheduler
  void ready_doesNotRelease(Scheduler scheduler) {
    // where another alternative is ready, and in a poll, the lock is not released
    scheduler.run(
        () -> {
          for (Side side : Side.all()) {
            side.acquire();
            String held = side.lock().toString();
            Event<String> checked =
                Event.always("ready")
                    .wrap(
                        value -> {
                          assertThat(side.lock()).hasToString(held);
                          return value;
                        });
            for (int i = 0; i < 10; i++) {
              assertThat(Event.<String>select(signal(side), checked)).isEqualTo("ready");
              assertThat(signal(side).poll()).isNull();
            }
            assertThat(side.lock()).hasToString(held);
            side.release();
          }
        });
  }

  @OnEveryScheduler
  void canceled_takesTheLockAgain(Scheduler scheduler) {
    // one that is canceled, before or while it waits, throws the reason once it has the lock
    scheduler.run(
        () -> {
          for (Side side : Side.all()) {
            Computation<Object> computation = new Computation<>();
            Computation<Object> syncer = syncer(computation, side, signal(side));
            side.untilWaiting(1);
            computation.tryCancel(reason);
            assertThatThrownBy(syncer::await).isSameAs(reason);
            assertThatThrownBy(syncer(computation, side, signal(side))::await).isSameAs(reason);
            assertThat(side.isFree()).isTrue();
            assertThat(Waiting.of(side.condition())).isZero();
          }
        });
  }

  @OnEveryScheduler
  void failingAlternative_takesTheLockAgain(Scheduler scheduler) {
    // an alternative that cannot be offered fails the synchronization, which has the lock then
    RuntimeException failure = new RuntimeException("failure");
    Event<String> failing =
        Event.fromRequest(
            offer -> {
              throw failure;
            });
    scheduler.run(
        () -> {
          for (Side side : Side.all()) {
            for (int i = 0; i < 10; i++) { // in either order, at random
              Computation<Object> syncer = syncer(side, Event.choose(signal(side), failing));
              assertThatThrownBy(syncer::await).isSameAs(failure);
            }
            assertThat(side.isFree()).isTrue();
          }
        });
  }

  @OnEveryScheduler
  void signalToLoser_goesToTheNext(Scheduler scheduler) {
    // of a signal and another alternative at the same time one is chosen, and no signal is lost
    scheduler.run(
        () -> {
          for (Side side : Side.all()) {
            for (int round = 0; round < 200; round++) {
              Ivar<String> other = new Ivar<>();
              Computation<Object> first =
                  syncer(side, Event.choose(signal(side), other.readEvent()));
              side.untilWaiting(1);
              Computation<Object> second = syncer(side, signal(side));
              side.untilWaiting(2);
              Computation<Boolean> filler = Fibers.start(() -> other.tryFill("other"));
              for (int spins = round % 60; spins > 0; spins--) {
                Thread.onSpinWait();
              }
              side.signal();
              filler.join();
              if (first.await().equals("signal")) {
                side.signal();
              }
              assertThat(second.await()).isEqualTo("signal");
            }
          }
        });
  }

  @OnEveryScheduler
  void twoConditionsOfOneLock(Scheduler scheduler) {
    // they are refused, before the lock is released; those of two locks are not
    scheduler.run(
        () -> {
          for (Side side : Side.all()) {
            side.acquire();
            String held = side.lock().toString();
            Event<String> both = Event.choose(signal(side), signal(side.another()));
            assertThatIllegalArgumentException()
                .isThrownBy(both::sync)
                .withMessageContaining("two conditions of one lock");
            assertThat(side.lock()).hasToString(held);
            assertThat(Waiting.of(side.condition())).isZero();
            side.release();
          }
          Side one = Side.ofLock();
          Side two = Side.ofMutex(new Mutex());
          Computation<Object> syncer =
              Fibers.start(
                  () -> {
                    one.acquire();
                    two.acquire();
                    Object value = Event.<String>choose(signal(one), signal(two)).sync();
                    two.release();
                    one.release();
                    return value;
                  });
          one.untilWaiting(1);
          two.untilWaiting(1);
          one.signal();
          assertThat(syncer.await()).isEqualTo("signal");
          assertThat(one.isFree()).isTrue();
          assertThat(two.isFree()).isTrue();
        });
  }

  @OnEveryScheduler
  void withoutTheLock(Scheduler scheduler) {
    // who does not have the lock is told so, and nothing is left of it
    scheduler.run(
        () -> {
          for (Side side : Side.all()) {
            assertThatExceptionOfType(IllegalMonitorStateException.class)
                .isThrownBy(() -> signal(side).sync());
            assertThat(Waiting.of(side.condition())).isZero();
            assertThat(side.isFree()).isTrue();
          }
        });
  }

  @OnEveryScheduler
  void poisoned(Scheduler scheduler) {
    // one whose lock is poisoned is told at once, and why, also if it is canceled as well
    scheduler.run(
        () -> {
          for (Side side : Side.poisonable()) {
            Computation<Object> first = syncer(side, signal(side));
            side.untilWaiting(1);
            Computation<Object> second = syncer(side, Event.choose(signal(side), Event.never()));
            side.untilWaiting(2);
            Control.runProtected(() -> side.poison(reason));
            for (Computation<Object> each : List.of(first, second)) {
              assertThatThrownBy(each::await)
                  .isInstanceOf(PoisonedException.class)
                  .hasCause(reason);
            }
            Canceled.with(
                new CancellationException("another"),
                () ->
                    assertThatThrownBy(() -> signal(side).sync())
                        .isInstanceOf(PoisonedException.class));
          }
        });
  }

  @OnEveryScheduler
  void timeout(Scheduler scheduler) {
    // a timeout is another alternative
    scheduler.run(
        () -> {
          for (Side side : Side.all()) {
            Event<@Nullable Void> time = Event.timeout(Duration.ofMillis(1));
            Computation<Object> syncer =
                syncer(side, Event.choose(signal(side), time.map(nothing -> "late")));
            assertThat(syncer.await()).isEqualTo("late");
            assertThat(side.isFree()).isTrue();
          }
        });
  }
}
