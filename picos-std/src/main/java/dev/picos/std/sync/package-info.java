/**
 * Synchronization between fibers, of any schedulers, and plain threads: whoever waits suspends and
 * blocks nobody else.
 *
 * <p>{@link Mutex}, its {@link Condition} and {@link Semaphore} are fair: waiters are served in the
 * order in which they came, and what is released is handed to the first of them directly. A {@link
 * Latch} waits for a number of things to be done, an {@link Ivar} is a variable that is filled
 * once, a {@link Lazy} value is computed once, and a {@link Broadcast} is a sequence of values that
 * any number of readers follow.
 *
 * <p>What can be waited for can be waited for no longer than a {@link java.time.Duration}. Then the
 * time may be over at the moment at which what one waits for comes; exactly one of the two is
 * reported, and nothing is lost. Timeouts are by a monotonic clock, never early, and one beyond 292
 * years is taken as that. One that is not used is gone as soon as the wait is over.
 *
 * <p>{@link PoisonLock}, {@link PoisonRwLock} and {@link PoisonSemaphore} are unfair: whoever comes
 * at the right moment is served ahead of those who wait, which is faster where many contend. They,
 * and {@link PoisonBarrier}, can be poisoned, so that a fiber that fails at a bad time takes nobody
 * in. They are made from {@link dev.picos.std.awaitable.AwaitableInt} and its like.
 *
 * <p>A fiber that is canceled while it waits stops waiting, throws the reason and leaves nothing
 * behind; what was handed to it at the same moment goes on to the next. Giving back (unlock,
 * release, signal, decrement, fill) is never cut short by cancelation. Interrupts play no part; see
 * {@link dev.picos.core.Fiber}.
 */
package dev.picos.std.sync;
