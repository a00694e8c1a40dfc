package dev.picos.domains;

import java.util.List;

/**
 * Thrown out of a run that was given up before all of its fibers had ended, because it took longer
 * than {@link Execution#runTimeout} allows, or because its caller was interrupted and {@link
 * Execution#endsOnInterrupt} is chosen. This is for tests that hang: nothing else says where.
 *
 * <p>The message names the scheduler, and with it the seed of a run that one determines. It says
 * what each fiber was doing at that time, or the first of them if there are very many: those that
 * were running come before those that waited. If fibers were waiting for runs of their own, which
 * are given up with this one, their fibers follow.
 *
 * <p>After the message has been made, every fiber is canceled with this exception, and interrupted.
 * Where a fiber is under a computation that it shares with others, these are canceled, too. The
 * fibers have a second to clean up and end. Fibers that have not ended by then are left behind, as
 * after a {@link dev.picos.core.FatalFiberError}: they go no further than their next operation or
 * wait, and are not unwound. A fiber that does neither, such as one that computes in an endless
 * loop, goes on after the run, and no other fiber ever has its domain; end the JVM then.
 *
 * <p>What the fibers threw because of something else, on their way out or before, is suppressed in
 * this exception if nobody else learns of it.
 */
public final class UnfinishedRunException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient List<FiberReport> fibers;

  /**
   * @param fibers those that are described, which are not all if there are very many
   */
  UnfinishedRunException(String message, List<FiberReport> fibers) {
    super(message);
    this.fibers = fibers;
  }

  /**
   * Returns the fibers that had not ended, or the first of them if there are very many; those of
   * nested runs are not among them.
   */
  public List<FiberReport> fibers() {
    return fibers == null ? List.of() : fibers; // after deserialisation
  }
}
