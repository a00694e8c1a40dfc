package dev.picos.domains;

import dev.picos.core.Fiber;
import org.jspecify.annotations.Nullable;

/**
 * A fiber that is ready to run: a new one, or one that was suspended and has been resumed. A {@link
 * Policy} keeps these in its queues. A fiber is handed to the policy each time it becomes ready,
 * and {@link Policy#next} gives it back once for each time.
 */
public abstract sealed class Ready permits Start, Host {
  /** The next one in the {@link Inbox} or in {@link Seat#late}, while this is there. */
  @Nullable Ready below;

  Ready() {}

  /** Returns the fiber. */
  public abstract Fiber fiber();

  /** Whether it is resumed because it is canceled, as far as one can tell at present. */
  abstract boolean goesFirst();
}
