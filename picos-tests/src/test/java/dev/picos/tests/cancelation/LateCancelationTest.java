package dev.picos.tests.cancelation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.core.Scheduler;
import dev.picos.std.channel.Channel;
import dev.picos.std.structured.Control;
import dev.picos.std.sync.Broadcast;
import dev.picos.std.sync.Ivar;
import dev.picos.std.sync.Latch;
import dev.picos.std.sync.Lazy;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicReference;

/** A fiber is canceled when what it waits for has come, and it may not have gone on yet. */
class LateCancelationTest {
  private static final Duration HOUR = Duration.ofHours(1);

  private final RuntimeException reason = new CancellationException("reason");

  /**
   * What becomes of a wait, when the fiber is canceled at once after {@code come}, which is what it
   * waits for.
   */
  private <T> Outcome<T> late(Callable<T> wait, Runnable come) {
    Computation<Object> scope = new Computation<>();
    Computation<T> waiter = suspended(scope, wait);
    come.run();
    scope.tryCancel(reason);
    waiter.join();
    return waiter.peek();
  }

  /** Starts a fiber that {@code scope} cancels, and returns once it is suspended. */
  private static <T> Computation<T> suspended(Computation<?> scope, Callable<T> wait) {
    AtomicReference<Thread> thread = new AtomicReference<>();
    Computation<T> waiter =
        Fibers.startUnder(
            scope,
            () -> {
              thread.set(Thread.currentThread());
              return wait.call();
            });
    while (thread.get() == null || thread.get().getState() != Thread.State.WAITING) {
      Fiber.yield();
    }
    return waiter;
  }

  /** It may still be told that it was canceled while it waited; then others get the value. */
  private <T> void assertValueOrReason(Outcome<T> outcome, T value) {
    assertThat(outcome).isIn(new Outcome.Returned<>(value), new Outcome.Canceled<>(reason));
  }

  @OnEveryScheduler
  void latch(Scheduler scheduler) {
    scheduler.run(
        () -> {
          for (Duration limit : List.of(Duration.ZERO, HOUR)) {
            Latch latch = new Latch(1);
            Callable<Integer> wait =
                () -> {
                  if (limit.isZero()) {
                    latch.await();
                  } else {
                    assertThat(latch.await(limit)).isTrue();
                  }
                  return latch.count();
                };
            assertValueOrReason(late(wait, latch::decr), 0);
            latch.await();
          }
        });
  }

  @OnEveryScheduler
  void ivar(Scheduler scheduler) {
    scheduler.run(
        () -> {
          Ivar<Integer> ivar = new Ivar<>();
          assertValueOrReason(late(ivar::read, () -> ivar.fill(7)), 7);
          assertThat(ivar.read()).isEqualTo(7);
          Ivar<Integer> timed = new Ivar<>();
          assertValueOrReason(late(() -> timed.read(HOUR), () -> timed.fill(7)), 7);
          assertThat(timed.read()).isEqualTo(7);
          Ivar<Integer> event = new Ivar<>();
          assertValueOrReason(late(() -> event.readEvent().sync(), () -> event.fill(7)), 7);
          assertThat(event.read()).isEqualTo(7);
        });
  }

  /** Not only is the value there, but a reader that missed it is still where it was. */
  @OnEveryScheduler
  void broadcast(Scheduler scheduler) {
    scheduler.run(
        () -> {
          Broadcast<Integer> broadcast = new Broadcast<>();
          Broadcast.Reader<Integer> reader = broadcast.tap().reader();
          int next = 0;
          for (Callable<Integer> read :
              List.<Callable<Integer>>of(
                  reader::read, () -> reader.read(HOUR), () -> reader.readEvent().sync())) {
            int value = next++;
            Outcome<Integer> outcome = late(read, () -> broadcast.publish(value));
            assertValueOrReason(outcome, value);
            if (outcome instanceof Outcome.Canceled<Integer>) {
              assertThat(reader.read()).isEqualTo(value);
            }
          }
          assertThat(reader.cursor().peek()).isNull();
        });
  }

  @OnEveryScheduler
  void lazy(Scheduler scheduler) {
    scheduler.run(
        () -> {
          Ivar<Integer> ivar = new Ivar<>();
          Lazy<Integer> slow = Lazy.of(ivar::read);
          Computation<Integer> forcer = suspended(new Computation<>(), slow::force);
          Runnable force =
              () -> {
                ivar.fill(7);
                assertThat(forcer.await()).isEqualTo(7);
              };
          assertValueOrReason(late(slow::force, force), 7);
          assertThat(slow.force()).isEqualTo(7);
        });
  }

  private static List<Channel<Integer>> withoutItems() {
    return List.of(Channel.rendezvous(), Channel.buffered(1), Channel.unbounded());
  }

  /** Receives in each way. */
  private static List<Callable<Integer>> receives(Channel<Integer> channel) {
    return List.of(
        channel::receive,
        () -> channel.tryReceive(HOUR).value(),
        () -> channel.receiveEvent().sync());
  }

  /** Sends in each way. */
  private static List<Callable<Boolean>> sends(Channel<Integer> channel, int item) {
    return List.of(
        () -> {
          channel.send(item);
          return true;
        },
        () -> channel.trySend(item, HOUR),
        () -> {
          channel.sendEvent(item).sync();
          return true;
        });
  }

  /** Channels on which senders wait: without a buffer, and with a full one. */
  private static List<Channel<Integer>> full() {
    Channel<Integer> full = Channel.buffered(1);
    full.send(1);
    return List.of(Channel.rendezvous(), full);
  }

  /** A receiver that was given an item has received it. */
  @OnEveryScheduler
  void receive(Scheduler scheduler) {
    scheduler.run(
        () -> {
          for (Channel<Integer> channel : withoutItems()) {
            for (Callable<Integer> receive : receives(channel)) {
              assertThat(late(receive, () -> assertThat(channel.trySend(7)).isTrue()))
                  .isEqualTo(new Outcome.Returned<>(7));
              assertThat(channel.tryReceive()).isNull();
            }
          }
        });
  }

  /** A sender whose item was taken, or has got a place, has sent it. */
  @OnEveryScheduler
  void send(Scheduler scheduler) {
    scheduler.run(
        () -> {
          for (Channel<Integer> channel : full()) {
            for (Callable<Boolean> send : sends(channel, 1)) {
              assertThat(late(send, () -> assertThat(channel.tryReceive()).isNotNull()))
                  .isEqualTo(new Outcome.Returned<>(true));
            }
          }
        });
  }

  /** Whoever is canceled while it waits for an item, or a place, has neither. */
  @OnEveryScheduler
  void channel_canceledWhileWaiting(Scheduler scheduler) {
    scheduler.run(
        () -> {
          for (Channel<Integer> channel : withoutItems()) {
            for (Callable<Integer> receive : receives(channel)) {
              assertThat(late(receive, () -> {})).isEqualTo(new Outcome.Canceled<>(reason));
            }
            assertThat(channel).hasToString("Channel[0 items]");
          }
          for (Channel<Integer> channel : full()) {
            String before = channel.toString();
            for (Callable<Boolean> send : sends(channel, 2)) {
              assertThat(late(send, () -> {})).isEqualTo(new Outcome.Canceled<>(reason));
            }
            assertThat(channel).hasToString(before);
          }
        });
  }

  /** Where cancelation is forbidden a sender and a receiver go on waiting. */
  @OnEveryScheduler
  void channel_forbidden(Scheduler scheduler) {
    scheduler.run(
        () -> {
          for (Channel<Integer> channel : withoutItems()) {
            for (Callable<Integer> receive : receives(channel)) {
              Computation<Integer> receiver = forbidding(receive);
              channel.send(7);
              assertThat(receiver.await()).isEqualTo(7);
            }
          }
          for (Channel<Integer> channel : full()) {
            for (Callable<Boolean> send : sends(channel, 1)) {
              Computation<Boolean> sender = forbidding(send);
              assertThat(channel.receive()).isEqualTo(1);
              assertThat(sender.await()).isTrue();
            }
          }
        });
  }

  /** Starts a fiber that waits with cancelation forbidden, and has been canceled in that wait. */
  private <T> Computation<T> forbidding(Callable<T> wait) {
    Computation<Object> scope = new Computation<>();
    Computation<T> waiter = suspended(scope, () -> Control.callProtected(wait::call));
    scope.tryCancel(reason);
    for (int i = 0; i < 10; i++) {
      Fiber.yield();
    }
    assertThat(waiter.isRunning()).isTrue();
    return waiter;
  }
}
