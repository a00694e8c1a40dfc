package dev.picos.std.resource;

import org.jspecify.annotations.Nullable;

/**
 * Work with a resource, with a result.
 *
 * @param <R> the resource
 * @param <T> what the work returns
 * @param <E> the checked exception it may throw; {@link RuntimeException} when there is none
 */
@FunctionalInterface
public interface ResourceBody<
    R extends @Nullable Object, T extends @Nullable Object, E extends Exception> {
  /** Does the work. */
  T run(R resource) throws E;
}
