package dev.picos.std.channel;

/**
 * What happens to a channel when its partner in a {@link java.util.concurrent.Flow} ends: a
 * publisher that sends on it, or a subscriber that receives from it.
 */
public enum OnEnd {
  /** The channel ends with it; for a partner that is the only one on its side. */
  CLOSE,

  /** The channel stays open for others. */
  KEEP_OPEN
}
