package dev.picos.domains;

import org.jspecify.annotations.Nullable;

/**
 * What makes one scheduler differ from another: which ready fiber runs next. One instance serves
 * one {@link Execution}, which does everything else.
 *
 * <p>Its {@code toString()} names the scheduler, for those who look at a domain and at flight
 * recordings; it may be called in any thread.
 *
 * <p>No method may block on a lock that a fiber can hold, and none may await. An exception out of
 * any of them stops the execution like one out of a fiber's {@code main}.
 */
public interface Policy {
  /**
   * Keeps {@code fiber} until {@link #next} returns it. Called in any thread, perhaps in several at
   * once.
   *
   * @param here the domain of the execution if that is where the caller runs, as it is when a fiber
   *     spawns, yields, or wakes another fiber of the same execution: then nobody else is in this
   *     policy's other methods, or in this one with a domain. Otherwise {@code null}
   * @param first whether the fiber was resumed because it is canceled, and had better go ahead of
   *     others to release what it holds
   */
  void ready(Ready fiber, boolean first, @Nullable Domain here);

  /**
   * Removes and returns the fiber to run next, or returns {@code null} if there is none at present.
   * Called on the domain of the execution, each time that a fiber suspends, yields or ends.
   */
  @Nullable Ready next();

  /**
   * Returns whether no fiber is ready. Called on the domain of the execution.
   *
   * <p>The domain sleeps on this: it announces that it does, and then asks; a thread that has
   * called {@link #ready} looks for such an announcement afterwards, behind a full fence. So it is
   * enough that a fiber which {@code ready} has added is seen here at once, as in every concurrent
   * queue.
   */
  boolean isEmpty();

  /**
   * Counts an operation that the running fiber has made without giving way, and returns whether it
   * has to give way now. Called on the domain of the execution.
   */
  boolean spend();
}
