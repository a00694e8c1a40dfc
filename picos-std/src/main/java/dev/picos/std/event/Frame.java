package dev.picos.std.event;

import dev.picos.core.BodyWith;
import dev.picos.core.Computation;
import org.jspecify.annotations.Nullable;

/** What surrounds an alternative within the event that is synchronized on. */
abstract sealed class Frame {
  final @Nullable Frame outer;

  private Frame(@Nullable Frame outer) {
    this.outer = outer;
  }

  /** A function to be applied to what the alternative gave. */
  static final class Wrap extends Frame {
    final BodyWith<?, ?, ?> mapper;

    Wrap(BodyWith<?, ?, ?> mapper, @Nullable Frame outer) {
      super(outer);
      this.mapper = mapper;
    }
  }

  /** A function that makes a value of the exception that the alternative failed with. */
  static final class Handle extends Frame {
    final BodyWith<? super Exception, ?, ?> handler;

    Handle(BodyWith<? super Exception, ?, ?> handler, @Nullable Frame outer) {
      super(outer);
      this.handler = handler;
    }
  }

  /** A nack, to be told if the alternative was not chosen. */
  static final class Nack extends Frame {
    final Computation<@Nullable Void> lost = new Computation<>();

    /** The nack that was met before, anywhere in the same synchronization. */
    final @Nullable Nack earlier;

    Nack(@Nullable Nack earlier, @Nullable Frame outer) {
      super(outer);
      this.earlier = earlier;
    }

    boolean surrounds(@Nullable Frame path) {
      Frame frame = path;
      while (frame != null && frame != this) {
        frame = frame.outer;
      }
      return frame == this;
    }
  }
}
