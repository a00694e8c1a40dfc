package dev.picos.std.channel;

import dev.picos.core.ComputationException;
import dev.picos.core.Fiber;
import dev.picos.std.event.Event;
import dev.picos.std.structured.Bundle;
import java.util.Objects;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Sends the items of a publisher on a channel, in a fiber that asks for a few items ahead. */
final class Intake<T> implements Flow.Subscriber<T> {
  // For maintainers. A publisher must not be made to wait. So its items go to an inbox that has
  // room for all that it was asked for, and the fiber takes them from there.

  private final Channel<? super T> channel;
  private final Bundle scope;
  private final int ahead;
  private final OnEnd onEnd;
  private final Channel<T> inbox;
  private final AtomicReference<Flow.@Nullable Subscription> publisher = new AtomicReference<>();

  Intake(Channel<? super T> channel, Bundle scope, int ahead, OnEnd onEnd) {
    this.channel = channel;
    this.scope = scope;
    this.ahead = ahead;
    this.onEnd = onEnd;
    this.inbox = Channel.buffered(ahead, Overflow.WAIT, channel::discard);
  }

  @Override
  public void onSubscribe(Flow.Subscription subscription) {
    Objects.requireNonNull(subscription, "subscription");
    if (!publisher.compareAndSet(null, subscription)) {
      subscription.cancel();
      return;
    }
    try {
      scope.fork(() -> pass(subscription));
    } catch (RuntimeException | Error refused) {
      giveUp(subscription, refused);
    }
  }

  private void pass(Flow.Subscription subscription) {
    try {
      subscription.request(ahead);
      for (; ; ) {
        send(next());
        subscription.request(1);
      }
    } catch (ChannelClosedException closed) {
      Throwable cause = closed.getCause();
      boolean ended = inbox.isClosed(); // by the publisher; else receivers want no more
      giveUp(subscription, cause);
      if (ended && cause != null && onEnd == OnEnd.KEEP_OPEN) {
        throw ComputationException.unchecked(cause);
      }
    } catch (Throwable thrown) {
      Fiber.current().runForbiddingCancelation(() -> giveUp(subscription, thrown));
      throw thrown;
    }
  }

  private void send(T item) {
    try {
      channel.send(item);
    } catch (Throwable thrown) {
      channel.discard(item);
      throw thrown;
    }
  }

  /** Waits for an item, unless the channel is closed. */
  private T next() {
    return Event.<T>select(
        inbox.receiveEvent(),
        channel
            .closing()
            .map(
                closed -> {
                  throw new ChannelClosedException(channel.cause());
                }));
  }

  private void giveUp(Flow.Subscription subscription, @Nullable Throwable cause) {
    inbox.close();
    if (onEnd == OnEnd.CLOSE) {
      channel.close(cause);
    }
    subscription.cancel();
    inbox.cancel();
  }

  @Override
  public void onNext(T item) {
    Objects.requireNonNull(item, "item");
    try {
      if (!inbox.trySend(item)) {
        channel.discard(item);
        inbox.close(
            new IllegalStateException("the publisher gave more than it had been asked for"));
      }
    } catch (ChannelClosedException late) {
      channel.discard(item); // the publisher was told to stop, or has ended
    }
  }

  @Override
  public void onError(Throwable thrown) {
    inbox.close(Objects.requireNonNull(thrown, "thrown"));
  }

  @Override
  public void onComplete() {
    inbox.close();
  }
}
