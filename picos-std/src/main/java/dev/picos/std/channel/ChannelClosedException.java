package dev.picos.std.channel;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/**
 * Thrown by a {@link Channel} that is closed: to those who send, and to those who receive when
 * nothing is left. Its {@linkplain #getCause() cause} is what the channel was closed with, if any.
 */
public final class ChannelClosedException extends IllegalStateException {
  @Serial private static final long serialVersionUID = 1L;

  ChannelClosedException(@Nullable Throwable cause) {
    super("closed: this channel takes nothing any more, and nothing is left in it", cause);
  }
}
