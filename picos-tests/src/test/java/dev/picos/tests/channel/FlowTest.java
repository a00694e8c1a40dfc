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
import dev.picos.std.channel.OnEnd;
import dev.picos.std.channel.Overflow;
import dev.picos.std.structured.Bundle;
import dev.picos.std.structured.OnReturn;
import dev.picos.std.structured.TerminateException;
import dev.picos.tests.OnEveryScheduler;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Flow;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.SubmissionPublisher;
import java.util.stream.IntStream;

class FlowTest {
  /** Asks for nothing by itself, and notes what it is told. */
  private static class Notes implements Flow.Subscriber<Integer> {
    final Computation<Flow.Subscription> subscribed = new Computation<>();
    final Channel<Integer> items = Channel.unbounded();
    final Computation<String> end = new Computation<>();

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      assertThat(subscribed.tryReturn(subscription)).isTrue();
    }

    @Override
    public void onNext(Integer item) {
      items.send(item);
    }

    @Override
    public void onError(Throwable thrown) {
      assertThat(end.tryCancel(thrown)).isTrue();
    }

    @Override
    public void onComplete() {
      assertThat(end.tryReturn("complete")).isTrue();
    }
  }

  private static void yieldOften() {
    for (int i = 0; i < 20; i++) {
      Fiber.yield();
    }
  }

  @OnEveryScheduler
  void publisher_givesWhatIsAskedFor(Scheduler scheduler) {
    // a subscriber gets as many items as it asks for, in order, and then the end
    scheduler.run(
        () ->
            Bundle.run(
                bundle -> {
                  Channel<Integer> channel = Channel.buffered(2);
                  Notes notes = new Notes();
                  channel.publisher(bundle).subscribe(notes);
                  Flow.Subscription subscription = notes.subscribed.await();
                  bundle.fork(
                      () -> {
                        for (int i = 0; i < 10; i++) {
                          channel.send(i);
                        }
                        channel.close();
                      });
                  ChannelTest.untilWaiting(channel, 1);
                  yieldOften();
                  assertThat(notes.items.tryReceive()).isNull();
                  subscription.request(1);
                  assertThat(notes.items.receive()).isEqualTo(0);
                  subscription.request(2);
                  subscription.request(1);
                  for (int i = 1; i < 4; i++) {
                    assertThat(notes.items.receive()).isEqualTo(i);
                  }
                  yieldOften();
                  assertThat(notes.items.tryReceive()).isNull();
                  subscription.request(Long.MAX_VALUE);
                  subscription.request(Long.MAX_VALUE);
                  for (int i = 4; i < 10; i++) {
                    assertThat(notes.items.receive()).isEqualTo(i);
                  }
                  assertThat(notes.end.await()).isEqualTo("complete");
                }));
  }

  @OnEveryScheduler
  void publisher_endsWithoutDemand(Scheduler scheduler) {
    // the end of an empty channel is told also to a subscriber that asks for nothing
    Exception cause = new Exception("cause");
    scheduler.run(
        () ->
            Bundle.run(
                bundle -> {
                  Channel<Integer> channel = Channel.rendezvous();
                  Notes notes = new Notes();
                  channel.publisher(bundle).subscribe(notes);
                  yieldOften();
                  channel.close();
                  assertThat(notes.end.await()).isEqualTo("complete");
                  Channel<Integer> broken = Channel.rendezvous();
                  Notes other = new Notes();
                  broken.publisher(bundle).subscribe(other);
                  broken.close(cause);
                  assertThatThrownBy(other.end::await).cause().isSameAs(cause);
                  Channel<Integer> left = Channel.unbounded();
                  left.send(1);
                  left.close();
                  Notes third = new Notes();
                  left.publisher(bundle).subscribe(third);
                  yieldOften();
                  assertThat(third.end.isRunning()).isTrue();
                  third.subscribed.await().request(1);
                  assertThat(third.items.receive()).isEqualTo(1);
                  assertThat(third.end.await()).isEqualTo("complete");
                }));
  }

  @OnEveryScheduler
  void publisher_endsWhenOthersTakeTheRest(Scheduler scheduler) {
    // a subscriber that asks for nothing is told of the end when somebody else takes the last item,
    // whether before or after the channel is closed
    scheduler.run(
        () ->
            Bundle.run(
                bundle -> {
                  for (boolean closedFirst : new boolean[] {false, true}) {
                    Channel<Integer> channel = Channel.buffered(2);
                    channel.send(1);
                    Notes notes = new Notes();
                    channel.publisher(bundle).subscribe(notes);
                    notes.subscribed.await();
                    yieldOften();
                    if (closedFirst) {
                      channel.close();
                      yieldOften();
                      assertThat(notes.end.isRunning()).isTrue();
                      assertThat(channel.receive()).isEqualTo(1);
                    } else {
                      assertThat(channel.receive()).isEqualTo(1);
                      yieldOften();
                      assertThat(notes.end.isRunning()).isTrue();
                      channel.close();
                    }
                    assertThat(notes.end.await()).isEqualTo("complete");
                  }
                }));
  }

  @OnEveryScheduler
  void publisher_cancel(Scheduler scheduler) {
    // after cancel the fiber ends, and the items stay for others
    scheduler.run(
        () -> {
          Channel<Integer> channel = Channel.unbounded();
          List<Notes> all = new ArrayList<>();
          Bundle.run(
              bundle -> {
                for (int i = 0; i < 3; i++) {
                  Notes notes = new Notes();
                  all.add(notes);
                  channel.publisher(bundle).subscribe(notes);
                  Flow.Subscription subscription = notes.subscribed.await();
                  if (i > 0) {
                    subscription.request(i);
                    ChannelTest.untilWaiting(channel, 1);
                  }
                  subscription.cancel();
                  subscription.cancel();
                  subscription.request(1);
                  ChannelTest.untilWaiting(channel, 0);
                }
              });
          channel.send(1);
          assertThat(channel.receive()).isEqualTo(1);
          assertThat(all).allMatch(notes -> notes.end.isRunning());
        });
  }

  @OnEveryScheduler
  void publisher_badRequest(Scheduler scheduler) {
    // to ask for no items is answered with an error
    scheduler.run(
        () ->
            Bundle.run(
                bundle -> {
                  Channel<Integer> channel = Channel.unbounded();
                  for (long wrong : new long[] {0, -1, Long.MIN_VALUE}) {
                    Notes notes = new Notes();
                    channel.publisher(bundle).subscribe(notes);
                    notes.subscribed.await().request(wrong);
                    assertThatThrownBy(notes.end::await)
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("positive");
                  }
                  assertThatNullPointerException()
                      .isThrownBy(() -> channel.publisher(bundle).subscribe(null));
                  assertThatNullPointerException().isThrownBy(() -> channel.publisher(null));
                }));
  }

  @OnEveryScheduler
  void publisher_scopeStops(Scheduler scheduler) {
    // a subscriber whose scope stops, or has stopped, is told the reason
    scheduler.run(
        () -> {
          Channel<Integer> channel = Channel.unbounded();
          Notes one = new Notes();
          Notes other = new Notes();
          Bundle[] left = {null};
          Bundle.run(
              OnReturn.TERMINATE,
              bundle -> {
                left[0] = bundle;
                channel.publisher(bundle).subscribe(one);
                one.subscribed.await().request(1);
                ChannelTest.untilWaiting(channel, 1);
              });
          assertThatThrownBy(one.end::await).isInstanceOf(TerminateException.class);
          channel.publisher(left[0]).subscribe(other);
          assertThat(other.subscribed.isRunning()).isFalse();
          assertThatThrownBy(other.end::await).isInstanceOf(IllegalStateException.class);
        });
  }

  @OnEveryScheduler
  void publisher_subscriberThrows(Scheduler scheduler) {
    // what a subscriber throws is an error of the scope
    RuntimeException error = new RuntimeException("of the subscriber");
    Notes throwing =
        new Notes() {
          @Override
          public void onNext(Integer item) {
            throw error;
          }
        };
    scheduler.run(
        () -> {
          Channel<Integer> channel = Channel.unbounded();
          channel.send(1);
          assertThatThrownBy(
                  () ->
                      Bundle.run(
                          bundle -> {
                            channel.publisher(bundle).subscribe(throwing);
                            throwing.subscribed.await().request(1);
                          }))
              .isSameAs(error);
        });
  }

  @OnEveryScheduler
  void publisher_nullItem(Scheduler scheduler) {
    // an item that is null cannot be published
    scheduler.run(
        () ->
            Bundle.run(
                bundle -> {
                  Channel<Integer> channel = Channel.unbounded();
                  channel.send(null);
                  Notes notes = new Notes();
                  channel.publisher(bundle).subscribe(notes);
                  notes.subscribed.await().request(1);
                  assertThatThrownBy(notes.end::await).isInstanceOf(NullPointerException.class);
                }));
  }

  @OnEveryScheduler
  void subscriber_asksAsItIsReceived(Scheduler scheduler) {
    // a publisher is asked for no more than a few items ahead of the receiver
    scheduler.run(
        () ->
            Bundle.run(
                bundle -> {
                  Channel<Integer> from = Channel.unbounded();
                  Channel<Integer> to = Channel.rendezvous();
                  for (int i = 0; i < 100; i++) {
                    from.send(i);
                  }
                  from.close();
                  from.publisher(bundle).subscribe(to.subscriber(bundle, 3));
                  while (!from.toString().startsWith("Channel[97 items")) {
                    Fiber.yield();
                  }
                  yieldOften();
                  assertThat(from).hasToString("Channel[97 items, closed]");
                  List<Integer> received = new ArrayList<>();
                  to.forEach(received::add);
                  assertThat(received).isEqualTo(IntStream.range(0, 100).boxed().toList());
                }));
  }

  @OnEveryScheduler
  void subscriber_ofThreads(Scheduler scheduler) {
    // what a publisher of the JDK gives from its own threads arrives in order
    scheduler.run(
        () ->
            Bundle.run(
                bundle -> {
                  Channel<Integer> channel = Channel.buffered(4);
                  SubmissionPublisher<Integer> publisher =
                      new SubmissionPublisher<>(ForkJoinPool.commonPool(), 16);
                  publisher.subscribe(channel.subscriber(bundle, 8));
                  bundle.fork(
                      () -> {
                        for (int i = 0; i < 500; i++) {
                          while (publisher.offer(i, null) < 0) {
                            Fiber.yield();
                          }
                        }
                        publisher.close();
                      });
                  List<Integer> received = new ArrayList<>();
                  channel.forEach(received::add);
                  assertThat(received).isEqualTo(IntStream.range(0, 500).boxed().toList());
                }));
  }

  @OnEveryScheduler
  void publisher_closesItsChannel(Scheduler scheduler) {
    // a publisher that is told to cancels the channel with its only subscriber
    List<Integer> discarded = new ArrayList<>();
    scheduler.run(
        () -> {
          Channel<Integer> channel = Channel.unbounded(discarded::add);
          channel.send(1);
          channel.send(2);
          Bundle.run(
              bundle -> {
                Notes notes = new Notes();
                channel.publisher(bundle, OnEnd.CLOSE).subscribe(notes);
                notes.subscribed.await().request(1);
                assertThat(notes.items.receive()).isEqualTo(1);
                yieldOften();
                assertThat(channel.isClosed()).isFalse();
                notes.subscribed.await().cancel();
              });
          assertThat(channel.isClosed()).isTrue();
          assertThat(discarded).containsExactly(2);
        });
  }

  @OnEveryScheduler
  void subscribers_shareAChannel(Scheduler scheduler) {
    // a channel that is to stay open does when one of its publishers ends, or is told to stop
    scheduler.run(
        () -> {
          Channel<Integer> channel = Channel.unbounded();
          Bundle.run(
              bundle -> {
                Flow.Subscriber<Integer> one = channel.subscriber(bundle, 1, OnEnd.KEEP_OPEN);
                Flow.Subscriber<Integer> other = channel.subscriber(bundle, 1, OnEnd.KEEP_OPEN);
                one.onSubscribe(new Requests());
                other.onSubscribe(new Requests());
                one.onNext(1);
                one.onComplete();
                assertThat(channel.receive()).isEqualTo(1);
                yieldOften();
                assertThat(channel.isClosed()).isFalse();
                other.onNext(2);
                assertThat(channel.receive()).isEqualTo(2);
                other.onComplete();
              });
          assertThat(channel.isClosed()).isFalse();
          Requests stopped = new Requests();
          Bundle.run(
              OnReturn.TERMINATE,
              bundle -> {
                channel.subscriber(bundle, 1, OnEnd.KEEP_OPEN).onSubscribe(stopped);
                stopped.asked.receive();
              });
          stopped.canceled.await();
          assertThat(channel.isClosed()).isFalse();
        });
  }

  @OnEveryScheduler
  void subscribers_shareAChannel_andOneFails(Scheduler scheduler) {
    // the error of one of several publishers is one of the scope
    RuntimeException error = new RuntimeException("of the publisher");
    scheduler.run(
        () -> {
          Channel<Integer> channel = Channel.unbounded();
          assertThatThrownBy(
                  () ->
                      Bundle.run(
                          bundle -> {
                            Flow.Subscriber<Integer> one =
                                channel.subscriber(bundle, 1, OnEnd.KEEP_OPEN);
                            one.onSubscribe(new Requests());
                            one.onError(error);
                          }))
              .isSameAs(error);
          assertThat(channel.isClosed()).isFalse();
        });
  }

  @OnEveryScheduler
  void subscriber_discardsWhatIsNotSent(Scheduler scheduler) {
    // what the publisher has given when others close the channel, and what it gives later, goes to
    // the callback
    List<Integer> discarded = Collections.synchronizedList(new ArrayList<>());
    scheduler.run(
        () -> {
          Channel<Integer> channel = Channel.buffered(1, Overflow.WAIT, discarded::add);
          Requests requests = new Requests();
          Bundle.run(
              bundle -> {
                Flow.Subscriber<Integer> subscriber = channel.subscriber(bundle, 3);
                subscriber.onSubscribe(requests);
                assertThat(requests.asked.receive()).isEqualTo(3);
                for (int i = 0; i < 3; i++) {
                  subscriber.onNext(i);
                }
                ChannelTest.untilWaiting(channel, 1);
                channel.cancel();
                requests.canceled.await();
                subscriber.onNext(3);
              });
          assertThat(discarded).containsExactlyInAnyOrder(0, 1, 2, 3);
        });
  }

  /** What a subscriber does to a publisher that does nothing by itself. */
  private static final class Requests implements Flow.Subscription {
    final Channel<Long> asked = Channel.unbounded();
    final Computation<Object> canceled = new Computation<>();

    @Override
    public void request(long items) {
      asked.send(items);
    }

    @Override
    public void cancel() {
      canceled.tryReturn("canceled");
    }
  }

  @OnEveryScheduler
  void subscriber_misused(Scheduler scheduler) {
    // a second subscription is canceled, and so is one that gives more than it was asked for
    scheduler.run(
        () ->
            Bundle.run(
                bundle -> {
                  Channel<Integer> channel = Channel.rendezvous();
                  Flow.Subscriber<Integer> subscriber = channel.subscriber(bundle, 1);
                  Requests first = new Requests();
                  Requests second = new Requests();
                  subscriber.onSubscribe(first);
                  subscriber.onSubscribe(second);
                  second.canceled.await();
                  assertThat(first.asked.receive()).isEqualTo(1);
                  assertThatNullPointerException().isThrownBy(() -> subscriber.onNext(null));
                  for (int i = 0; i < 5; i++) {
                    subscriber.onNext(i);
                  }
                  Iterable<Integer> items = channel;
                  assertThatThrownBy(() -> items.forEach(item -> {}))
                      .isInstanceOf(ChannelClosedException.class)
                      .cause()
                      .hasMessageContaining("more than");
                  first.canceled.await();
                  subscriber.onNext(6);
                  subscriber.onComplete();
                  assertThatIllegalArgumentException()
                      .isThrownBy(() -> channel.subscriber(bundle, 0));
                }));
  }

  @OnEveryScheduler
  void subscriber_ofSilentPublisher(Scheduler scheduler) {
    // when others close the channel, the subscription is canceled and the scope can end, although
    // the publisher says nothing
    scheduler.run(
        () -> {
          Channel<Integer> channel = Channel.buffered(4);
          Requests requests = new Requests();
          Bundle.run(
              bundle -> {
                Flow.Subscriber<Integer> subscriber = channel.subscriber(bundle, 4);
                subscriber.onSubscribe(requests);
                assertThat(requests.asked.receive()).isEqualTo(4);
                subscriber.onNext(1);
                assertThat(channel.receive()).isEqualTo(1);
                assertThat(requests.asked.receive()).isEqualTo(1);
                yieldOften();
                channel.close();
              });
          assertThat(requests.canceled.isRunning()).isFalse();
        });
  }

  @OnEveryScheduler
  void subscriber_ends(Scheduler scheduler) {
    // the channel is closed when the publisher ends; the publisher is told when the channel is
    // closed, and when the scope stops
    Exception error = new Exception("of the publisher");
    scheduler.run(
        () -> {
          Channel<Integer> failing = Channel.unbounded();
          Channel<Integer> closed = Channel.unbounded();
          Channel<Integer> stopped = Channel.unbounded();
          Requests ofClosed = new Requests();
          Requests ofStopped = new Requests();
          Bundle.run(
              OnReturn.TERMINATE,
              bundle -> {
                Flow.Subscriber<Integer> one = failing.subscriber(bundle, 1);
                one.onSubscribe(new Requests());
                one.onNext(1);
                one.onError(error);
                assertThat(failing.receive()).isEqualTo(1);
                assertThatThrownBy(failing::receive).cause().isSameAs(error);
                Flow.Subscriber<Integer> two = closed.subscriber(bundle, 1);
                two.onSubscribe(ofClosed);
                closed.close();
                two.onNext(1);
                ofClosed.canceled.await();
                stopped.subscriber(bundle, 1).onSubscribe(ofStopped);
                ofStopped.asked.receive();
              });
          ofStopped.canceled.await();
          assertThatThrownBy(stopped::receive).cause().isInstanceOf(TerminateException.class);
        });
  }
}
