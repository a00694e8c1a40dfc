package dev.picos.std.internal;

import dev.picos.core.Computation;
import dev.picos.core.Trigger;
import org.jspecify.annotations.Nullable;

/** A fiber that waits until another thread decides for it. */
public interface Waiting {
  // For maintainers.
  //
  // The trigger is signaled by the thread that decides, by the cancelation of the fiber, by the
  // limit, and also when the fiber's computation returns, which may happen when several fibers
  // share one. The last is no reason to stop, and the fiber goes on with a new trigger.
  //
  // Claim: no decision is slept through. Proof: all four accesses are volatile.
  //   1 The fiber stores the new trigger before it looks at the decision.
  //   2 The thread that decides stores the decision before it looks at the trigger.
  //   3 So the fiber sees the decision, or the thread sees and signals the new trigger.

  /** The trigger to signal after a decision; a volatile read. */
  Trigger trigger();

  /** Replaces the trigger to signal; a volatile write. */
  void replaceTrigger(Trigger trigger);

  /** Whether the decision has been made; a volatile read. */
  boolean isDecided();

  /**
   * Waits for a decision, no longer than until {@code limit} is completed if that is not null. Only
   * the fiber that waits may call this.
   *
   * @return {@code null} once the decision has been made. Else {@link Deadline#PASSED} after the
   *     limit, the reason that the fiber was canceled with, or the error that kept it from waiting;
   *     a decision may have been made all the same, which the caller finds out when it ends the
   *     wait
   */
  default @Nullable Throwable await(@Nullable Computation<?> limit) {
    Trigger trigger = trigger();
    for (; ; ) {
      Throwable reason = null;
      try {
        if (limit == null) {
          reason = trigger.await();
        } else if (limit.tryAttach(trigger)) { // else it is signaled, or too late
          reason = trigger.await();
          limit.detach(trigger);
        }
      } catch (Throwable thrown) { // when stack or memory is exhausted
        reason = thrown;
      }
      if (reason != null || isDecided()) {
        return reason;
      }
      if (limit != null && !limit.isRunning()) {
        return Deadline.PASSED;
      }
      try {
        trigger = new Trigger();
      } catch (OutOfMemoryError full) {
        return full;
      }
      replaceTrigger(trigger);
      if (isDecided()) {
        return null;
      }
    }
  }
}
