package dev.picos.std.channel;

import dev.picos.std.event.Event;
import dev.picos.std.structured.Bundle;
import java.time.Duration;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * The sending end of a {@link Channel}: send items to it, and close it when there are no more. Hand
 * it to code that is to send and not to receive.
 *
 * {@snippet :
 * void produce(Sink<Row> rows) {
 *   for (Row row : query()) {
 *     rows.send(row);
 *   }
 *   rows.close();
 * }
 * }
 *
 * @param <T> the type of the items
 * @see Source
 */
public interface Sink<T extends @Nullable Object> {
  /**
   * Sends {@code item}: waits until a receiver takes it or it has a place in the buffer. On a
   * channel that drops items when its buffer is full, this never waits.
   *
   * <p>Cancelation: none if it need not wait. Else a fiber that is canceled before or while it
   * waits throws the reason, and the item is not sent; but if the item has been taken by then, this
   * returns.
   *
   * @throws ChannelClosedException if the channel is closed, or is closed while this waits; the
   *     item is not sent then
   */
  void send(T item);

  /**
   * Sends {@code item} if that is possible without waiting. It may miss a place in the buffer that
   * becomes free at that moment. On a channel that drops items when its buffer is full, sending
   * without waiting is always possible. Not cancelable.
   *
   * @return whether it was sent
   * @throws ChannelClosedException if the channel is closed
   */
  boolean trySend(T item);

  /**
   * Sends {@code item} if that is possible within {@code timeout}; with zero, at once.
   *
   * <p>Cancelation: as {@link #send}; also with zero.
   *
   * @return whether it was sent
   * @throws ChannelClosedException as {@link #send}
   * @throws IllegalArgumentException if {@code timeout} is negative
   */
  boolean trySend(T item, Duration timeout);

  /**
   * Returns the event of {@link #send}: each synchronization that chooses it sends {@code item}
   * once. It throws {@link ChannelClosedException} as {@code send} does.
   */
  Event<@Nullable Void> sendEvent(T item);

  /** As {@link #close(Throwable)}, without a cause. */
  default void close() {
    close(null);
  }

  /**
   * Closes the channel. Senders, including those that wait, then throw {@link
   * ChannelClosedException}; so do receivers, once nothing is left in the buffer. If {@code cause}
   * is not {@code null}, it is the cause of these exceptions, and iterations throw them instead of
   * ending. Does nothing if the channel is closed already. Never waits; not cancelable. If a
   * scheduler fails to wake one of the fibers that wait, the others are woken all the same, and
   * then this throws what the scheduler threw.
   */
  void close(@Nullable Throwable cause);

  /** Returns whether the channel has been closed; items may be left in it. */
  boolean isClosed();

  /**
   * As {@link #subscriber(Bundle, int, OnEnd)} with {@link OnEnd#CLOSE}, for a publisher that is
   * the only sender.
   */
  default <U extends T> Flow.Subscriber<U> subscriber(Bundle scope, int ahead) {
    return subscriber(scope, ahead, OnEnd.CLOSE);
  }

  /**
   * Returns a subscriber that sends the items of a publisher on the channel, for one subscription.
   * It is served by a fiber in {@code scope}, which asks for items ahead: at any time, at most
   * {@code ahead} of those it has asked for are not sent yet. When others close the channel, the
   * subscription is canceled, and items that the publisher has given but that are not sent are
   * discarded.
   *
   * <p>When the publisher ends, and when the scope stops, {@code onEnd} says what happens to the
   * channel. With {@link OnEnd#CLOSE} it is closed; the cause is the publisher's error, or the
   * reason that the scope stops with, if there is one. With {@link OnEnd#KEEP_OPEN} it stays open
   * for other senders, and an error of the publisher is an error of the scope.
   *
   * @throws IllegalArgumentException if {@code ahead} is not positive
   */
  <U extends T> Flow.Subscriber<U> subscriber(Bundle scope, int ahead, OnEnd onEnd);
}
