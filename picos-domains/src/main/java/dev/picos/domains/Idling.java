package dev.picos.domains;

import java.util.concurrent.locks.LockSupport;

/**
 * How a domain of the pool waits while it has nothing to do; see {@link Domains#prepare(int,
 * java.util.function.Supplier)}. Each domain has one of its own.
 *
 * <p>The methods are called in the domain's thread, which looks for work between the calls. They
 * may spin, or park the thread, also without a limit: whoever brings work unparks it. They must not
 * wait for anything else. If one throws, the thread's handler of uncaught exceptions gets the first
 * exception, and each time the domain is not on offer for the next ten milliseconds.
 */
@FunctionalInterface
public interface Idling {
  /** Waits for a moment, or until the thread is unparked. */
  void idle();

  /** Called when there is work, before the domain waits for the next time. */
  default void reset() {}

  /** Waits until it is unparked, as domains do by default: it takes no time of a processor. */
  static Idling parking() {
    return LockSupport::park;
  }

  /**
   * Never leaves the processor: work is begun after less than a microsecond, for the price of a
   * whole processor for each domain, as long as its thread lives.
   */
  static Idling spinning() {
    return Thread::onSpinWait;
  }
}
