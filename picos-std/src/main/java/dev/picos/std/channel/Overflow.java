package dev.picos.std.channel;

/** What happens when an item is sent while the buffer of the channel is full. */
public enum Overflow {
  /** The sender waits for a place. */
  WAIT,

  /**
   * The oldest item in the buffer is dropped, and the new one gets a place at the end. With room
   * for one item, the channel is <em>conflated</em>: a receiver gets the latest.
   */
  DROP_OLDEST,

  /**
   * The new item is dropped, even if a place becomes free at that moment, because of a receiver
   * that has not returned yet.
   */
  DROP_LATEST
}
