import org.jspecify.annotations.NullMarked;

/**
 * The libraries that run on every scheduler: structured concurrency in {@link
 * dev.picos.std.structured}, synchronization in {@link dev.picos.std.sync}, the variables to wait
 * on from which that can be made in {@link dev.picos.std.awaitable}, events to choose between in
 * {@link dev.picos.std.event}, channels in {@link dev.picos.std.channel}, and resources in {@link
 * dev.picos.std.resource}.
 */
@NullMarked
module dev.picos.std {
  requires transitive dev.picos.core;

  exports dev.picos.std.awaitable;
  exports dev.picos.std.channel;
  exports dev.picos.std.event;
  exports dev.picos.std.resource;
  exports dev.picos.std.structured;
  exports dev.picos.std.sync;
}
