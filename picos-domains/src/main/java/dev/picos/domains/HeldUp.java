package dev.picos.domains;

import java.lang.System.Logger.Level;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Logs that a fiber has kept a domain to itself for half a second while others wait for it, once
 * for each place in the program. To log takes time, so a domain does it.
 */
final class HeldUp implements DomainTask {
  private static final System.Logger LOGGER = System.getLogger("dev.picos.domains");

  private static final Set<StackTraceElement> REPORTED = ConcurrentHashMap.newKeySet();

  private final Execution execution;
  private final StackTraceElement place;

  private HeldUp(Execution execution, StackTraceElement place) {
    this.execution = execution;
    this.place = place;
  }

  /** Called when {@code thread} has not given way. */
  static void report(Execution execution, Thread thread) {
    if (execution.areFibersWaiting()) {
      StackTraceElement place = OutsideControl.placeOf(thread);
      if (place != null && REPORTED.add(place)) {
        Domains.shared().spawn(new HeldUp(execution, place));
      }
    }
  }

  @Override
  public void run(Domain here) {
    LOGGER.log(
        Level.WARNING,
        "a fiber of {0} has not given way for half a second, while others wait: it is at {1}",
        execution,
        place);
  }

  /** Names the execution. */
  @Override
  public String toString() {
    return execution.toString();
  }
}
