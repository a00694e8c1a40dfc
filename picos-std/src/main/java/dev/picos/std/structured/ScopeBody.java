package dev.picos.std.structured;

import org.jspecify.annotations.Nullable;

/**
 * The main body of a {@link Bundle}, which returns a value.
 *
 * @param <T> what it returns
 * @param <E> the checked exception it may throw; {@link RuntimeException} when there is none
 */
@FunctionalInterface
public interface ScopeBody<T extends @Nullable Object, E extends Exception> {
  /** Does the work, some of it in fibers forked in {@code bundle}. */
  T run(Bundle bundle) throws E;
}
