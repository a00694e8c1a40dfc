package dev.picos.std.sync;

import java.io.Serial;

/**
 * Thrown at the end of a {@link Broadcast} that was closed: to publishers, and to readers that have
 * read everything.
 */
public final class BroadcastClosedException extends IllegalStateException {
  @Serial private static final long serialVersionUID = 1L;

  BroadcastClosedException() {
    super("closed: nothing comes after what was published");
  }
}
