package dev.picos.core;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How a scheduler suspends a fiber in {@link Handler#await}, so that the signal of the trigger and
 * the cancelation of the fiber both resume it. Only schedulers need this; everybody else calls
 * {@link Trigger#await}.
 *
 * {@snippet :
 * public @Nullable Throwable await(Trigger trigger) {
 *   if (!Suspension.tryBegin(fiber, trigger, this, null, (t, scheduler, none) -> scheduler.resume())) {
 *     return fiber.cancelReason();
 *   }
 *   suspendUntilResumed();
 *   return Suspension.end(fiber, trigger);
 * }
 * }
 */
public final class Suspension {
  /** This is not a field of the fiber, since few fibers need it, and all would be bigger. */
  private static final FiberLocal<@Nullable Computation<?>> CANCELED_BY_INTERRUPT =
      new FiberLocal<>();

  private Suspension() {}

  /**
   * Arranges that {@code resume} is run when {@code trigger} is signaled, and, unless {@code fiber}
   * forbids cancelation, that the cancelation of its computation signals the trigger. Called by the
   * fiber itself.
   *
   * @return {@code true} if {@code resume} will run exactly once, in any thread and perhaps before
   *     this returns; whoever then continues the fiber calls {@link #end} once. {@code false} if
   *     the trigger is signaled and the fiber is to continue at once
   * @throws IllegalStateException if the trigger is being awaited or has an action attached
   * @throws OutOfMemoryError if there is no memory; nothing has been arranged then. If {@code x}
   *     and {@code y} are {@code null} and the fiber forbids cancelation, this takes no memory
   */
  @CheckReturnValue
  public static <X extends @Nullable Object, Y extends @Nullable Object> boolean tryBegin(
      Fiber fiber, Trigger trigger, X x, Y y, Trigger.Action<? super X, ? super Y> resume) {
    if (fiber.forbidsCancelation()) {
      return trigger.onSignal(x, y, resume);
    }
    // What takes memory comes first, so that nothing is left attached if there is none.
    Trigger.Action<?, ?> action = Trigger.bind(x, y, Objects.requireNonNull(resume, "resume"));
    Computation<?> computation = fiber.computation();
    if (trigger.isInitial() && computation.tryAttach(trigger)) {
      if (trigger.onSignal(action)) {
        return true;
      }
      computation.release(trigger);
      return false;
    }
    if (computation.isCanceled()) {
      trigger.dispose();
      return false;
    }
    return trigger.onSignal(action);
  }

  /**
   * Gives up what {@link #tryBegin} arranged, once, after the trigger was signaled and before the
   * fiber continues.
   *
   * @return the reason if the fiber is canceled, which then may be continued ahead of others, else
   *     {@code null}
   * @throws IllegalStateException if the trigger is not signaled
   */
  public static @Nullable Throwable end(Fiber fiber, Trigger trigger) {
    if (!trigger.isSignaled()) {
      throw new IllegalStateException("not signaled: " + trigger);
    }
    if (fiber.forbidsCancelation()) {
      return null;
    }
    Computation<?> computation = fiber.computation();
    computation.release(trigger);
    return computation.cancelReason();
  }

  /**
   * Says that the thread of {@code fiber}, which is the calling one, was interrupted while the
   * fiber was suspended, and that its interrupt status has been cleared. If the fiber has
   * {@linkplain Fiber#exchangeCanceledByInterrupt asked for that}, this cancels a computation. Does
   * not throw.
   *
   * @return whether the interrupt has been used up; if not, the scheduler sets the status again
   *     when the fiber continues
   */
  public static boolean interrupted(Fiber fiber) {
    Computation<?> computation = CANCELED_BY_INTERRUPT.getOrDefault(fiber, null);
    if (computation == null) {
      return false;
    }
    try {
      InterruptedException reason = new InterruptedException("interrupted while it waited");
      try {
        return computation.tryCancel(reason);
      } catch (Throwable byListener) {
        reason.addSuppressed(byListener);
        return true;
      }
    } catch (OutOfMemoryError full) {
      return computation.isCanceled(); // otherwise the interrupt status is set again
    }
  }

  static @Nullable Computation<?> exchangeCanceledByInterrupt(
      Fiber fiber, @Nullable Computation<?> computation) {
    Computation<?> before = CANCELED_BY_INTERRUPT.getOrDefault(fiber, null);
    if (computation == null) {
      CANCELED_BY_INTERRUPT.remove(fiber);
    } else {
      CANCELED_BY_INTERRUPT.set(fiber, computation);
    }
    return before;
  }
}
