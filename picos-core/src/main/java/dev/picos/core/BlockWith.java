package dev.picos.core;

import org.jspecify.annotations.Nullable;

/**
 * Work that is given something and returns nothing.
 *
 * @param <A> what it is given
 * @param <E> the checked exception it may throw; {@link RuntimeException} when there is none
 */
@FunctionalInterface
public interface BlockWith<A extends @Nullable Object, E extends Exception> {
  /** Does the work with {@code given}. */
  void run(A given) throws E;
}
