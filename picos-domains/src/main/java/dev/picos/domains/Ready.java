package dev.picos.domains;

import dev.picos.core.Fiber;

/**
 * A fiber that is ready to run: a new one, or one that was suspended and has been resumed. What a
 * {@link Policy} keeps in its queues. It is handed to the policy each time the fiber becomes ready,
 * and given back by {@link Policy#next} once for each time.
 */
public abstract sealed class Ready permits Start, Host {
  Ready() {}

  /** Returns the fiber. */
  public abstract Fiber fiber();

  /** Whether it is resumed because it is canceled, as far as one can tell at present. */
  abstract boolean goesFirst();
}
