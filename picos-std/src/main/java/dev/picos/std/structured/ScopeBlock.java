package dev.picos.std.structured;

/**
 * The main body of a {@link Bundle}, which returns nothing.
 *
 * @param <E> the checked exception it may throw; {@link RuntimeException} when there is none
 */
@FunctionalInterface
public interface ScopeBlock<E extends Exception> {
  /** Does the work, some of it in fibers forked in {@code bundle}. */
  void run(Bundle bundle) throws E;
}
