/**
 * {@link dev.picos.std.channel.Channel Channels}, which pass items between fibers, of any
 * schedulers, and plain threads, with or without a buffer; whose ends are also {@linkplain
 * dev.picos.std.event.Event events} to choose between; and which connect to {@link
 * java.util.concurrent.Flow}.
 */
package dev.picos.std.channel;
