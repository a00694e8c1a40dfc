package dev.picos.std.channel;

import org.jspecify.annotations.Nullable;

/**
 * The result of receiving: an item, or the end, when the channel is closed and nothing is left in
 * it.
 *
 * @param <T> the type of the items
 */
public sealed interface Received<T extends @Nullable Object> {
  /**
   * An item.
   *
   * @param value the item
   * @param <T> the type of the items
   */
  record Item<T extends @Nullable Object>(T value) implements Received<T> {}

  /**
   * The end.
   *
   * @param cause what the channel was closed with, if anything
   * @param <T> the type of the items
   */
  record Closed<T extends @Nullable Object>(@Nullable Throwable cause) implements Received<T> {}
}
