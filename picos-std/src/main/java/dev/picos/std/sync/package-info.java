/**
 * Synchronization between fibers of any schedulers, and plain threads: a fiber that waits is
 * suspended, and blocks no other.
 *
 * <p>{@link Mutex}, {@link Condition} and {@link Semaphore} are fair: waiters are served in the
 * order in which they came, and what is released is handed directly to the first of them. With a
 * {@link Latch}, fibers wait until a number of things are done, an {@link Ivar} is a variable that
 * is filled once, a {@link Lazy} value is computed once, and a {@link Broadcast} is a sequence of
 * values that any number of readers follow.
 *
 * <p>Every wait can be limited to a {@link java.time.Duration}. The time may be over at the very
 * moment at which the wait succeeds; then exactly one of the two is reported, and nothing is lost.
 * Timeouts use a monotonic clock and are never early; one of more than 292 years counts as 292
 * years. A timeout that is not needed is removed as soon as the wait is over.
 *
 * <p>{@link PoisonLock}, {@link PoisonRwLock} and {@link PoisonSemaphore} are unfair: a fiber that
 * comes at the right moment is served ahead of those that wait, which is faster where many contend.
 * They, and {@link PoisonBarrier}, can be poisoned, so that no fiber relies on something that
 * another one left in disorder when it failed. They are made from {@link
 * dev.picos.std.awaitable.AwaitableInt} and its like.
 *
 * <p>A fiber that is canceled while it waits stops waiting, throws the reason and leaves nothing
 * behind; what was handed to it at the same moment goes on to the next fiber. Cancelation never
 * cuts short an operation that gives something back (unlock, release, signal, decrement, fill).
 * Interrupts play no part; see {@link dev.picos.core.Fiber}.
 */
package dev.picos.std.sync;
