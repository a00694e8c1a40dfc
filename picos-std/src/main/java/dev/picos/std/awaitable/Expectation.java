package dev.picos.std.awaitable;

import dev.picos.core.Trigger;
import dev.picos.std.internal.Waiter;
import org.jspecify.annotations.Nullable;

/** A waiter for an awaitable to have another value than the waiter expects. */
final class Expectation extends Waiter {
  /** An object that no awaitable ever holds, and that so differs from every value. */
  static final Object ANY = new Object();

  // Either a reference, with the number 0, or a number, with the reference null.
  private final @Nullable Object reference;
  private final long number;

  Expectation(Trigger trigger, @Nullable Object reference, long number) {
    super(null, trigger);
    this.reference = reference;
    this.number = number;
  }

  /** Whether a signal may wake this waiter while the value is the given one. */
  @SuppressWarnings("ReferenceEquality") // identity is the contract
  boolean waitsForOtherThan(@Nullable Object reference, long number) {
    return this.reference != reference || this.number != number;
  }
}
