package dev.picos.std.internal;

import dev.picos.core.Block;
import dev.picos.core.BlockWith;
import dev.picos.core.Body;
import dev.picos.core.BodyWith;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Blocks as bodies, so that an operation has one implementation for both. */
public final class Bodies {
  private Bodies() {}

  /** Returns a body that does the work of {@code block}, and then returns {@code null}. */
  public static <E extends Exception> Body<@Nullable Void, E> of(Block<E> block) {
    Objects.requireNonNull(block, "block");
    return () -> {
      block.run();
      return null;
    };
  }

  /** Returns a body that does the work of {@code block}, and then returns {@code null}. */
  public static <A extends @Nullable Object, E extends Exception> BodyWith<A, @Nullable Void, E> of(
      BlockWith<? super A, E> block) {
    Objects.requireNonNull(block, "block");
    return given -> {
      block.run(given);
      return null;
    };
  }
}
