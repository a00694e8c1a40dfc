package dev.picos.tests.linearizability;

import java.util.List;

/**
 * What a primitive would do if its operations were atomic, over states that are values.
 *
 * @param <S> the states
 */
interface Model<S> {
  S initial();

  /**
   * The state after {@code operation} in {@code state}, or {@code null} if it cannot have that
   * result there.
   */
  S after(S state, Operation operation);

  /** Whether {@code operation} has to wait in {@code state}. */
  boolean waits(S state, Operation operation);

  /** Whether all of these have to wait in {@code state}, which is the last. */
  default boolean wait(S state, List<Operation> operations) {
    return operations.stream().allMatch(operation -> waits(state, operation));
  }

  /**
   * The state after an operation that was canceled has got in {@code state} what it waited for; or
   * {@code null} if it cannot have, there or at all.
   */
  default S afterGrant(S state, Operation canceled) {
    return null;
  }

  /** The state after it has given that back. */
  default S afterReturn(S state, Operation canceled) {
    throw new AssertionError(canceled);
  }
}
