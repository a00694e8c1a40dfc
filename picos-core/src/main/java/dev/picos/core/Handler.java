package dev.picos.core;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The five operations of a scheduler, as the fibers that it runs call them, and its chance.
 *
 * <p>Libraries do not call these; they use {@link Fiber}, {@link Trigger} and {@link Computation},
 * whose operations come here in the calling thread. An operation finds its handler in this order:
 * the innermost one that {@link #using} has bound in the thread; the scheduler whose fiber the
 * thread is; and for every other thread the <em>thread handler</em>, under which awaiting parks the
 * thread and a spawned fiber is a virtual thread. So every Java thread is a fiber.
 *
 * <p>Except for {@link #await}, what an operation throws comes out of the call in the fiber.
 */
public interface Handler {
  /** Returns the fiber that calls, always the same one. Must not throw, canceled or not. */
  Fiber current();

  /**
   * Starts {@code main} as {@code fiber}. If the caller is canceled it must throw the reason and
   * not start the fiber; once it has returned, {@code main} must be called, even if {@code fiber}
   * itself is canceled by then. An exception that leaves {@code main} stops the scheduler with
   * {@link FatalFiberError}; fibers that exist are not unwound.
   */
  void spawn(Fiber fiber, Consumer<? super Fiber> main);

  /**
   * Lets other ready fibers run before the caller continues. If the caller is canceled by then,
   * throws the reason.
   */
  void yield();

  /**
   * Arranges that {@code computation} is canceled with {@code reason} after {@code delay}, which is
   * not negative, by a monotonic clock and never early. Must hold on to nothing once the
   * computation is completed. If the caller is canceled, throws the reason and arranges nothing.
   */
  void cancelAfter(Computation<?> computation, Duration delay, Throwable reason);

  /**
   * Suspends the calling fiber until {@code trigger} is signaled, with the help of {@link
   * Fiber#trySuspend} and {@link Fiber#unsuspend}. If the fiber permits cancelation, that must
   * signal the trigger too; whenever the fiber continues, the trigger must be signaled. Must not
   * throw.
   *
   * @return the reason if the fiber is canceled when it continues, else {@code null}
   */
  @Nullable Throwable await(Trigger trigger);

  /**
   * Returns a number from 0 to {@code bound - 1} by chance, each as likely as the others. A
   * scheduler whose runs can be repeated overrides this with what is the same in each of them.
   *
   * @throws IllegalArgumentException if {@code bound} is not positive
   */
  default int random(int bound) {
    return ThreadLocalRandom.current().nextInt(bound);
  }

  /**
   * Runs {@code body} in the calling thread with {@code handler} for its operations, and then
   * restores what was there before. Nests. This is how an event loop that has its own idea of
   * fibers becomes a scheduler; fibers that the handler starts in other threads bind it there in
   * the same way.
   */
  static <E extends Exception> void using(Handler handler, Block<E> body) throws E {
    Handlers.using(handler, body);
  }
}
