package dev.picos.std.structured;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Trigger;
import dev.picos.core.internal.Headroom;
import org.jspecify.annotations.Nullable;

/**
 * A part of the calling fiber's work that runs under a computation of its own, so that it can be
 * canceled alone. An instance is made where the part begins, and left where it ends.
 *
 * <p>What cancels the surrounding computation cancels the inner one, with the same reason. There
 * are two exceptions: the fiber may forbid cancelation, and so be shielded from what surrounds the
 * part, or the surrounding computation may have returned, and so never be canceled. Within the part
 * the fiber permits cancelation: what cancels the inner computation reaches it.
 *
 * <p>If cancelation may {@linkplain Interruption interrupt} the fiber, that of the inner
 * computation does so, too.
 */
final class Enclosure {
  private final Fiber fiber = Fiber.current();
  private final Computation<?> surrounding = fiber.computation();
  private final boolean forbade = fiber.forbidsCancelation();
  private final @Nullable Trigger canceler;
  private final @Nullable Interruption interruption;

  private Enclosure(Computation<?> inner, boolean shielded) {
    canceler = shielded || forbade ? null : link(surrounding, inner);
    try {
      interruption = Interruption.within(fiber, inner);
    } catch (Throwable thrown) { // when stack or memory is exhausted
      unlink();
      throw thrown;
    }
    fiber.setComputation(inner);
    fiber.setForbidCancelation(false);
  }

  /**
   * Begins a part under {@code inner}. If the fiber is canceled, this throws the reason and changes
   * nothing; so it does if there might be too little stack to leave the part again.
   */
  static Enclosure begin(Computation<?> inner) {
    Headroom.requireForScope();
    return new Enclosure(inner, false);
  }

  /** Begins a part under {@code inner} that is shielded from what surrounds it. */
  static Enclosure beginShielded(Computation<?> inner) {
    Headroom.requireForScope();
    return new Enclosure(inner, true);
  }

  private static @Nullable Trigger link(Computation<?> surrounding, Computation<?> inner) {
    Trigger canceler = Computation.canceler(surrounding, inner);
    if (surrounding.tryAttach(canceler)) {
      return canceler;
    }
    surrounding.check();
    return null; // it has returned
  }

  Fiber fiber() {
    return fiber;
  }

  /**
   * Ends the part for the fiber. It goes on under the surrounding computation, and forbids
   * cancelation until {@link #leave}. What cancels the surrounding computation still cancels the
   * inner one.
   */
  void beginLeaving() {
    fiber.setComputation(surrounding);
    fiber.setForbidCancelation(true);
    if (interruption != null) {
      interruption.end();
    }
  }

  /** Ends the part. */
  void leave() {
    fiber.setComputation(surrounding);
    fiber.setForbidCancelation(forbade);
    if (interruption != null) {
      interruption.end();
    }
    unlink();
  }

  private void unlink() {
    if (canceler != null) {
      surrounding.detach(canceler);
    }
  }

  /** Returns what to throw instead of {@code thrown}, which has ended the part. */
  Throwable explained(Throwable thrown) {
    return interruption == null ? thrown : interruption.explained(thrown);
  }
}
