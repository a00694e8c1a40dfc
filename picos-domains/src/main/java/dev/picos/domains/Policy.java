package dev.picos.domains;

import org.jspecify.annotations.Nullable;

/**
 * What makes one scheduler differ from another: which ready fiber runs next. One instance serves
 * one domain of one {@link Execution}, which does everything else.
 *
 * <p>A policy need not care about threads: its methods are called on its domain only, one at a
 * time, except for {@code toString} and {@link #available}. When an execution moves to another
 * domain, everything that was done before is visible there.
 *
 * <p>An execution on several domains has a policy for each, and these know each other: one that has
 * no fiber takes from another, in a way that is safe for both. So does a new domain on a seat that
 * was left.
 *
 * <p>Its {@code toString()} names the scheduler, for those who look at a domain and at flight
 * recordings; it may be called in any thread.
 *
 * <p>No method may block, not even on a lock, await or spawn: some are called on the stack of a
 * fiber, which would leave the domain in the middle of the call. An exception out of any of them
 * stops the execution like one out of a fiber's {@code main}.
 */
public interface Policy {
  /**
   * Keeps {@code fiber} until {@link #next} returns it, perhaps that of another policy of the same
   * execution. This is called when a fiber spawns, yields or wakes another one; a fiber that
   * another thread wakes is handed over between two fibers. The fiber is suspended, or has not
   * started, so its locals may be read.
   *
   * <p>An {@link OutOfMemoryError} out of this is not fatal, nor is a {@link StackOverflowError},
   * as this may be called deep in somebody's recursion. Either must leave the policy without the
   * fiber and with all that it had: the spawn throws it, and a wake-up calls this again later. A
   * fiber that has not started and for which there is no thread comes back through this, too.
   *
   * @param first whether the fiber was resumed because it is canceled, and had better go ahead of
   *     others to release what it holds
   */
  void ready(Ready fiber, boolean first);

  /**
   * Removes and returns the fiber to run next, or returns {@code null} if there is none at present.
   * This is called each time that a fiber suspends, yields or ends.
   */
  @Nullable Ready next();

  /** Returns whether {@link #next} would find no fiber. */
  boolean isEmpty();

  /**
   * Returns whether there are fibers here that run before any that starts now. Then those that
   * other threads have started may wait outside for a few turns: to take them in one by one is
   * expensive while more are coming. They are taken in before this is given any other fiber, so the
   * order does not change.
   */
  default boolean hasEarlier() {
    return false;
  }

  /** The operations after which a fiber may have to give way. */
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
   * Called on the last domain when nothing is ready on any domain of the execution and it is about
   * to sleep. A policy that has a clock of its own advances it here. An {@link OutOfMemoryError}
   * out of this is not fatal, and must leave everything as it was: this is called again later.
   *
   * @return whether it is worth looking again at once
   */
  default boolean passTime() {
    return false;
  }

  /**
   * Returns about how many fibers wait here that another domain could take. This is called in any
   * thread. It is a hint by which more domains are called in, and by which it is logged that a
   * fiber keeps others from running.
   */
  default int available() {
    return 0;
  }

  /**
   * Called on the domain when it is needed elsewhere and leaves. Fibers that others cannot take
   * from here have to be handed to where others can take them. If no other domain can be had, this
   * one goes on, and this is called again.
   */
  default void leave() {}
}
