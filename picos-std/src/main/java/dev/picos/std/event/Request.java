package dev.picos.std.event;

import dev.picos.core.Outcome;
import org.jspecify.annotations.Nullable;

/**
 * Defines an event: what it does when a fiber synchronizes on it. For authors of libraries; see
 * {@link Event#fromRequest}.
 *
 * {@snippet :
 * Event<Packet> arrival =
 *     Event.fromRequest(
 *         offer -> {
 *           Listener listener = packet -> offer.tryCommit(packet); // called in any thread
 *           device.add(listener);
 *           return () -> device.remove(listener);
 *         });
 * }
 *
 * <p>One request serves any number of synchronizations, even by several fibers at once.
 *
 * @param <T> what the event gives
 */
@FunctionalInterface
public interface Request<T extends @Nullable Object> {
  /**
   * Arranges that {@code offer} is committed to once the event has happened, or commits to it now.
   * It is called in the synchronizing fiber, at most once in each synchronization. It must not
   * wait.
   *
   * <p>If it throws, it must leave nothing behind. Then {@link Event#sync} throws the same, unless
   * another alternative has been committed to by then. In that case the alternative wins, and the
   * exception is dropped, since otherwise what the alternative gave would be lost.
   *
   * @return the action that takes the arrangement back, or {@code null} if there is nothing to take
   *     back. It runs at most once, in the synchronizing fiber, if this offer was not committed to.
   *     It must neither wait nor throw
   */
  @Nullable Runnable issue(Offer<T> offer);

  /**
   * A request that can tell without an offer whether its event is ready. So a synchronization that
   * finds something ready makes no arrangements.
   *
   * @param <T> what the event gives
   */
  interface Pollable<T extends @Nullable Object> extends Request<T> {
    /**
     * Commits now if that is possible at once: if this returns an outcome, the event has happened.
     * It is called in the synchronizing fiber. It must neither wait nor leave anything behind.
     *
     * @return the value, or the exception that the synchronization is to throw; {@code null} if the
     *     event is not ready
     */
    @Nullable Outcome<T> poll();
  }
}
