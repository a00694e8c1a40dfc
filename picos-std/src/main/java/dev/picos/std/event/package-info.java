/**
 * Waiting as a value, in the manner of Concurrent ML: {@link Event events} can be combined, chosen
 * between and passed along before a fiber waits for them.
 *
 * <p>Events come from channels ({@link dev.picos.std.channel.Channel}), from the primitives of
 * {@link dev.picos.std.sync}, from promises, from any {@link dev.picos.core.Computation}, and from
 * time. Authors of libraries make their own from a {@link Request}, which is given an {@link Offer}
 * in each synchronization.
 */
package dev.picos.std.event;
