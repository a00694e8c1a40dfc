package dev.picos.std.structured;

import org.jspecify.annotations.Nullable;

/**
 * A place for the error of one fiber in the list that its bundle keeps, latest first.
 *
 * <p>The object that runs a fiber is itself the place for its error, so that even a lack of memory
 * can be kept as an error.
 */
class Failure {
  // The fiber that failed writes both, before the compare-and-set that adds this to the list.
  @Nullable Throwable error;
  @Nullable Failure earlier;
}
