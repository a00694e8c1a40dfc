package dev.picos.std.sync;

import dev.picos.std.event.Event;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Something that fibers can wait for while they hold a lock; made by {@link Mutex#newCondition},
 * {@link PoisonLock#newCondition}, {@link PoisonRwLock#newCondition} and {@link
 * PoisonRwLock#newSharedCondition}.
 *
 * {@snippet :
 * Item take() {
 *   return mutex.callLocked(() -> {
 *     while (items.isEmpty()) {
 *       notEmpty.await();
 *     }
 *     return items.remove();
 *   });
 * }
 *
 * void put(Item item) {
 *   mutex.runLocked(() -> items.add(item));
 *   notEmpty.signal();
 * }
 * }
 *
 * <p>Fair: a signal wakes the fiber that has waited longest, whether or not the lock is fair. Call
 * {@link #await()} in a loop that checks what it waits for: other fibers may have had the lock
 * between the signal and the return, and a wake-up may come without a signal meant for the caller.
 *
 * <p>Signaling takes no lock, whether or not the caller holds it. What a fiber does before it
 * signals happens before what the woken fiber does after {@link #await()}, through the signal, and
 * also through the lock if it was done under the lock.
 *
 * <p>Progress: everything but the waiting is lock-free, in constant time for each fiber woken.
 * Space: two references, and some 50 bytes for each waiter, 80 where the lock can be poisoned;
 * waiters that are canceled are cleaned up in amortised constant time, and no more of them are kept
 * than there are others.
 */
public sealed interface Condition permits LockCondition {
  /**
   * Releases the lock, waits for a signal, and takes the lock again, exclusively or shared as this
   * condition was made for. However this ends, the calling fiber has the lock again, unless the
   * lock is poisoned or frozen, and forbids cancelation or not as before. In between, other fibers
   * may have had the lock.
   *
   * <p>Cancelation: a fiber that is canceled before or while it waits throws the reason, once it
   * has the lock again. Taking the lock cannot be canceled. A signal that came at the same moment
   * goes to the next waiter.
   *
   * @throws IllegalMonitorStateException if the calling fiber does not have the lock, or, where the
   *     lock does not know its owner, if nobody has it; nothing is changed then
   * @throws PoisonedException if the lock is poisoned, before this call or when it is to be taken
   *     again; also instead of the reason of a cancelation
   * @throws FrozenException if the lock is to be taken exclusively and is frozen, before this call
   *     or when it is to be taken again
   */
  void await();

  /**
   * As {@link #await()}, but waits for a signal no longer than {@code timeout}. With a timeout of
   * zero no signal can come, and the lock is only released for a moment.
   *
   * <p>The timeout ends the wait for the signal, not the wait for the lock. So this may return
   * later than the timeout, by as long as other fibers keep the lock.
   *
   * <p>Cancelation: as {@link #await()}. If {@code timeout} is zero, a fiber that is canceled
   * before does not release the lock.
   *
   * @return {@code true} after a signal, also if it came just when the time was over; {@code false}
   *     when the time is over, and then no signal was spent on the caller, and nothing is left of
   *     the wait
   * @throws IllegalArgumentException if {@code timeout} is negative
   * @throws IllegalMonitorStateException as {@link #await()}
   * @throws PoisonedException as {@link #await()}
   * @throws FrozenException as {@link #await()}
   */
  boolean await(Duration timeout);

  /**
   * Returns the event of {@link #await()}, for a fiber that synchronizes on it while it holds the
   * lock. If nothing else is found ready, the lock is released when the event is offered, and taken
   * again when the synchronization has been decided. However that ends, by a signal, by another
   * alternative, by cancelation or by an exception, the calling fiber has the lock again when
   * {@link Event#sync} returns or throws, as after {@link #await()}. Functions that are wrapped
   * around the events run while the lock is held.
   *
   * {@snippet :
   * mutex.runLocked(() -> {
   *   while (items.isEmpty() && !stopped) {
   *     Event.select(notEmpty.awaitEvent(), stop.readEvent().wrap(nothing -> stopped = true));
   *   }
   * });
   * }
   *
   * <p>A signal that comes when another alternative has been chosen goes to the next waiter. {@link
   * Event#poll} finds this never ready, and does not release the lock.
   *
   * <p>{@link Event#sync} throws as {@link #await()} does, and an {@link IllegalArgumentException},
   * before it releases anything, if the event offers two conditions of one lock.
   */
  Event<@Nullable Void> awaitEvent();

  /** Wakes the fiber that has waited longest, if any waits. Not cancelable. */
  void signal();

  /**
   * Wakes all fibers that wait, in the order in which they came. Not cancelable. If a scheduler
   * fails to wake one of them, the others are woken all the same, and then this throws what the
   * scheduler threw.
   */
  void signalAll();
}
