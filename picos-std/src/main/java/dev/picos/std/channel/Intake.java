package dev.picos.std.channel;

import dev.picos.core.Fiber;
import dev.picos.std.structured.Bundle;
import java.util.Objects;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Sends what it is given by a publisher on a channel, in a fiber, asking for a few items ahead. */
final class Intake<T> implements Flow.Subscriber<T> {
  // For maintainers. A publisher must not be made to wait. So what it gives goes to an inbox with
  // room for all that was asked for, and the fiber takes it from there.

  private final Channel<? super T> channel;
  private final Bundle scope;
  private final int ahead;
  private final Channel<T> inbox;
  private final AtomicReference<Flow.@Nullable Subscription> publisher = new AtomicReference<>();

  Intake(Channel<? super T> channel, Bundle scope, int ahead) {
    this.channel = channel;
    this.scope = scope;
    this.ahead = ahead;
    this.inbox = Channel.buffered(ahead);
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
      for (T item : inbox) {
        channel.send(item);
        subscription.request(1);
      }
      channel.close();
    } catch (ChannelClosedException closed) {
      // by the publisher, with a cause, or by those who receive
      giveUp(subscription, closed.getCause());
    } catch (Throwable thrown) {
      Fiber.current().forbid(() -> giveUp(subscription, thrown));
      throw thrown;
    }
  }

  private void giveUp(Flow.Subscription subscription, @Nullable Throwable cause) {
    inbox.close();
    channel.close(cause);
    subscription.cancel();
  }

  @Override
  public void onNext(T item) {
    Objects.requireNonNull(item, "item");
    try {
      if (!inbox.trySend(item)) {
        inbox.close(
            new IllegalStateException("the publisher gave more than it had been asked for"));
      }
    } catch (ChannelClosedException late) {
      // what a publisher gives after it was told to stop, or has ended, is dropped
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
