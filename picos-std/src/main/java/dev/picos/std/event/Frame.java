package dev.picos.std.event;

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
    final Event.Mapper<?, ?> mapper;

    Wrap(Event.Mapper<?, ?> mapper, @Nullable Frame outer) {
      super(outer);
      this.mapper = mapper;
    }
  }

  /** Something that wants to know whether the alternative was not the one. */
  static final class Nack extends Frame {
    final Computation<@Nullable Void> lost = new Computation<>();

    /** The one met before, anywhere in the same synchronization. */
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
