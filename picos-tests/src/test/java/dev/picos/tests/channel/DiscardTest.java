package dev.picos.tests.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.channel.Channel;
import dev.picos.std.channel.ChannelClosedException;
import dev.picos.std.channel.Overflow;
import dev.picos.std.channel.Sink;
import dev.picos.std.channel.Source;
import dev.picos.std.event.Event;
import dev.picos.std.structured.Run;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.OnEveryScheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;

/** What becomes of items that nobody receives. */
class DiscardTest {
  private static final Duration HOUR = Duration.ofHours(1);

  private final List<Object> discarded = Collections.synchronizedList(new ArrayList<>());

  private Channel<Object> buffered(int capacity, Overflow overflow) {
    return Channel.buffered(capacity, overflow, discarded::add);
  }

  private static List<Object> rest(Channel<Object> channel) {
    channel.close();
    List<Object> rest = new ArrayList<>();
    channel.forEach(rest::add);
    return rest;
  }

  @OnEveryScheduler
  void dropOldest_keepsTheLatest(Scheduler scheduler) {
    // a buffer that drops its oldest items has the latest, in order; to send never waits
    scheduler.run(
        () -> {
          Channel<Object> channel = buffered(3, Overflow.DROP_OLDEST);
          channel.send(0);
          assertThat(channel.trySend(1)).isTrue();
          channel.sendEvent(2).sync();
          assertThat(channel.trySend(3, Duration.ZERO)).isTrue();
          assertThat(channel.trySend(4, HOUR)).isTrue();
          assertThat(discarded).containsExactly(0, 1);
          assertThat(channel.receive()).isEqualTo(2);
          channel.send(5);
          channel.send(6);
          assertThat(discarded).containsExactly(0, 1, 3);
          assertThat(rest(channel)).containsExactly(4, 5, 6);
          assertThat(discarded).containsExactly(0, 1, 3);
        });
  }

  @OnEveryScheduler
  void dropOldest_meetsReceivers(Scheduler scheduler) {
    // a receiver that waits is given the item; the count of what is in the buffer begins anew
    scheduler.run(
        () -> {
          Channel<Object> channel = buffered(1, Overflow.DROP_OLDEST);
          for (int i = 0; i < 3; i++) {
            Computation<Object> receiver = Fibers.start(channel::receive);
            ChannelTest.untilWaiting(channel, 1);
            channel.send("given");
            assertThat(receiver.await()).isEqualTo("given");
            channel.send("kept");
            assertThat(channel.receive()).isEqualTo("kept");
          }
          assertThat(discarded).isEmpty();
          channel.send("dropped");
          channel.send("latest");
          assertThat(discarded).containsExactly("dropped");
          assertThat(rest(channel)).containsExactly("latest");
        });
  }

  @OnEveryScheduler
  void dropLatest_keepsTheOldest(Scheduler scheduler) {
    // a buffer that drops the latest item stays as it is when it is full
    scheduler.run(
        () -> {
          Channel<Object> channel = buffered(2, Overflow.DROP_LATEST);
          for (int i = 0; i < 4; i++) {
            channel.send(i);
          }
          assertThat(channel.trySend(4)).isTrue();
          channel.sendEvent(5).sync();
          assertThat(discarded).containsExactly(2, 3, 4, 5);
          assertThat(channel.receive()).isEqualTo(0);
          channel.send(6);
          assertThat(rest(channel)).containsExactly(1, 6);
        });
  }

  @OnEveryScheduler
  void dropping_isClosedLikeOthers(Scheduler scheduler) {
    // a closed channel takes and drops nothing any more
    scheduler.run(
        () -> {
          for (Overflow overflow : Overflow.values()) {
            Channel<Object> channel = buffered(1, overflow);
            channel.send("left");
            channel.close();
            assertThatThrownBy(() -> channel.send(1)).isInstanceOf(ChannelClosedException.class);
            assertThatThrownBy(() -> channel.trySend(1)).isInstanceOf(ChannelClosedException.class);
            assertThatThrownBy(() -> channel.sendEvent(1).sync())
                .isInstanceOf(ChannelClosedException.class);
            assertThat(discarded).isEmpty();
            assertThat(channel.receive()).isEqualTo("left");
          }
        });
  }

  @OnEveryScheduler
  void cancel_discardsWhatIsLeft(Scheduler scheduler) {
    // canceling closes and discards; senders that wait keep their items; twice is as once
    scheduler.run(
        () -> {
          for (boolean closedBefore : new boolean[] {false, true}) {
            discarded.clear();
            Channel<Object> channel = buffered(2, Overflow.WAIT);
            channel.send(1);
            channel.send(null);
            Computation<Object> sender =
                Fibers.start(
                    () -> {
                      channel.send("kept by its sender");
                      return "sent";
                    });
            ChannelTest.untilWaiting(channel, 1);
            if (closedBefore) {
              channel.close();
            }
            Source<Object> source = channel;
            source.cancel();
            source.cancel();
            assertThat(source.isClosed()).isTrue();
            assertThat(discarded).containsExactly(1, null);
            assertThatThrownBy(sender::await).isInstanceOf(ChannelClosedException.class);
            assertThatThrownBy(source::receive).isInstanceOf(ChannelClosedException.class);
          }
          Channel<Object> unbounded = Channel.unbounded(discarded::add);
          unbounded.send("one");
          unbounded.cancel();
          assertThat(discarded).contains("one");
          Channel<Object> rendezvous = Channel.rendezvous();
          Computation<Object> receiver = Fibers.start(rendezvous::receive);
          ChannelTest.untilWaiting(rendezvous, 1);
          rendezvous.cancel();
          assertThatThrownBy(receiver::await).isInstanceOf(ChannelClosedException.class);
        });
  }

  @OnEveryScheduler
  void callback_throws(Scheduler scheduler) {
    // what the callback throws comes out of the operation, which has been done
    scheduler.run(
        () -> {
          Channel<Object> channel =
              Channel.buffered(
                  2,
                  Overflow.DROP_OLDEST,
                  item -> {
                    discarded.add(item);
                    throw new IOException("while discarding " + item);
                  });
          channel.send(0);
          channel.send(1);
          assertThatThrownBy(() -> channel.send(2)).hasRootCauseMessage("while discarding 0");
          assertThatThrownBy(() -> channel.sendEvent(3).sync())
              .hasRootCauseMessage("while discarding 1");
          assertThat(channel.receive()).isEqualTo(2);
          channel.send(4);
          assertThatThrownBy(channel::cancel)
              .hasRootCauseMessage("while discarding 3")
              .satisfies(
                  thrown ->
                      assertThat(thrown.getSuppressed()[0])
                          .hasRootCauseMessage("while discarding 4"));
          assertThat(discarded).containsExactly(0, 1, 3, 4);
          assertThat(channel).hasToString("Channel[0 items, closed]");
        });
  }

  @OnEveryScheduler
  void callback_ofACanceledFiber(Scheduler scheduler) {
    // the callback can do what it has to, though the fiber is canceled
    scheduler.run(
        () -> {
          Channel<Object> channel =
              Channel.buffered(
                  1,
                  Overflow.DROP_OLDEST,
                  item -> {
                    Fiber.yield();
                    discarded.add(item);
                  });
          Canceled.with(
              new CancellationException("canceled"),
              () -> {
                channel.send(1);
                channel.send(2);
                channel.cancel();
              });
          assertThat(discarded).containsExactly(1, 2);
        });
  }

  @OnEveryScheduler
  void everyItem_isReceivedOrDiscarded(Scheduler scheduler) {
    // whatever senders, receivers and the one who cancels do at once, no item is lost, or had twice
    int each = 200;
    scheduler.run(
        () -> {
          for (Overflow overflow : Overflow.values()) {
            discarded.clear();
            List<Object> received = Collections.synchronizedList(new ArrayList<>());
            List<Object> refused = Collections.synchronizedList(new ArrayList<>());
            Channel<Object> channel = buffered(2, overflow);
            Run.all(
                () -> send(channel, 0, each, refused),
                () -> send(channel, each, 2 * each, refused),
                () -> channel.forEach(received::add),
                () -> {
                  Event<Object> receive = channel.receiveEvent();
                  for (int i = 0; i < each / 2; i++) {
                    received.add(Event.select(receive, Event.timeout(Duration.ofMillis(1))));
                    Fiber.yield();
                  }
                  channel.cancel();
                });
            List<Object> all = new ArrayList<>(received);
            all.removeIf(item -> item == null); // of a timeout
            all.addAll(discarded);
            all.addAll(refused);
            assertThat(all)
                .containsExactlyInAnyOrderElementsOf(IntStream.range(0, 2 * each).boxed().toList());
          }
        });
  }

  private static void send(Sink<Object> sink, int from, int to, List<Object> refused) {
    for (int i = from; i < to; i++) {
      try {
        sink.send(i);
      } catch (ChannelClosedException closed) {
        refused.add(i);
      }
      if (i % 3 == 0) {
        Fiber.yield();
      }
    }
  }

  @OnEveryScheduler
  void arguments_areChecked(Scheduler scheduler) {
    // a buffer has room for something, and what is missing is missed at once
    scheduler.run(
        () -> {
          assertThatIllegalArgumentException()
              .isThrownBy(() -> Channel.buffered(0, Overflow.DROP_OLDEST));
          assertThatNullPointerException().isThrownBy(() -> Channel.buffered(1, null));
          assertThatNullPointerException()
              .isThrownBy(() -> Channel.buffered(1, Overflow.WAIT, null));
          assertThatNullPointerException().isThrownBy(() -> Channel.unbounded(null));
        });
  }
}
