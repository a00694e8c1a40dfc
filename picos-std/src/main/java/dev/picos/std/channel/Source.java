package dev.picos.std.channel;

import dev.picos.core.Outcome;
import dev.picos.std.event.Event;
import dev.picos.std.structured.Bundle;
import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * The receiving end of a {@link Channel}: receive items from it, and cancel it when no more are
 * wanted. Hand it to code that is to receive and not to send.
 *
 * {@snippet :
 * void consume(Source<Row> rows) {
 *   for (Row row : rows) { // until the channel is closed and nothing is left in it
 *     if (!show(row)) {
 *       rows.cancel();
 *     }
 *   }
 * }
 * }
 *
 * @param <T> the type of the items
 * @see Sink
 */
public interface Source<T extends @Nullable Object> extends Iterable<T> {
  /**
   * Receives the next item: waits until there is one.
   *
   * <p>Cancelation: none if it need not wait. Else a fiber that is canceled before or while it
   * waits throws the reason, and has received nothing; but if it has been given an item by then,
   * this returns the item.
   *
   * @throws ChannelClosedException if the channel is closed and nothing is left in it, or if it is
   *     closed while this waits
   */
  T receive();

  /**
   * Receives the next item, or learns that the channel is closed and nothing is left in it: as
   * {@link #receive}, but the end is a value instead of an exception.
   */
  Received<T> receiveOrClosed();

  /**
   * Receives the next item if there is one. Not cancelable.
   *
   * @return the item, or {@code null} if there is none
   * @throws ChannelClosedException if the channel is closed and nothing is left in it
   */
  Outcome.@Nullable Returned<T> tryReceive();

  /**
   * Receives the next item if one comes within {@code timeout}; with zero, if there is one.
   *
   * <p>Cancelation: as {@link #receive}; also with zero.
   *
   * @return the item, or {@code null} if none came
   * @throws ChannelClosedException as {@link #receive}
   * @throws IllegalArgumentException if {@code timeout} is negative
   */
  Outcome.@Nullable Returned<T> tryReceive(Duration timeout);

  /**
   * Returns the event of {@link #receive}: it gives the next item. It throws {@link
   * ChannelClosedException} as {@code receive} does.
   */
  Event<T> receiveEvent();

  /**
   * Returns the event of {@link #receiveOrClosed}. With it, a fiber that chooses between channels
   * learns which of them is closed, and can go on with the others:
   *
   * {@snippet :
   * while (!open.isEmpty()) {
   *   Event<Runnable> next =
   *       Event.choose(
   *           open.stream()
   *               .map(
   *                   source ->
   *                       source
   *                           .receiveOrClosedEvent()
   *                           .<Runnable>map(
   *                               received ->
   *                                   switch (received) {
   *                                     case Received.Item<Job>(Job job) -> job;
   *                                     case Received.Closed<Job> end -> () -> open.remove(source);
   *                                   }))
   *               .toList());
   *   next.sync().run();
   * }
   * }
   */
  Event<Received<T>> receiveOrClosedEvent();

  /**
   * Closes the channel without a cause, as {@link Sink#close()} does, and discards what is left in
   * it. A fiber that receives at the same time may get some of it first. Each discarded item goes
   * to the channel's callback, if there is one. If the callback throws, the rest is discarded all
   * the same, and then this throws what the callback threw first. Never waits; not cancelable.
   */
  void cancel();

  /** Returns whether the channel has been closed; items may be left in it. */
  boolean isClosed();

  /**
   * Returns an iterator that receives: {@code hasNext} waits for the next item, and is {@code
   * false} when the channel is closed and nothing is left in it; if it was closed with a cause,
   * {@code hasNext} throws {@link ChannelClosedException} then. Each iterator is for one fiber.
   * Several iterators share the items.
   *
   * <p>Cancelation: {@code hasNext} as {@link #receive}.
   */
  @Override
  Iterator<T> iterator();

  /**
   * As {@link #publisher(Bundle, OnEnd)} with {@link OnEnd#KEEP_OPEN}, for any number of
   * subscribers.
   */
  default Flow.Publisher<T> publisher(Bundle scope) {
    return publisher(scope, OnEnd.KEEP_OPEN);
  }

  /**
   * Returns a publisher of the items of the channel. Each subscriber is served by a fiber in {@code
   * scope}, which receives as the subscriber asks, so that several subscribers, like several
   * receivers, share the items. A subscriber is told of the end when the channel is closed and
   * nothing is left in it: with {@code onError} if there is a cause, else with {@code onComplete}.
   * Items must not be {@code null}.
   *
   * <p>All signals to the subscriber come from that fiber. What the subscriber throws is an error
   * of the scope. When the scope stops, the subscriber is given the reason as an error. An item
   * that has been received is delivered, unless the subscriber has canceled in between.
   *
   * <p>When a subscriber wants no more, or fails, or the scope stops, {@code onEnd} says what
   * happens to the channel. With {@link OnEnd#CLOSE} it is {@linkplain #cancel canceled}; with
   * {@link OnEnd#KEEP_OPEN} it stays open, and the items stay for others.
   */
  Flow.Publisher<T> publisher(Bundle scope, OnEnd onEnd);
}
