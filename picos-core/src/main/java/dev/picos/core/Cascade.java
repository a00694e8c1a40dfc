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
 * reported at the end, the later ones suppressed in it.
 *
 * <p>Used by one thread, for one completion.
 */
final class Cascade {
  private @Nullable Rest stack;
  private @Nullable Throwable failure;

  /** What is left of the bag of a computation whose completion was interrupted by a nested one. */
  private record Rest(Bag bag, @Nullable Rest below) {}

  /** Signals the triggers of a computation that has just been completed. */
  static void signal(Bag triggers) {
    if (!triggers.isEmpty()) {
      Cascade cascade = new Cascade();
      cascade.add(triggers);
      cascade.finish();
    }
  }

  /** Signals the triggers of a computation that has just been completed; does not throw. */
  void add(Bag triggers) {
    Bag bag = triggers.inSignalingOrder();
    for (; ; ) {
      Trigger trigger = bag.newest;
      if (trigger == null) {
        Rest rest = stack;
        if (rest == null) {
          return;
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
        collect(thrown);
      }
      if (further != null && !further.isEmpty()) {
        if (!bag.isEmpty()) {
          stack = new Rest(bag, stack);
        }
        bag = further.inSignalingOrder();
      }
    }
  }

  /** Reports what the actions threw. */
  void finish() {
    if (failure != null) {
      throw Cascade.<RuntimeException>unchanged(failure);
    }
  }

  private void collect(Throwable thrown) {
    if (failure == null) {
      failure = thrown;
    } else if (failure != thrown) {
      failure.addSuppressed(thrown);
    }
  }

  @SuppressWarnings(
      "unchecked") // an action declares no checked exception; one thrown on the sly goes on
  private static <E extends Throwable> E unchanged(Throwable thrown) throws E {
    throw (E) thrown;
  }
}
