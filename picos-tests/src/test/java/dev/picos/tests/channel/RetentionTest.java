package dev.picos.tests.channel;

import dev.picos.core.Fiber;
import dev.picos.core.Scheduler;
import dev.picos.std.channel.Channel;
import dev.picos.std.event.Event;
import dev.picos.std.structured.Run;
import dev.picos.testing.Wait;
import dev.picos.tests.OnEveryKindOfScheduler;
import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** An idle channel refers to nothing that has gone through it. */
class RetentionTest {
  private static final Duration HOUR = Duration.ofHours(1);

  /** Does something with a channel. */
  private interface Step {
    void run(Channel<Object> channel, Object item);
  }

  private static final Channel<Object> OTHER = Channel.rendezvous();

  private static final List<Supplier<Channel<Object>>> KINDS =
      List.of(Channel::rendezvous, () -> Channel.buffered(1), Channel::unbounded);

  private static final List<Step> SENDS =
      List.of(
          Channel::send,
          (channel, item) -> channel.trySend(item, HOUR),
          (channel, item) -> channel.sendEvent(item).sync(),
          (channel, item) -> Event.select(channel.sendEvent(item), OTHER.receiveEvent()),
          // a function that is wrapped around an event may hold on to anything
          (channel, item) -> channel.sendEvent("item").map(sent -> item).sync());

  private static final List<Step> RECEIVES =
      List.of(
          (channel, token) -> channel.receive(),
          (channel, token) -> channel.tryReceive(HOUR),
          (channel, token) -> channel.receiveEvent().map(item -> token).sync(),
          (channel, token) -> Event.select(channel.receiveEvent(), OTHER.receiveEvent()));

  @OnEveryKindOfScheduler
  void nothingIsKept(Scheduler scheduler) {
    // whatever was sent and received in whatever way, whoever came first, is garbage afterwards
    List<Idle> all = scheduler.call(RetentionTest::meetInEveryWay);
    List<Idle> keeping = new ArrayList<>(all);
    Wait.until(
        () -> {
          System.gc();
          keeping.removeIf(idle -> idle.kept.get() == null);
          return keeping.isEmpty();
        });
    Reference.reachabilityFence(all);
  }

  /** A channel, and something that has gone through it. */
  private record Idle(Channel<Object> channel, WeakReference<Object> kept) {}

  private static List<Idle> meetInEveryWay() {
    List<Idle> all = new ArrayList<>();
    for (Supplier<Channel<Object>> kind : KINDS) {
      for (Step send : SENDS) {
        for (Step receive : RECEIVES) {
          for (boolean receiverFirst : new boolean[] {true, false}) {
            Channel<Object> channel = kind.get();
            for (WeakReference<Object> gone : meet(channel, send, receive, receiverFirst)) {
              all.add(new Idle(channel, gone));
            }
          }
        }
      }
    }
    return all;
  }

  private static List<WeakReference<Object>> meet(
      Channel<Object> channel, Step send, Step receive, boolean receiverFirst) {
    Object item = new Object();
    Object token = new Object();
    Run.all(
        () -> {
          if (receiverFirst) {
            ChannelTest.untilWaiting(channel, 1);
          }
          send.run(channel, item);
        },
        () -> {
          if (!receiverFirst) {
            untilSent(channel);
          }
          receive.run(channel, token);
        });
    return List.of(new WeakReference<>(item), new WeakReference<>(token));
  }

  private static void untilSent(Channel<Object> channel) {
    while (channel.toString().equals("Channel[0 items]")) {
      Fiber.yield();
    }
  }
}
