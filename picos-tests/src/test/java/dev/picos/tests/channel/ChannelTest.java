package dev.picos.tests.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.picos.core.Block;
import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import dev.picos.core.Scheduler;
import dev.picos.std.channel.Channel;
import dev.picos.std.channel.ChannelClosedException;
import dev.picos.std.channel.Received;
import dev.picos.std.channel.Source;
import dev.picos.std.event.Event;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.Run;
import dev.picos.testing.Task;
import dev.picos.testing.Wait;
import dev.picos.testing.fibers.Canceled;
import dev.picos.testing.fibers.Fibers;
import dev.picos.tests.FailingWakeUp;
import dev.picos.tests.OnEveryScheduler;
import dev.picos.tests.OnEveryTwoSchedulers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ChannelTest {
  private static final Duration HOUR = Duration.ofHours(1);
  private static final Duration MOMENT = Duration.ofMillis(2);

  private final RuntimeException reason = new CancellationException("reason");

  private static Computation<Object> sender(Channel<Object> channel, Object item) {
    return Fibers.start(
        () -> {
          channel.send(item);
          return "sent";
        });
  }

  private static Computation<Object> receiver(Channel<Object> channel) {
    return Fibers.start(channel::receive);
  }

  /** Returns once {@code count} operations and offers wait at {@code channel}. */
  static void untilWaiting(Channel<?> channel, int count) {
    String waiting = count == 0 ? " items" : ", " + count + " waiting";
    while (!channel.toString().contains(waiting + (count == 0 ? "]" : ""))) {
      Fiber.yield();
    }
  }

  private static List<Channel<Object>> oneOfEach() {
    return List.of(Channel.rendezvous(), Channel.buffered(1), Channel.unbounded());
  }

  @Test
  void capacity_notPositive() {
    // a buffer has room for something
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Channel.buffered(0))
        .withMessageContaining("rendezvous");
    assertThatIllegalArgumentException().isThrownBy(() -> Channel.buffered(-1));
  }

  @OnEveryScheduler
  void rendezvous_waitsForReceiver(Scheduler scheduler) {
    // a sender on a rendezvous channel waits until a receiver takes its item
    scheduler.run(
        () -> {
          Channel<Object> channel = Channel.rendezvous();
          assertThat(channel.trySend("nobody there")).isFalse();
          assertThat(channel.tryReceive()).isNull();
          Computation<Object> sender = sender(channel, 1);
          untilWaiting(channel, 1);
          assertThat(sender.isRunning()).isTrue();
          assertThat(channel.receive()).isEqualTo(1);
          assertThat(sender.await()).isEqualTo("sent");

          Computation<Object> receiver = receiver(channel);
          untilWaiting(channel, 1);
          assertThat(channel.trySend(2)).isTrue();
          assertThat(receiver.await()).isEqualTo(2);
          assertThat(channel).hasToString("Channel[0 items]");
        });
  }

  @OnEveryScheduler
  void buffered_waitsForRoom(Scheduler scheduler) {
    // senders wait once the buffer is full; room goes to the first of them; the order is kept
    scheduler.run(
        () -> {
          Channel<Object> channel = Channel.buffered(3);
          for (int i = 0; i < 3; i++) {
            assertThat(channel.trySend(i)).isTrue();
          }
          assertThat(channel.trySend("no room")).isFalse();
          List<Computation<Object>> senders = new ArrayList<>();
          for (int i = 3; i < 8; i++) {
            senders.add(sender(channel, i));
            untilWaiting(channel, i - 2);
          }
          assertThat(channel).hasToString("Channel[3 items, 5 waiting]");
          for (int i = 0; i < 8; i++) {
            assertThat(senders.stream().filter(sender -> !sender.isRunning()).count())
                .isLessThanOrEqualTo(i);
            assertThat(channel.receive()).isEqualTo(i);
            if (i < 5) {
              assertThat(senders.get(i).await()).isEqualTo("sent");
              assertThat(channel.trySend("no room")).isFalse();
            }
          }
          assertThat(channel.tryReceive()).isNull();
          assertThat(channel).hasToString("Channel[0 items]");
        });
  }

  @OnEveryScheduler
  void buffered_meetsWithoutTheBuffer(Scheduler scheduler) {
    // an item that is given to a receiver which waits takes no room in the buffer
    scheduler.run(
        () -> {
          Channel<Object> channel = Channel.buffered(1);
          for (int i = 0; i < 3; i++) {
            Computation<Object> receiver = receiver(channel);
            untilWaiting(channel, 1);
            channel.send(i);
            assertThat(receiver.await()).isEqualTo(i);
          }
          assertThat(channel.trySend("fits")).isTrue();
          assertThat(channel.trySend("does not")).isFalse();
        });
  }

  @OnEveryScheduler
  void unbounded_neverWaits(Scheduler scheduler) {
    // any number of items can be sent ahead; they are received in order
    scheduler.run(
        () -> {
          Channel<Integer> channel = Channel.unbounded();
          for (int i = 0; i < 10_000; i++) {
            channel.send(i);
          }
          assertThat(channel).hasToString("Channel[10000 items]");
          for (int i = 0; i < 10_000; i++) {
            assertThat(channel.receive()).isEqualTo(i);
          }
          assertThat(channel.tryReceive()).isNull();
        });
  }

  @OnEveryScheduler
  void null_isAnItem(Scheduler scheduler) {
    // null is sent and received like any other item, in every way
    scheduler.run(
        () -> {
          for (Channel<Object> channel : oneOfEach()) {
            Computation<Object> sender = sender(channel, null);
            assertThat(channel.receive()).isNull();
            sender.await();
            Computation<Object> receiver = receiver(channel);
            untilWaiting(channel, 1);
            channel.send(null);
            assertThat(receiver.await()).isNull();
            Computation<Object> selecting = Fibers.start(() -> channel.receiveEvent().sync());
            untilWaiting(channel, 1);
            channel.send(null);
            assertThat(selecting.await()).isNull();
            Computation<Object> offering =
                Fibers.start(() -> channel.sendEvent(null).map(sent -> "sent").sync());
            assertThat(channel.tryReceive(HOUR)).isEqualTo(new Outcome.Returned<>(null));
            assertThat(offering.await()).isEqualTo("sent");
          }
        });
  }

  @OnEveryScheduler
  void receivers_areServedInOrder(Scheduler scheduler) {
    // receivers get items in the order in which they came, offers included
    scheduler.run(
        () -> {
          for (Channel<Object> channel : oneOfEach()) {
            List<Computation<Object>> receivers = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
              receivers.add(
                  i % 2 == 0
                      ? receiver(channel)
                      : Fibers.start(() -> Event.select(channel.receiveEvent(), Event.never())));
              untilWaiting(channel, i + 1);
            }
            for (int i = 0; i < 10; i++) {
              channel.send(i);
              assertThat(receivers.get(i).await()).isEqualTo(i);
            }
          }
        });
  }

  @OnEveryScheduler
  void senders_areServedInOrder(Scheduler scheduler) {
    // items of senders that wait are received in the order in which they came, offers included
    scheduler.run(
        () -> {
          for (Channel<Object> channel :
              List.<Channel<Object>>of(Channel.rendezvous(), Channel.buffered(1))) {
            boolean isFull = channel.trySend(-1);
            List<Computation<Object>> senders = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
              int item = i;
              senders.add(
                  i % 2 == 0
                      ? sender(channel, i)
                      : Fibers.start(
                          () ->
                              Event.select(
                                  channel.sendEvent(item).map(sent -> "sent"), Event.never())));
              untilWaiting(channel, i + 1);
            }
            if (isFull) {
              assertThat(channel.receive()).isEqualTo(-1);
            }
            for (int i = 0; i < 10; i++) {
              assertThat(channel.receive()).isEqualTo(i);
              assertThat(senders.get(i).await()).isEqualTo("sent");
            }
            assertThat(channel.tryReceive()).isNull();
          }
        });
  }

  @OnEveryScheduler
  void timed_elapses(Scheduler scheduler) {
    // the timed forms give up after their time, with zero at once, and leave nothing behind
    scheduler.run(
        () -> {
          Channel<Object> channel = Channel.buffered(1);
          assertThat(channel.tryReceive(MOMENT)).isNull();
          assertThat(channel.tryReceive(Duration.ZERO)).isNull();
          assertThat(channel.trySend(1, Duration.ZERO)).isTrue();
          assertThat(channel.trySend(2, Duration.ZERO)).isFalse();
          assertThat(channel.trySend(2, MOMENT)).isFalse();
          assertThat(channel).hasToString("Channel[1 items]");
          assertThat(channel.tryReceive(MOMENT)).isEqualTo(new Outcome.Returned<>(1));
          assertThat(channel.tryReceive()).isNull();
          assertThatIllegalArgumentException()
              .isThrownBy(() -> channel.trySend(1, Duration.ofNanos(-1)));
          assertThatIllegalArgumentException()
              .isThrownBy(() -> channel.tryReceive(Duration.ofNanos(-1)));
          assertThat(channel.tryReceive()).isNull();
        });
  }

  @OnEveryScheduler
  void timed_inTime(Scheduler scheduler) {
    // the timed forms do what they are for when the other side comes in time
    scheduler.run(
        () -> {
          Channel<Object> channel = Channel.rendezvous();
          Computation<Object> receiver = Fibers.start(() -> channel.tryReceive(HOUR));
          untilWaiting(channel, 1);
          assertThat(channel.trySend(1)).isTrue();
          assertThat(receiver.await()).isEqualTo(new Outcome.Returned<>(1));
          Computation<Object> sender = Fibers.start(() -> channel.trySend(2, HOUR));
          untilWaiting(channel, 1);
          assertThat(channel.tryReceive()).isEqualTo(new Outcome.Returned<>(2));
          assertThat(sender.await()).isEqualTo(true);
        });
  }

  @OnEveryScheduler
  void canceled_beforehand(Scheduler scheduler) {
    // a canceled fiber does what it can without waiting, and throws where it would have to wait
    scheduler.run(
        () -> {
          Channel<Object> channel = Channel.buffered(1);
          Canceled.with(
              reason,
              () -> {
                channel.send(1);
                assertThatThrownBy(() -> channel.send(2)).isSameAs(reason);
                assertThatThrownBy(() -> channel.trySend(2, HOUR)).isSameAs(reason);
                assertThatThrownBy(() -> channel.trySend(2, Duration.ZERO)).isSameAs(reason);
                assertThatThrownBy(() -> channel.sendEvent(2).sync()).isSameAs(reason);
                assertThat(channel.trySend(2)).isFalse();
                assertThat(channel.receive()).isEqualTo(1);
                assertThatThrownBy(channel::receive).isSameAs(reason);
                assertThatThrownBy(() -> channel.tryReceive(HOUR)).isSameAs(reason);
                assertThatThrownBy(() -> channel.tryReceive(Duration.ZERO)).isSameAs(reason);
                assertThatThrownBy(() -> channel.receiveEvent().sync()).isSameAs(reason);
                assertThat(channel.tryReceive()).isNull();
              });
          assertThat(channel).hasToString("Channel[0 items]");
        });
  }

  @OnEveryScheduler
  void canceled_whileWaiting(Scheduler scheduler) {
    // who is canceled while waiting throws the reason; nothing is sent or received for it
    scheduler.run(
        () -> {
          Channel<Object> channel = Channel.rendezvous();
          List<Computation<Object>> senders =
              List.of(
                  sender(channel, "canceled"),
                  Fibers.start(() -> channel.trySend("canceled", HOUR)),
                  Fibers.start(() -> channel.sendEvent("canceled").sync()));
          untilWaiting(channel, 3);
          for (Computation<Object> sender : senders) {
            sender.tryCancel(reason);
            assertThatThrownBy(sender::await).isSameAs(reason);
          }
          untilWaiting(channel, 0);
          assertThat(channel.tryReceive()).isNull();
          List<Computation<Object>> receivers =
              List.of(
                  receiver(channel),
                  Fibers.start(() -> channel.tryReceive(HOUR)),
                  Fibers.start(() -> channel.receiveEvent().sync()));
          untilWaiting(channel, 3);
          for (Computation<Object> receiver : receivers) {
            receiver.tryCancel(reason);
            assertThatThrownBy(receiver::await).isSameAs(reason);
          }
          untilWaiting(channel, 0);
          assertThat(channel.trySend("lost")).isFalse();
        });
  }

  @OnEveryScheduler
  void canceled_whileTheChannelIsClosed(Scheduler scheduler) {
    // who waits and is canceled, and learns at the same moment that the channel is closed, throws
    // the reason
    scheduler.run(
        () -> {
          Channel<Object> channel = Channel.rendezvous();
          List<Computation<Object>> causes = new ArrayList<>();
          List<Computation<Object>> fibers = new ArrayList<>();
          Queue<Thread> threads = new ConcurrentLinkedQueue<>();
          for (Callable<Object> wait :
              List.<Callable<Object>>of(channel::receive, () -> channel.tryReceive(HOUR))) {
            causes.add(new Computation<>());
            fibers.add(
                Fibers.startUnder(
                    causes.getLast(),
                    () -> {
                      threads.add(Thread.currentThread());
                      return wait.call();
                    }));
          }
          untilWaiting(channel, 2);
          for (Thread thread : threads) { // or it might be told before it waits for that
            Wait.until(() -> thread.getState() == Thread.State.WAITING);
          }
          causes.forEach(cause -> cause.tryCancel(reason));
          channel.close();
          for (Computation<Object> fiber : fibers) {
            assertThatThrownBy(fiber::await).isSameAs(reason);
          }
        });
  }

  @OnEveryScheduler
  void computationReturnsMeanwhile(Scheduler scheduler) {
    // who waits goes on waiting when the computation of its fiber returns
    scheduler.run(
        () -> {
          Channel<Object> channel = Channel.rendezvous();
          Computation<Object> shared = new Computation<>();
          Computation<Object> one = Fibers.startUnder(shared, channel::receive);
          untilWaiting(channel, 1);
          Computation<Object> other = Fibers.startUnder(shared, () -> channel.tryReceive(HOUR));
          untilWaiting(channel, 2);
          shared.tryReturn("returned");
          for (int i = 0; i < 10; i++) {
            Fiber.yield();
          }
          assertThat(one.isRunning()).isTrue();
          channel.send(1);
          channel.send(2);
          assertThat(one.await()).isEqualTo(1);
          assertThat(other.await()).isEqualTo(new Outcome.Returned<>(2));
        });
  }

  @OnEveryScheduler
  void close_drains(Scheduler scheduler) {
    // after close senders throw; receivers get what is left, and then throw; twice is as once
    scheduler.run(
        () -> {
          Channel<Object> channel = Channel.buffered(2);
          channel.send(1);
          channel.send(2);
          Computation<Object> sender = sender(channel, 3);
          untilWaiting(channel, 1);
          Computation<Object> offering = Fibers.start(() -> channel.sendEvent(4).sync());
          untilWaiting(channel, 2);
          assertThat(channel.isClosed()).isFalse();
          channel.close();
          channel.close(new Exception("ignored"));
          assertThat(channel.isClosed()).isTrue();
          assertThatThrownBy(sender::await).isInstanceOf(ChannelClosedException.class).hasNoCause();
          assertThatThrownBy(offering::await).isInstanceOf(ChannelClosedException.class);
          assertThatClosedToSenders(channel);
          assertThat(channel).hasToString("Channel[2 items, closed]");
          assertThat(channel.receive()).isEqualTo(1);
          assertThatClosedToSenders(channel);
          assertThat(channel.receiveEvent().sync()).isEqualTo(2);
          assertThatClosedToReceivers(channel);
        });
  }

  private static void assertThatClosedToSenders(Channel<Object> channel) {
    List<Block<RuntimeException>> sends =
        List.of(
            () -> channel.send(0),
            () -> channel.trySend(0),
            () -> channel.trySend(0, HOUR),
            () -> channel.trySend(0, Duration.ZERO),
            () -> channel.sendEvent(0).sync(),
            () -> channel.sendEvent(0).poll());
    for (Block<RuntimeException> send : sends) {
      assertThatThrownBy(send::run)
          .isInstanceOf(ChannelClosedException.class)
          .hasMessageContaining("closed");
    }
  }

  private static void assertThatClosedToReceivers(Channel<Object> channel) {
    List<Block<RuntimeException>> receives =
        List.of(
            channel::receive,
            channel::tryReceive,
            () -> channel.tryReceive(HOUR),
            () -> channel.tryReceive(Duration.ZERO),
            () -> channel.receiveEvent().sync(),
            () -> channel.receiveEvent().poll());
    for (Block<RuntimeException> receive : receives) {
      assertThatThrownBy(receive::run).isInstanceOf(ChannelClosedException.class);
    }
  }

  @OnEveryScheduler
  void close_wakesReceivers(Scheduler scheduler) {
    // receivers that wait when the channel is closed throw, with the cause it was closed with
    Exception cause = new Exception("cause");
    scheduler.run(
        () -> {
          for (Channel<Object> channel : oneOfEach()) {
            List<Computation<Object>> receivers =
                List.of(
                    receiver(channel),
                    Fibers.start(() -> channel.tryReceive(HOUR)),
                    Fibers.start(() -> Event.select(Event.never(), channel.receiveEvent())));
            untilWaiting(channel, 3);
            channel.close(cause);
            for (Computation<Object> receiver : receivers) {
              assertThatThrownBy(receiver::await)
                  .isInstanceOf(ChannelClosedException.class)
                  .cause()
                  .isSameAs(cause);
            }
            assertThatThrownBy(() -> channel.send(1)).cause().isSameAs(cause);
            assertThatThrownBy(channel::receive).cause().isSameAs(cause);
            assertThatClosedToSenders(channel);
            assertThatClosedToReceivers(channel);
          }
        });
  }

  @OnEveryScheduler
  void close_whereOneWaitsForBoth(Scheduler scheduler) {
    // a select that offers to send and to receive on a channel learns that it is closed
    scheduler.run(
        () -> {
          Channel<Object> channel = Channel.rendezvous();
          Computation<Object> both =
              Fibers.start(() -> Event.select(channel.sendEvent(1), channel.receiveEvent()));
          untilWaiting(channel, 2);
          channel.close();
          assertThatThrownBy(both::await).isInstanceOf(ChannelClosedException.class);
          assertThat(channel).hasToString("Channel[0 items, closed]");
        });
  }

  @OnEveryScheduler
  void iteration_endsWhenClosed(Scheduler scheduler) {
    // a loop over a channel gets every item, and ends when it is closed and drained
    scheduler.run(
        () -> {
          for (Channel<Object> channel : oneOfEach()) {
            List<Object> received = new ArrayList<>();
            Bundle.run(
                bundle -> {
                  bundle.fork(
                      () -> {
                        for (Object item : channel) {
                          received.add(item);
                        }
                      });
                  for (int i = 0; i < 100; i++) {
                    channel.send(i == 50 ? null : i);
                  }
                  channel.close();
                });
            assertThat(received).hasSize(100).contains(0, 49, null, 51, 99);
            channel.forEach(received::add);
            assertThat(received).hasSize(100);
          }
        });
  }

  @OnEveryScheduler
  void iteration_throwsTheCause(Scheduler scheduler) {
    // an iteration over a channel that was closed with a cause throws it after the last item
    Exception cause = new Exception("cause");
    scheduler.run(
        () -> {
          Channel<Object> channel = Channel.unbounded();
          channel.send(1);
          channel.close(cause);
          Iterator<Object> items = channel.iterator();
          assertThat(items.hasNext()).isTrue();
          assertThat(items.hasNext()).isTrue();
          assertThat(items.next()).isEqualTo(1);
          assertThatThrownBy(items::hasNext)
              .isInstanceOf(ChannelClosedException.class)
              .cause()
              .isSameAs(cause);
          Channel<Object> empty = Channel.unbounded();
          empty.close();
          assertThatThrownBy(() -> empty.iterator().next())
              .isInstanceOf(NoSuchElementException.class);
        });
  }

  @OnEveryScheduler
  void receiveOrClosed_tellsTheEnd(Scheduler scheduler) {
    // the end comes as a value, with the cause, to those who ask for it so, in both ways
    Exception cause = new Exception("cause");
    scheduler.run(
        () -> {
          for (Channel<Object> channel : oneOfEach()) {
            Event<Received<Object>> event = channel.receiveOrClosedEvent();
            for (Object item : new Object[] {1, null}) {
              Computation<Object> sender = sender(channel, item);
              assertThat(channel.receiveOrClosed()).isEqualTo(new Received.Item<>(item));
              sender.await();
              Computation<Object> receiver = Fibers.start(event::sync);
              untilWaiting(channel, 1);
              channel.send(item);
              assertThat(receiver.await()).isEqualTo(new Received.Item<>(item));
            }
            List<Computation<Object>> receivers =
                List.of(Fibers.start(channel::receiveOrClosed), Fibers.start(event::sync));
            untilWaiting(channel, 2);
            channel.close(cause);
            for (Computation<Object> receiver : receivers) {
              assertThat(receiver.await()).isEqualTo(new Received.Closed<>(cause));
            }
            assertThat(channel.receiveOrClosed()).isEqualTo(new Received.Closed<>(cause));
            assertThat(event.sync()).isEqualTo(new Received.Closed<>(cause));
          }
        });
  }

  @OnEveryScheduler
  void receiveOrClosed_inAChoice(Scheduler scheduler) {
    // who chooses between channels can drop those that are closed, and gets all of the others
    scheduler.run(
        () -> {
          List<Source<Object>> open = new ArrayList<>();
          for (int i = 0; i < 3; i++) {
            Channel<Object> channel = Channel.unbounded();
            for (int item = 0; item < i; item++) {
              channel.send(item);
            }
            channel.close();
            open.add(channel);
          }
          List<Object> received = new ArrayList<>();
          while (!open.isEmpty()) {
            List<Event<Runnable>> events = new ArrayList<>();
            for (Source<Object> source : open) {
              events.add(
                  source
                      .receiveOrClosedEvent()
                      .map(
                          next ->
                              switch (next) {
                                case Received.Item<Object>(Object item) -> () -> received.add(item);
                                case Received.Closed<Object> end -> () -> open.remove(source);
                              }));
            }
            Event.select(events).run();
          }
          assertThat(received).containsExactlyInAnyOrder(0, 0, 1);
        });
  }

  @OnEveryScheduler
  void select_exactlyOne(Scheduler scheduler) {
    // one select offers to send on one channel, receives from another and times out: one happens
    scheduler.run(
        () -> {
          Channel<Object> out = Channel.rendezvous();
          Channel<Object> in = Channel.rendezvous();
          Event<Object> event =
              Event.choose(
                  out.sendEvent("item").map(sent -> "sent"),
                  in.receiveEvent(),
                  Event.timeout(HOUR));
          Computation<Object> one = Fibers.start(event::sync);
          untilWaiting(out, 1);
          assertThat(out.receive()).isEqualTo("item");
          assertThat(one.await()).isEqualTo("sent");
          untilWaiting(in, 0);
          assertThat(in.trySend("lost")).isFalse();

          Computation<Object> other = Fibers.start(event::sync);
          untilWaiting(in, 1);
          assertThat(in.trySend("received")).isTrue();
          assertThat(other.await()).isEqualTo("received");
          assertThat(out.tryReceive()).isNull();

          assertThat(
                  Event.select(
                      out.sendEvent("item").map(sent -> "sent"),
                      in.receiveEvent(),
                      Event.timeout(MOMENT).map(nothing -> "timeout")))
              .isEqualTo("timeout");
          assertThat(out.tryReceive()).isNull();
          assertThat(in.trySend("lost")).isFalse();
        });
  }

  @OnEveryScheduler
  void select_neverMeetsItself(Scheduler scheduler) {
    // Offers of one synchronization on both sides of a channel do not meet each other
    scheduler.run(
        () -> {
          for (Channel<Object> channel :
              List.<Channel<Object>>of(Channel.rendezvous(), full(Channel.buffered(1)))) {
            int waiting = channel.tryReceive() == null ? 2 : 0;
            Event<Object> both =
                Event.choose(
                    channel.sendEvent("mine").map(sent -> "sent"),
                    channel.receiveEvent(),
                    channel.sendEvent("mine").map(sent -> "sent"));
            assertThat(both.poll() == null).isEqualTo(waiting == 2);
            if (waiting == 2) {
              Computation<Object> one = Fibers.start(both::sync);
              untilWaiting(channel, 3);
              for (int i = 0; i < 10; i++) {
                Fiber.yield();
              }
              assertThat(one.isRunning()).isTrue();
              Computation<Object> other = Fibers.start(both::sync);
              assertThat(List.of(one.await(), other.await()))
                  .containsExactlyInAnyOrder("sent", "mine");
              untilWaiting(channel, 0);
            }
          }
        });
  }

  @OnEveryScheduler
  void select_bothSidesAreThereForOthers(Scheduler scheduler) {
    // Who offers both sides of a channel, in whichever order, can be met on each of them
    scheduler.run(
        () -> {
          Channel<Object> channel = Channel.rendezvous();
          Event<Object> send = channel.sendEvent("mine").map(sent -> "sent");
          Event<Object> receive = channel.receiveEvent();
          for (int i = 0; i < 20; i++) {
            Event<Object> both =
                i % 2 == 0 ? Event.choose(send, receive) : Event.choose(receive, send);
            Computation<Object> one = Fibers.start(both::sync);
            untilWaiting(channel, 2);
            if (i % 4 < 2) {
              assertThat(channel.trySend("yours")).isTrue();
              assertThat(one.await()).isEqualTo("yours");
            } else {
              assertThat(channel.tryReceive()).isEqualTo(new Outcome.Returned<>("mine"));
              assertThat(one.await()).isEqualTo("sent");
            }
            untilWaiting(channel, 0);
          }
        });
  }

  private static Channel<Object> full(Channel<Object> channel) {
    while (channel.trySend("filling")) {}
    return channel;
  }

  @OnEveryScheduler
  void select_manyOnBothSides(Scheduler scheduler) {
    // an even number of fibers that offer both sides of one channel all meet another one
    scheduler.run(
        () -> {
          Channel<Object> channel = Channel.rendezvous();
          AtomicInteger sent = new AtomicInteger();
          AtomicInteger received = new AtomicInteger();
          Event<Object> both =
              Event.choose(
                  channel.sendEvent(1).map(nothing -> sent.incrementAndGet()),
                  channel.receiveEvent().map(nothing -> received.incrementAndGet()));
          List<Block<RuntimeException>> fibers = new ArrayList<>();
          for (int i = 0; i < 200; i++) {
            fibers.add(both::sync);
          }
          Run.all(fibers);
          assertThat(sent).hasValue(100);
          assertThat(received).hasValue(100);
          assertThat(channel).hasToString("Channel[0 items]");
        });
  }

  @OnEveryScheduler
  void select_crosswise(Scheduler scheduler) {
    // pairs of fibers that offer on two channels in opposite order neither deadlock nor lose
    scheduler.run(
        () -> {
          Channel<Object> a = Channel.rendezvous();
          Channel<Object> b = Channel.rendezvous();
          int rounds = 300;
          AtomicInteger meetings = new AtomicInteger();
          Event<Object> one =
              Event.choose(
                  a.sendEvent("a").map(sent -> meetings.incrementAndGet()), b.receiveEvent());
          Event<Object> other =
              Event.choose(
                  b.sendEvent("b").map(sent -> meetings.incrementAndGet()), a.receiveEvent());
          List<Block<RuntimeException>> fibers = new ArrayList<>();
          for (Event<Object> event : List.of(one, other, one, other)) {
            fibers.add(
                () -> {
                  for (int i = 0; i < rounds; i++) {
                    event.sync();
                  }
                });
          }
          Run.all(fibers);
          assertThat(meetings).hasValue(2 * rounds);
          assertThat(a).hasToString("Channel[0 items]");
          assertThat(b).hasToString("Channel[0 items]");
        });
  }

  @OnEveryScheduler
  void pipeline(Scheduler scheduler) {
    // items keep their order through a chain of channels of every kind
    scheduler.run(
        () ->
            Bundle.run(
                bundle -> {
                  Channel<Integer> first = Channel.buffered(4);
                  Channel<Integer> in = first;
                  for (int stage = 0; stage < 20; stage++) {
                    Channel<Integer> from = in;
                    Channel<Integer> to =
                        switch (stage % 3) {
                          case 0 -> Channel.rendezvous();
                          case 1 -> Channel.buffered(2);
                          default -> Channel.unbounded();
                        };
                    bundle.fork(
                        () -> {
                          for (int item : from) {
                            to.send(item + 1);
                          }
                          to.close();
                        });
                    in = to;
                  }
                  bundle.fork(
                      () -> {
                        for (int i = 0; i < 200; i++) {
                          first.send(i);
                        }
                        first.close();
                      });
                  List<Integer> received = new ArrayList<>();
                  in.forEach(received::add);
                  assertThat(received).isEqualTo(IntStream.range(20, 220).boxed().toList());
                }));
  }

  @OnEveryTwoSchedulers
  void acrossSchedulers(Scheduler one, Scheduler other) throws Exception {
    // fibers of two schedulers and a plain thread use one channel
    Channel<Integer> channel = Channel.buffered(2);
    Task<Integer> sum =
        Task.start(() -> one.call(() -> IntStream.range(0, 200).map(i -> channel.receive()).sum()));
    Task<Boolean> sender =
        Task.start(
            () ->
                other.run(
                    () -> {
                      for (int i = 0; i < 100; i++) {
                        channel.send(1);
                      }
                    }));
    for (int i = 0; i < 100; i++) {
      channel.send(2);
    }

    assertThat(sum.result()).isEqualTo(300);
    assertThat(sender.result()).isTrue();
  }

  @OnEveryScheduler
  void happensBefore_sendReceive(Scheduler scheduler) {
    // what is done before a send is seen after the receive, without further synchronization
    scheduler.run(
        () -> {
          for (Channel<Object> channel : oneOfEach()) {
            int[] plain = {0};
            Channel<Object> back = Channel.rendezvous();
            Run.all(
                () -> {
                  for (int i = 1; i <= 300; i++) {
                    plain[0] = i;
                    channel.send("look");
                    back.receive();
                  }
                },
                () -> {
                  for (int i = 1; i <= 300; i++) {
                    channel.receive();
                    assertThat(plain[0]).isEqualTo(i);
                    back.send("seen");
                  }
                });
          }
        });
  }

  @Test
  void close_wakeUpFails() throws Exception {
    // one whose scheduler fails to wake it does not keep the others waiting for a closed channel
    Channel<String> channel = Channel.rendezvous();
    Block<RuntimeException> receive =
        () -> assertThatThrownBy(channel::receive).isInstanceOf(ChannelClosedException.class);
    RuntimeException failure = new RuntimeException("thrown by the scheduler");
    Task<Boolean> first = FailingWakeUp.waiting(failure, receive);
    Task<Boolean> second = Task.start(receive::run);
    second.untilParked();

    assertThatThrownBy(channel::close).isSameAs(failure);

    assertThat(first.result()).isTrue();
    assertThat(second.result()).isTrue();
    assertThat(channel.isClosed()).isTrue();
  }
}
