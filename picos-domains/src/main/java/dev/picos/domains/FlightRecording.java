package dev.picos.domains;

import org.jspecify.annotations.Nullable;

/**
 * What domains tell a flight recording. In a JVM without the module {@code jdk.jfr}, and when there
 * is no memory for an event, that is nothing: a recording is for observers, and domains go on
 * without it.
 */
final class FlightRecording {
  // The classes of the events must not be loaded where their superclass cannot be. So this class
  // alone calls them, and only if the module is there; to name them as types does not load them.

  private static final boolean IS_POSSIBLE = isPossible();

  private FlightRecording() {}

  private static boolean isPossible() {
    try {
      Class.forName("jdk.jfr.Event", false, FlightRecording.class.getClassLoader());
      return true;
    } catch (Throwable absent) {
      return false;
    }
  }

  /** Begins the event that a domain has nothing to do. */
  static @Nullable DomainSlept beginSlept() {
    if (IS_POSSIBLE) {
      try {
        DomainSlept slept = new DomainSlept();
        slept.begin();
        return slept;
      } catch (Throwable failed) {
        // such as for lack of memory
      }
    }
    return null;
  }

  /** Ends an event, if there is one. */
  static void end(@Nullable DomainSlept slept, Domain domain) {
    if (slept != null) {
      try {
        slept.commit(domain);
      } catch (Throwable failed) {
        // likewise
      }
    }
  }

  /** Begins the event that a domain runs a task. */
  static @Nullable DomainLent beginLent() {
    if (IS_POSSIBLE) {
      try {
        DomainLent lent = new DomainLent();
        lent.begin();
        return lent;
      } catch (Throwable failed) {
        // likewise
      }
    }
    return null;
  }

  /** Ends an event, if there is one. */
  static void end(@Nullable DomainLent lent, Domain domain, DomainTask task) {
    if (lent != null) {
      try {
        lent.commit(domain, task);
      } catch (Throwable failed) {
        // likewise, or because the task cannot say its name
      }
    }
  }
}
