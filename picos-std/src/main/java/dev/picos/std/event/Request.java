package dev.picos.std.event;

import dev.picos.core.Outcome;
import org.jspecify.annotations.Nullable;

/**
 * What an event of one's own does when a fiber synchronizes on it. For authors of libraries; see
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
 * <p>One request serves any number of synchronizations, by several fibers at once.
 *
 * @param <T> what the event gives
 */
@FunctionalInterface
public interface Request<T extends @Nullable Object> {
  /**
   * Arranges that {@code offer} is committed once the event has happened, or commits it now. Called
   * in the synchronizing fiber, at most once in each synchronization. Must not wait.
   *
   * <p>If it throws, it has to have left nothing behind, and {@link Event#sync} throws the same,
   * unless another alternative has been committed to by then; that wins, and the exception is
   * dropped, since what the alternative gave would be lost.
   *
   * @return what takes the arrangement back, or {@code null} if there is nothing to take back. It
   *     is run at most once, in the synchronizing fiber, if the fiber did not commit to this offer.
   *     Must neither wait nor throw
   */
  @Nullable Runnable issue(Offer<T> offer);

  /**
   * A request that can tell without an offer whether its event is ready. Then a synchronization
   * that finds something ready costs no arrangements.
   *
   * @param <T> what the event gives
   */
  interface Pollable<T extends @Nullable Object> extends Request<T> {
    /**
     * Commits now if that is possible at once: what a returned outcome says has happened. Called in
     * the synchronizing fiber. Must not wait, and leaves nothing behind.
     *
     * @return the value, or the exception that the synchronization is to throw; {@code null} if the
     *     event is not ready
     */
    @Nullable Outcome<T> poll();
  }
}
