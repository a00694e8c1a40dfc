/**
 * {@link dev.picos.std.channel.Channel Channels}, which pass items between fibers of any
 * schedulers, and plain threads.
 *
 * <p>A channel may have a buffer, and the buffer may drop items that it has no room for. The two
 * ends of a channel, {@link dev.picos.std.channel.Sink} and {@link dev.picos.std.channel.Source},
 * can be handed out alone. They give {@linkplain dev.picos.std.event.Event events} to choose
 * between, and connect to {@link java.util.concurrent.Flow}.
 */
package dev.picos.std.channel;
