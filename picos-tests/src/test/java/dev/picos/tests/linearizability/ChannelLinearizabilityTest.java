package dev.picos.tests.linearizability;

import dev.picos.core.Outcome;
import dev.picos.std.channel.Channel;
import dev.picos.std.channel.ChannelClosedException;
import dev.picos.std.channel.Overflow;
import dev.picos.std.channel.Received;
import dev.picos.std.event.Event;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Channels do what they would do if each of their operations, and each choice, were atomic. */
@Tag("explored")
class ChannelLinearizabilityTest {
  private static Channel<Integer> make(int capacity) {
    return switch (capacity) {
      case 0 -> Channel.rendezvous();
      case Integer.MAX_VALUE -> Channel.unbounded();
      default -> Channel.buffered(capacity);
    };
  }

  private static Experiment<Channel<Integer>> one(int capacity) {
    return new Experiment<>(() -> make(capacity), new ChannelModel(capacity))
        .operation(
            "send0",
            5,
            (channel, item) -> {
              channel.send(item);
              return "send0";
            })
        .operation("receive0", (channel, none) -> "receive0=" + channel.receive());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, Integer.MAX_VALUE})
  void sendAndReceive(int capacity) {
    one(capacity).check();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, Integer.MAX_VALUE})
  void tries(int capacity) {
    one(capacity)
        .operation("send0", 5, (channel, item) -> channel.trySend(item) ? "send0" : false)
        .operation("receive0", (channel, none) -> received(channel.tryReceive()))
        .fibers(4)
        .length(3)
        .check();
  }

  private static Object received(Outcome.Returned<Integer> item) {
    return item == null ? (Object) false : "receive0=" + item.value();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, Integer.MAX_VALUE})
  void closing(int capacity) {
    one(capacity)
        .operation(
            "close0",
            (channel, none) -> {
              channel.close();
              return null;
            })
        .fibers(4)
        .length(3)
        .check();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, Integer.MAX_VALUE})
  void theEndAsAValue(int capacity) {
    one(capacity)
        .operation("receive0", (channel, none) -> receivedOrClosed(channel.receiveOrClosed()))
        .operation(
            "receive0", (channel, none) -> receivedOrClosed(channel.receiveOrClosedEvent().sync()))
        .operation("close0", (channel, none) -> Experiment.run(channel::close))
        .fibers(4)
        .length(3)
        .check();
  }

  private static Object receivedOrClosed(Received<Integer> received) {
    return switch (received) {
      case Received.Item<Integer>(Integer item) -> "receive0=" + item;
      case Received.Closed<Integer> end -> ChannelClosedException.class;
    };
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void droppingTheOldest(int capacity) {
    new Experiment<Channel<Integer>>(
            () -> Channel.buffered(capacity, Overflow.DROP_OLDEST),
            new ChannelModel(capacity, true))
        .operation(
            "send0",
            5,
            (channel, item) -> {
              channel.send(item);
              return "send0";
            })
        .operation(
            "send0", 5, (channel, item) -> channel.sendEvent(item).sync() == null ? "send0" : 0)
        .operation("receive0", (channel, none) -> "receive0=" + channel.receive())
        .operation("receive0", (channel, none) -> "receive0=" + channel.receiveEvent().sync())
        .operation("receive0", (channel, none) -> received(channel.tryReceive()))
        .operation("close0", (channel, none) -> Experiment.run(channel::close))
        .fibers(4)
        .length(3)
        .check();
  }

  private static Supplier<List<Channel<Integer>>> two(int capacity) {
    return () -> List.of(make(capacity), make(capacity));
  }

  private static Event<Object> send(List<Channel<Integer>> channels, int which, int item) {
    return channels.get(which).sendEvent(item).map(sent -> "send" + which);
  }

  private static Event<Object> receive(List<Channel<Integer>> channels, int which) {
    return channels.get(which).receiveEvent().map(item -> "receive" + which + "=" + item);
  }

  private static Experiment<List<Channel<Integer>>> choices(int capacity) {
    return new Experiment<>(two(capacity), new ChannelModel(capacity))
        .operation(
            "receive0 receive1",
            (channels, none) -> Event.select(receive(channels, 0), receive(channels, 1)))
        .operation(
            "send0 receive1",
            5,
            (channels, item) -> Event.select(send(channels, 0, item), receive(channels, 1)))
        .operation(
            "send1 receive0",
            5,
            (channels, item) -> Event.select(receive(channels, 0), send(channels, 1, item)))
        .operation(
            "send0 receive0",
            5,
            (channels, item) -> Event.select(receive(channels, 0), send(channels, 0, item)));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, Integer.MAX_VALUE})
  void choicesAmongThemselves(int capacity) {
    choices(capacity).fibers(4).length(3).check();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, Integer.MAX_VALUE})
  void choicesAndOperations(int capacity) {
    choices(capacity)
        .operation(
            "send0",
            5,
            (channels, item) -> {
              channels.get(0).send(item);
              return "send0";
            })
        .operation("receive1", (channels, none) -> "receive1=" + channels.get(1).receive())
        .fibers(4)
        .length(3)
        .check();
  }
}
