/**
 * What schedulers and concurrency libraries agree on.
 *
 * <p>A library waits with a {@link Trigger}, cancels with a {@link Computation}, and starts work
 * with a {@link Fiber}; it never names a scheduler. A scheduler implements the five operations of
 * {@link Handler} and never names a library. Every Java thread is a fiber from its first use of an
 * operation on, so that a library written against this package works with no scheduler at all.
 */
package dev.picos.core;
