package dev.picos.core;

import org.jspecify.annotations.Nullable;

/**
 * Work that is given something and returns a value.
 *
 * @param <A> what it is given
 * @param <T> what it returns
 * @param <E> the checked exception it may throw; {@link RuntimeException} when there is none
 */
@FunctionalInterface
public interface BodyWith<
    A extends @Nullable Object, T extends @Nullable Object, E extends Exception> {
  /** Does the work with {@code given}. */
  T run(A given) throws E;
}
