package dev.picos.domains;

import dev.picos.core.Fiber;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What domains and fibers tell a flight recording. In a JVM without the module {@code jdk.jfr}, and
 * when there is no memory for an event, that is nothing: a recording is for observers, and domains
 * go on without it.
 *
 * <p>The events of fibers are off unless a recording turns them on: {@code dev.picos.FiberStart},
 * {@code FiberEnd}, {@code FiberWait}, {@code FiberPinned} and {@code FibersStolen}. They tell the
 * name of the fiber's thread. Threads that a program starts, which are fibers as well, begin and
 * end without an event of ours: the JDK has events for that.
 */
public final class FlightRecording {
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

  // The fibers. A setting of an event type is a read of a few fields, and false in a JVM that has
  // never recorded anything. To ask for the first time may fail for lack of memory, too.

  /** Called in a fiber that has its first turn. */
  static void started(Execution execution) {
    try {
      if (IS_POSSIBLE && FiberStart.SETTING.isEnabled()) {
        FiberStart start = new FiberStart();
        start.scheduler = execution.toString();
        start.commit();
      }
    } catch (Throwable failed) {
      // likewise
    }
  }

  /** Called in the thread of a fiber whose main is over. */
  static void ended(Execution execution) {
    try {
      if (IS_POSSIBLE && FiberEnd.SETTING.isEnabled()) {
        FiberEnd end = new FiberEnd();
        end.fiber = Thread.currentThread().getName();
        end.scheduler = execution.toString();
        end.commit();
      }
    } catch (Throwable failed) {
      // likewise
    }
  }

  /** Begins the event that a fiber is suspended. */
  static @Nullable FiberWait beginWait() {
    try {
      if (IS_POSSIBLE && FiberWait.SETTING.isEnabled()) {
        FiberWait wait = new FiberWait();
        wait.begin();
        return wait;
      }
    } catch (Throwable failed) {
      // likewise
    }
    return null;
  }

  /** Ends an event, in the thread of the fiber. */
  static void end(FiberWait wait, Execution execution, Fiber fiber) {
    try {
      wait.fiber = Thread.currentThread().getName();
      wait.scheduler = execution.toString();
      wait.canceled = fiber.isCanceled();
      wait.commit();
    } catch (Throwable failed) {
      // likewise
    }
  }

  /** Called when another domain goes on with the fibers of one that {@code fiber} blocks. */
  static void pinned(Execution execution, Thread fiber, Enum<?> sign) {
    try {
      if (IS_POSSIBLE && FiberPinned.SETTING.isEnabled()) {
        FiberPinned pinned = new FiberPinned();
        pinned.scheduler = execution.toString();
        pinned.fiber = fiber.getName();
        pinned.place = String.valueOf(OutsideControl.placeOf(fiber));
        pinned.sign = sign.name().toLowerCase(Locale.ROOT).replace('_', ' ');
        pinned.commit();
      }
    } catch (Throwable failed) {
      // likewise
    }
  }

  /**
   * Tells a recording that the calling domain has taken {@code fibers} from another one; for
   * policies of several domains.
   */
  public static void stole(int fibers) {
    try {
      if (IS_POSSIBLE && FibersStolen.SETTING.isEnabled()) {
        FibersStolen stolen = new FibersStolen();
        stolen.fibers = fibers;
        stolen.commit();
      }
    } catch (Throwable failed) {
      // likewise
    }
  }
}
