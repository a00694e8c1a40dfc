package dev.picos.std.sync;

import dev.picos.std.internal.TellsOfCause;
import java.io.Serial;
import org.jspecify.annotations.Nullable;

/**
 * Thrown by a lock, semaphore or barrier that has been poisoned: a fiber failed, or was canceled,
 * at a time when others relied on it, and so what is protected cannot be relied on any more.
 *
 * <p>The cause is what it was poisoned with, often the very object that the fiber failed with,
 * which all these exceptions share; {@code null} if none was given. Since every fiber that comes
 * later gets one, these exceptions are cheap: they have no stack trace, and record nothing as
 * suppressed.
 */
@SuppressWarnings("exports") // nobody else needs to know that it tells of its cause
public final class PoisonedException extends RuntimeException implements TellsOfCause {
  @Serial private static final long serialVersionUID = 1L;

  PoisonedException(@Nullable Throwable cause) {
    super(
        "poisoned: a fiber failed that others relied on; replace what it left",
        cause,
        false,
        false);
  }
}
