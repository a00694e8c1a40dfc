package dev.picos.domains;

import org.jspecify.annotations.Nullable;

/**
 * What makes one scheduler differ from another: which ready fiber runs next. One instance serves
 * one domain of one {@link Execution}, which does everything else.
 *
 * <p>A policy need not care for threads: its methods are called on its domain only, one at a time,
 * but for {@code toString} and {@link #available}. When an execution moves to another domain,
 * everything is visible there that was done before.
 *
 * <p>An execution on several domains has a policy for each, and these know each other: one that has
 * no fiber takes from another, in a way that is safe for both. So does a new domain on a seat that
 * was left.
 *
 * <p>Its {@code toString()} names the scheduler, for those who look at a domain and at flight
 * recordings; it may be called in any thread.
 *
 * <p>No method may block, not even on a lock, await or spawn: some are called on the stack of a
 * fiber, which would leave the domain in the middle of it. An exception out of any of them stops
 * the execution like one out of a fiber's {@code main}.
 */
public interface Policy {
  /**
   * Keeps {@code fiber} until {@link #next} returns it, perhaps that of another policy of the same
   * execution. Called when a fiber spawns, yields or wakes another one; what other threads wake is
   * handed over between two fibers. The fiber is suspended, or has not started, so its locals may
   * be read.
   *
   * <p>An {@link OutOfMemoryError} out of this, and only out of this, is not fatal, and must leave
   * the policy without the fiber and with all that it had: the spawn throws it, and a wake-up calls
   * this again later.
   *
   * @param first whether the fiber was resumed because it is canceled, and had better go ahead of
   *     others to release what it holds
   */
  void ready(Ready fiber, boolean first);

  /**
   * Removes and returns the fiber to run next, or returns {@code null} if there is none at present.
   * Called each time that a fiber suspends, yields or ends.
   */
  @Nullable Ready next();

  /** Returns whether {@link #next} would find no fiber. */
  boolean isEmpty();

  /** What a fiber may have to give way after. */
  enum Operation {
    /** It has started another fiber. */
    SPAWN,
    /** It has set a timeout. */
    CANCEL_AFTER,
    /** It has awaited something that was there already. */
    AWAIT
  }

  /**
   * Counts an operation that the running fiber has made without giving way, and returns whether it
   * has to give way now.
   */
  boolean spend(Operation operation);

  /**
   * Nothing is ready on any domain of the execution, and the last one is about to sleep. A policy
   * whose clock is its own advances it here. Called on the domain.
   *
   * @return whether it is worth looking again at once
   */
  default boolean passTime() {
    return false;
  }

  /**
   * Returns about how many fibers wait here that another domain could take. Called in any thread; a
   * hint, by which more domains are called in.
   */
  default int available() {
    return 0;
  }

  /**
   * The domain is needed elsewhere and leaves. Fibers that others cannot take from here have to be
   * handed to where they can. Called on the domain.
   */
  default void leave() {}
}
