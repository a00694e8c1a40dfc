package dev.picos.domains;

import java.util.List;

/**
 * Thrown when, in a run whose world is closed, no fiber can run and no timeout is set, so that
 * nothing would ever happen again. It is thrown out of the run, and out of what each of its fibers
 * awaits.
 *
 * <p>The message names the scheduler, and with it the seed of a run that one determines. It
 * describes the fibers, or the first of them if there are very many.
 */
public final class DeadlockException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient List<FiberReport> fibers;

  DeadlockException(String scheduler, List<FiberReport> fibers) {
    super(describe(scheduler, fibers));
    this.fibers = fibers;
  }

  private static String describe(String scheduler, List<FiberReport> fibers) {
    StringBuilder message =
        new StringBuilder("no fiber can run, and no timeout is set, in a run of ");
    message.append(scheduler).append("; ").append(fibers.size());
    message.append(fibers.size() == 1 ? " waits:" : " wait:");
    FiberReport.describe(fibers, fibers.size(), message);
    return message.toString();
  }

  /** Returns the fibers, in the order in which they were spawned. */
  public List<FiberReport> fibers() {
    return fibers == null ? List.of() : fibers; // after deserialisation
  }
}
