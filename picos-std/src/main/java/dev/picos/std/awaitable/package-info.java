/**
 * Atomic variables that fibers can wait on: the futex of Picos, from which locks and the like are
 * made.
 *
 * <p>{@link dev.picos.std.awaitable.AwaitableInt}, {@link dev.picos.std.awaitable.AwaitableLong}
 * and {@link dev.picos.std.awaitable.Awaitable}, which holds a reference, are read and changed like
 * the atomics of the JDK, and that wakes nobody. A fiber that finds a value it cannot go on with
 * awaits another one; whoever changes the value then says so with {@code signal} or {@code
 * broadcast}. So what costs something is done only where somebody has to wait, and the rest is one
 * atomic operation.
 */
@NullMarked
package dev.picos.std.awaitable;

import org.jspecify.annotations.NullMarked;
