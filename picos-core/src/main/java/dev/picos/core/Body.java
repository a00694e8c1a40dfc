package dev.picos.core;

import org.jspecify.annotations.Nullable;

/**
 * Work that returns a value.
 *
 * @param <T> what it returns
 * @param <E> the checked exception it may throw; {@link RuntimeException} when there is none
 */
@FunctionalInterface
public interface Body<T extends @Nullable Object, E extends Exception> {
  /** Does the work. */
  T run() throws E;
}
