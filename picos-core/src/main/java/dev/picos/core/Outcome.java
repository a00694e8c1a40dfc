package dev.picos.core;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How a {@link Computation} ended.
 *
 * {@snippet :
 * String text =
 *     switch (computation.peek()) {
 *       case null -> "still running";
 *       case Outcome.Returned<Integer>(Integer value) -> "returned " + value;
 *       case Outcome.Canceled<Integer>(Throwable reason) -> "canceled: " + reason;
 *     };
 * }
 *
 * @param <T> what the computation returns
 */
public sealed interface Outcome<T extends @Nullable Object> {
  /**
   * It returned.
   *
   * @param value the value, possibly {@code null}
   * @param <T> the type of the value
   */
  record Returned<T extends @Nullable Object>(T value) implements Outcome<T> {}

  /**
   * It was canceled.
   *
   * @param reason the very object it was canceled with
   * @param <T> what it would have returned
   */
  record Canceled<T extends @Nullable Object>(Throwable reason) implements Outcome<T> {
    /** Refuses a missing reason. */
    public Canceled {
      Objects.requireNonNull(reason, "reason");
    }
  }
}
