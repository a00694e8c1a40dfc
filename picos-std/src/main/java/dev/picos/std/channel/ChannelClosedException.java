package dev.picos.std.channel;

import dev.picos.std.internal.TellsOfCause;
import java.io.Serial;
import org.jspecify.annotations.Nullable;

/**
 * Thrown by a {@link Channel} that is closed: to senders, and to receivers when nothing is left.
 * Its {@linkplain #getCause() cause} is what the channel was closed with, if any.
 */
@SuppressWarnings("exports") // nobody else needs to know that it tells of its cause
public final class ChannelClosedException extends IllegalStateException implements TellsOfCause {
  @Serial private static final long serialVersionUID = 1L;

  ChannelClosedException(@Nullable Throwable cause) {
    super("closed: this channel takes nothing any more, and nothing is left in it", cause);
  }
}
