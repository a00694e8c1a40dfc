package dev.picos.std.channel;

import dev.picos.core.Computation;
import dev.picos.core.Outcome;
import dev.picos.core.Point;
import dev.picos.std.event.Event;
import dev.picos.std.structured.Bundle;
import dev.picos.std.sync.Semaphore;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/** Delivers items that it receives to one subscriber, in a fiber, as many as that has asked for. */
final class Delivery<T extends @Nullable Object> implements Flow.Subscription {
  // For maintainers.
  //
  // demand   how many items the subscriber has asked for and not been given; Long.MAX_VALUE is for
  //          ever. Any thread may add to it; only the fiber subtracts from it.
  // asked    released after each change of demand from 0, which is what the fiber waits for then
  // stopped  completed when the subscriber wants no more; canceled if it asked wrongly
  //
  // All signals to the subscriber come from the one fiber, one after another.

  private static final VarHandle DEMAND;

  static {
    try {
      DEMAND = MethodHandles.lookup().findVarHandle(Delivery.class, "demand", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Channel<T> channel;
  private final Flow.Subscriber<? super T> subscriber;
  private final OnEnd onEnd;
  private final Computation<Outcome.@Nullable Returned<T>> stopped = new Computation<>();
  private final Semaphore asked = Semaphore.binary(false);

  @SuppressWarnings("unused") // through DEMAND
  private volatile long demand;

  Delivery(Channel<T> channel, Flow.Subscriber<? super T> subscriber, OnEnd onEnd) {
    this.channel = channel;
    this.subscriber = subscriber;
    this.onEnd = onEnd;
  }

  void start(Bundle scope) {
    try {
      scope.fork(this::serve);
    } catch (RuntimeException | Error refused) {
      stopped.tryReturn(null);
      subscriber.onSubscribe(this);
      subscriber.onError(refused);
      endChannel();
    }
  }

  private void serve() {
    try {
      deliver();
    } finally {
      endChannel();
    }
  }

  private void endChannel() {
    if (onEnd == OnEnd.CLOSE) {
      channel.cancel();
    }
  }

  private void deliver() {
    subscriber.onSubscribe(this);
    for (; ; ) {
      Outcome.Returned<T> next;
      try {
        next = next();
      } catch (ChannelClosedException closed) {
        end(closed.getCause());
        return;
      } catch (Throwable thrown) {
        if (stopped.isCanceled()) {
          subscriber.onError(thrown);
          return;
        }
        end(thrown);
        throw thrown;
      }
      if (next == null) {
        return;
      }
      if (next.value() == null) {
        end(new NullPointerException("null was received, which no subscriber may be given"));
        return;
      }
      subscriber.onNext(next.value());
    }
  }

  private void end(@Nullable Throwable cause) {
    if (!stopped.tryReturn(null)) {
      return;
    }
    if (cause == null) {
      subscriber.onComplete();
    } else {
      subscriber.onError(cause);
    }
  }

  /** Waits for demand, and then for an item; {@code null} when the subscriber wants no more. */
  private Outcome.@Nullable Returned<T> next() {
    Event<Outcome.@Nullable Returned<T>> stop = Event.of(stopped);
    while (demand() == 0 && stopped.isRunning()) {
      if (channel.isDrained()) {
        throw new ChannelClosedException(channel.cause());
      }
      Event.<@Nullable Object>select(stop, asked.acquireEvent(), channel.drained());
    }
    Outcome.Returned<T> next =
        stopped.isRunning()
            ? Event.<Outcome.@Nullable Returned<T>>select(
                stop, channel.receiveEvent().map(item -> new Outcome.Returned<T>(item)))
            : stop.sync();
    if (next != null && demand() != Long.MAX_VALUE) {
      Point.before(this, Point.Kind.UPDATE);
      long unused = (long) DEMAND.getAndAdd(this, -1L);
    }
    return next;
  }

  private long demand() {
    Point.before(this, Point.Kind.READ);
    return (long) DEMAND.getVolatile(this);
  }

  @Override
  public void request(long items) {
    if (items <= 0) {
      stopped.tryCancel(
          new IllegalArgumentException("asked for " + items + " items: it has to be positive"));
      return;
    }
    for (; ; ) {
      long before = demand();
      long after = before + items < 0 ? Long.MAX_VALUE : before + items;
      Point.before(this, Point.Kind.UPDATE);
      if (DEMAND.compareAndSet(this, before, after)) {
        if (before == 0) {
          asked.release();
        }
        return;
      }
      Thread.onSpinWait();
    }
  }

  @Override
  public void cancel() {
    stopped.tryReturn(null);
  }
}
