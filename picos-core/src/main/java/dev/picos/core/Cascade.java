package dev.picos.core;

import org.jspecify.annotations.Nullable;

/**
 * What a completion sets off: the signaling of triggers, and through cancelers the completion of
 * further computations.
 *
 * <p>A chain of cancelers is as long as scopes are nested, so it is followed with a list of what is
 * left to do and not on the stack. The order is that of the recursive formulation: the triggers of
 * a computation in its mode's order, and everything that a canceler sets off before the next
 * trigger. An action that throws does not keep the others from running; the first exception is
 * thrown at the end, with the later ones suppressed in it.
 */
final class Cascade {
  // For maintainers.
  //
  // By now the computation is completed, so nobody else will signal what is not signaled here, even
  // if memory runs out. Three things need memory, and each has a substitute that needs none:
  //   - for FIFO order the bag is copied in reverse; otherwise it is taken in the order it has;
  //   - what is left while a canceler is followed is kept as a Rest; otherwise on the stack;
  //   - a further exception is suppressed in the first; otherwise it is dropped.
  // If the bag were reversed ahead of the completion, no such care would be needed, but the work
  // would have to be done again each time that somebody attaches or detaches meanwhile.

  /** What is left of the bag of a computation whose completion was interrupted by a nested one. */
  private record Rest(Bag bag, @Nullable Rest below) {}

  private Cascade() {}

  /** Signals the triggers of a computation that has just been completed. */
  static void signal(Bag triggers) {
    if (!triggers.isEmpty()) {
      report(signal(triggers, null));
    }
  }

  /**
   * Signals the triggers of a computation that has just been completed. Returns what the actions
   * threw, joined with the {@code failure} so far; does not throw.
   */
  static @Nullable Throwable signal(Bag triggers, @Nullable Throwable failure) {
    Throwable thrownSoFar = failure;
    Rest stack = null;
    Bag bag = inSignalingOrder(triggers);
    for (; ; ) {
      Trigger trigger = bag.newest;
      if (trigger == null) {
        Rest rest = stack;
        if (rest == null) {
          return thrownSoFar;
        }
        stack = rest.below;
        bag = rest.bag;
        continue;
      }
      bag = bag.older();
      Trigger.Action<?, ?> action = trigger.take();
      if (action == null) {
        continue;
      }
      Bag further = null;
      try {
        if (action instanceof Trigger.Bound<?, ?> bound && bound.action() == Computation.CANCELER) {
          further = Computation.copyCancelation(bound);
        } else {
          trigger.run(action);
        }
      } catch (Throwable thrown) {
        thrownSoFar = joined(thrownSoFar, thrown);
      }
      if (further == null || further.isEmpty()) {
        continue;
      }
      if (bag.isEmpty()) {
        bag = inSignalingOrder(further);
        continue;
      }
      try {
        stack = new Rest(bag, stack);
        bag = inSignalingOrder(further);
      } catch (OutOfMemoryError full) {
        thrownSoFar = signal(further, thrownSoFar);
      }
    }
  }

  /** Throws what the actions threw, if anything. */
  static void report(@Nullable Throwable failure) {
    if (failure != null) {
      throw Cascade.<RuntimeException>unchanged(failure);
    }
  }

  /**
   * Gives {@code thrown}, which concerns nobody on the stack, to the uncaught-exception handler of
   * the calling thread, which goes on. Does not throw.
   */
  static void reportUncaught(Throwable thrown) {
    try {
      Thread thread = Thread.currentThread();
      thread.getUncaughtExceptionHandler().uncaughtException(thread, thrown);
    } catch (Throwable ignored) {
      // as the JVM itself does
    }
  }

  private static Bag inSignalingOrder(Bag triggers) {
    try {
      return triggers.inSignalingOrder();
    } catch (OutOfMemoryError full) {
      return triggers;
    }
  }

  private static Throwable joined(@Nullable Throwable failure, Throwable thrown) {
    if (failure == null) {
      return thrown;
    }
    try {
      if (failure != thrown) {
        failure.addSuppressed(thrown);
      }
    } catch (OutOfMemoryError full) {
      // The first one is thrown nonetheless.
    }
    return failure;
  }

  @SuppressWarnings(
      "unchecked") // an action declares no checked exception; one thrown undeclared passes through
  private static <E extends Throwable> E unchanged(Throwable thrown) throws E {
    throw (E) thrown;
  }
}
