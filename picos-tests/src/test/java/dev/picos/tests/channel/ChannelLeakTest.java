package dev.picos.tests.channel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.sched.fifo.FifoScheduler;
import dev.picos.std.channel.Channel;
import dev.picos.std.event.Event;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.Alone;
import dev.picos.tests.Heap;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The heap stays flat over a million offers that lose on channels where nobody comes. */
class ChannelLeakTest {
  private static final int ROUNDS = 500_000;
  private static final int MANY = 500;
  private static final long FLAT = 4 << 20; // what a JVM does for itself meanwhile
  private static final RuntimeException REASON = new CancellationException("reason");

  private final Scheduler scheduler = FifoScheduler.create();
  private final Channel<Object> lonely = Channel.rendezvous();

  /** An event that is not ready when polled, and is as soon as it is offered. */
  private static final Event<Object> SOON =
      Event.fromRequest(
          offer -> {
            offer.tryCommit(1);
            return null;
          });

  /** An event that loses against SOON, after it was offered if the search begins with it. */
  private static void lose(Event<?> event) {
    Event.<Object>select(event.map(x -> x), SOON);
  }

  private static long growth(Block<RuntimeException> round, int rounds) {
    for (int i = 0; i < 1_000; i++) {
      round.run();
    }
    long before = Heap.used();
    for (int i = 0; i < rounds; i++) {
      round.run();
    }
    return Heap.used() - before;
  }

  /** The same while so many others wait there all the time. */
  private long growthWith(
      int waiting, Block<RuntimeException> waiter, Block<RuntimeException> round) {
    return scheduler.call(
        () -> {
          List<Computation<Object>> waiters = new ArrayList<>();
          for (int i = 0; i < waiting; i++) {
            waiters.add(
                Fibers.start(
                    () -> {
                      waiter.run();
                      return "ended";
                    }));
          }
          ChannelTest.untilWaiting(lonely, waiting);
          long growth = growth(round, ROUNDS);
          waiters.forEach(one -> one.tryCancel(REASON));
          waiters.forEach(Computation::join);
          return growth;
        });
  }

  @Alone
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 100})
  void lostOffersToReceive(int waiting) {
    // offers to receive that lost leave nothing, also behind others that wait
    long growth = growthWith(waiting, lonely::receive, () -> lose(lonely.receiveEvent()));

    assertThat(growth).isLessThan(FLAT);
    assertThat(lonely).hasToString("Channel[0 items]");
  }

  @Alone
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 100})
  void lostOffersToSend(int waiting) {
    // offers to send that lost leave nothing, neither do their items
    long growth =
        growthWith(
            waiting,
            () -> lonely.sendEvent("waits").sync(),
            () -> lose(lonely.sendEvent(new int[100])));

    assertThat(growth).isLessThan(FLAT);
    assertThat(lonely).hasToString("Channel[0 items]");
  }

  @Alone
  @ParameterizedTest
  @ValueSource(ints = {0, 100})
  void canceledReceivers(int waiting) {
    // operations that are canceled leave nothing
    long growth =
        growthWith(
            waiting,
            lonely::receive,
            () ->
                Canceled.with(
                    REASON,
                    () -> {
                      try {
                        lonely.receive();
                      } catch (CancellationException expected) {
                        // for that it was called
                      }
                    }));

    assertThat(growth).isLessThan(FLAT);
    assertThat(lonely).hasToString("Channel[0 items]");
  }

  @Alone
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3})
  void selectLoop(int buffered) {
    // a fiber that always receives from one channel, and never from the one that tells it to stop
    Channel<Object> busy = buffered == 0 ? Channel.unbounded() : Channel.buffered(buffered);
    Event<Object> either = Event.choose(lonely.receiveEvent(), busy.receiveEvent());
    long growth =
        scheduler.call(
            () -> {
              Computation<Object> sender =
                  Fibers.start(
                      () -> {
                        for (; ; ) {
                          busy.send("item");
                          Fiber.yield();
                        }
                      });
              long bytes = growth(either::sync, ROUNDS / 2);
              sender.tryCancel(REASON);
              return bytes;
            });

    assertThat(growth).isLessThan(FLAT);
    assertThat(lonely).hasToString("Channel[0 items]");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 10_000})
  void manyCanceledAtOnce(int count) {
    // ten thousand fibers that wait and are canceled at once take no more time than as many steps
    scheduler.run(
        () -> {
          List<Computation<Object>> fibers = new ArrayList<>();
          for (int i = 0; i < count; i++) {
            fibers.add(Fibers.start(() -> Event.select(lonely.receiveEvent(), Event.never())));
          }
          ChannelTest.untilWaiting(lonely, count);
          for (int i = count - 1; i >= 0; i--) {
            fibers.get(i).tryCancel(REASON);
          }
          ChannelTest.untilWaiting(lonely, 0);
          assertThat(lonely.trySend("lost")).isFalse();
        });
  }

  @Alone
  @Test
  void manyCanceledBesidesOne() {
    // where one goes on waiting, nothing is left of the many behind it that were canceled together
    scheduler.run(
        () -> {
          Computation<Object> one = Fibers.start(lonely::receive);
          ChannelTest.untilWaiting(lonely, 1);
          long before = Heap.used();
          List<Event<Object>> many = Collections.nCopies(MANY, lonely.receiveEvent());
          List<Computation<Object>> canceled = new ArrayList<>();
          List<Computation<Object>> others = new ArrayList<>();
          for (int i = 0; i < MANY; i++) {
            canceled.add(new Computation<>());
            others.add(Fibers.startUnder(canceled.get(i), () -> Event.select(many)));
          }
          ChannelTest.untilWaiting(lonely, MANY * MANY + 1);
          for (int i = 1; i < MANY; i++) {
            canceled.get(i).tryCancel(REASON);
            others.get(i).join();
          }
          long growth = Heap.used() - before;
          canceled.getFirst().tryCancel(REASON);
          assertThat(lonely.trySend("received")).isTrue();
          assertThat(one.await()).isEqualTo("received");
          assertThat(growth).isLessThan(FLAT);
        });
  }

  @Alone
  @Test
  void items_areNotKept() {
    // an item that was received is not kept by the channel
    Channel<Object> channel = Channel.unbounded();
    long growth =
        scheduler.call(
            () -> {
              long before = Heap.used();
              for (int i = 0; i < 100; i++) {
                channel.send(new byte[1 << 20]);
                channel.receive();
              }
              assertThat(channel.tryReceive(Duration.ZERO)).isNull();
              return Heap.used() - before;
            });

    assertThat(growth).isLessThan(FLAT / 8);
  }
}
