package dev.picos.std.awaitable;

import dev.picos.core.Trigger;

/**
 * A trigger's place among the waiters of an awaitable, until it is signaled or removed. For authors
 * of waits of their own; all others use {@code await}.
 *
 * {@snippet :
 * Trigger trigger = new Trigger();
 * Registration registration = awaitable.add(trigger);
 * Throwable reason = condition() ? null : trigger.await();
 * if (!registration.remove() && reason != null) {
 *   awaitable.signal(); // what came to this fiber, which does not need it, goes to another
 * }
 * }
 *
 * <p>Progress: lock-free, amortised constant time.
 */
public final class Registration {
  private final Awaitable awaitable;
  private final Expectation expectation;

  Registration(Awaitable awaitable, Trigger trigger) {
    this.awaitable = awaitable;
    expectation = new Expectation(trigger, Expectation.ANY, 0);
    awaitable.enter(expectation);
  }

  /**
   * Gives up the place, if the trigger still has it. Call this when the trigger has been signaled
   * by something else, or will not be awaited; otherwise it is needless and harmless. The trigger
   * is not touched. Not cancelable.
   *
   * @return {@code false} if the awaitable has signaled the trigger, now or at any time before; a
   *     caller that has no use for the signal passes it on by {@link Awaitable#signal}
   */
  public boolean remove() {
    if (expectation.abandon()) {
      awaitable.ended(1);
      return true;
    }
    return expectation.isAbandoned();
  }

  /** Names the state, for people. */
  @Override
  public String toString() {
    return "Registration["
        + (expectation.isGranted() ? "signaled" : expectation.isAbandoned() ? "removed" : "waiting")
        + "]";
  }
}
