/**
 * Atomic variables that fibers can wait on: the futex of Picos, from which locks and the like are
 * made.
 *
 * <p>{@link dev.picos.std.awaitable.AwaitableInt}, {@link dev.picos.std.awaitable.AwaitableLong}
 * and {@link dev.picos.std.awaitable.AwaitableReference}, which holds a reference, are read and
 * changed like the atomics of the JDK, which wakes no fiber. A fiber that finds a value with which
 * it cannot go on awaits another one; a fiber that changes the value then says so with {@code
 * signal} or {@code broadcast}. So the costly part is done only where a fiber has to wait, and the
 * rest is one atomic operation.
 */
@NullMarked
package dev.picos.std.awaitable;

import org.jspecify.annotations.NullMarked;
