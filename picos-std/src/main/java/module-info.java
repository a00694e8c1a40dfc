import org.jspecify.annotations.NullMarked;

/**
 * The libraries that run on every scheduler: structured concurrency in {@link
 * dev.picos.std.structured}, synchronization in {@link dev.picos.std.sync}.
 */
@NullMarked
module dev.picos.std {
  requires transitive dev.picos.core;

  exports dev.picos.std.structured;
  exports dev.picos.std.sync;
}
