package dev.picos.std.structured;

import org.jspecify.annotations.Nullable;

/**
 * A place for the error of one fiber in the list that its bundle keeps, latest first.
 *
 * <p>What runs a fiber is its own place, so that an error can be kept when there is no memory to
 * report the lack of it.
 */
class Failure {
  // Written by the fiber that failed, before the compare-and-set that adds this to the list.
  @Nullable Throwable error;
  @Nullable Failure earlier;
}
