package dev.picos.core;

/**
 * Work that returns nothing.
 *
 * @param <E> the checked exception it may throw; {@link RuntimeException} when there is none
 */
@FunctionalInterface
public interface Block<E extends Exception> {
  /** Does the work. */
  void run() throws E;
}
