package dev.picos.std.resource;

import org.jspecify.annotations.Nullable;

/**
 * Work with a resource, such as its release, that returns nothing.
 *
 * @param <R> the resource
 * @param <E> the checked exception it may throw; {@link RuntimeException} when there is none
 */
@FunctionalInterface
public interface ResourceBlock<R extends @Nullable Object, E extends Exception> {
  /** Does the work. */
  void run(R resource) throws E;
}
