package dev.picos.domains;

import dev.picos.core.Computation;
import dev.picos.core.Fiber;
import dev.picos.core.Outcome;
import java.lang.invoke.VarHandle;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The fibers of a service that have begun, or of a run that may be given up, each with the host
 * that it runs on, so that they can be stopped by force.
 */
final class Roster {
  // For maintainers.
  //
  // A host is in the map from when it gets its first fiber of the execution until it is free or
  // ends. In between it goes from one fiber to the next, and the entry with it.
  //
  // Nobody escapes. A fiber is first put into the map, and then it reads forced; whoever forces
  // writes forced, and then goes through the map. So at least one of the two sees the other.
  //
  // No other execution's fiber is interrupted. A host is first taken out of the map, and then asks
  // whether it may be reused. If it may, forced was not set at that time, and so whoever forces
  // went through the map after the host was taken out. If it may not, it ends, and an interrupt
  // that comes too late finds a thread that does nothing any more. One that finds the next fiber on
  // the host finds a fiber of the same execution, which is to be interrupted anyway.
  //
  // The map's accesses are no volatile ones, hence the fences.

  private final Map<Host, Fiber> begun = new ConcurrentHashMap<>();
  private final Consumer<Throwable> uncaught;
  private volatile Outcome.@Nullable Canceled<?> forced;

  /**
   * @param uncaught is told what an action throws that is attached to a computation, and what
   *     escapes from a fiber; does not throw
   */
  Roster(Consumer<Throwable> uncaught) {
    this.uncaught = uncaught;
  }

  /** Called when a host gets a fiber. */
  void begun(Fiber fiber, Host host) {
    try {
      begun.put(host, fiber);
    } catch (OutOfMemoryError full) {
      // The fiber has to run. It can be stopped by force only before it starts.
    }
  }

  /** Called by a host that has no fiber any more. */
  void left(Host host) {
    begun.remove(host);
    VarHandle.fullFence();
  }

  /** Called in the thread of a fiber that is about to start. */
  void starting(Fiber fiber, Thread thread) {
    VarHandle.fullFence();
    Outcome.Canceled<?> canceled = forced;
    if (canceled != null) {
      stop(fiber, thread, canceled);
    }
  }

  /** Cancels and interrupts every fiber that has begun, and every one that begins from now on. */
  void force(Outcome.Canceled<?> canceled) {
    forced = canceled;
    VarHandle.fullFence();
    begun.forEach((host, fiber) -> stop(fiber, host.thread, canceled));
  }

  boolean isForced() {
    return forced != null;
  }

  private void stop(Fiber fiber, Thread thread, Outcome.Canceled<?> canceled) {
    cancel(fiber.computation(), canceled);
    thread.interrupt();
  }

  /** Cancels without taking memory, and whatever actions throw. */
  @SuppressWarnings("unchecked") // a cancelation has no value
  void cancel(Computation<?> computation, Outcome.Canceled<?> canceled) {
    try {
      ((Computation<Object>) computation).tryComplete((Outcome<Object>) canceled);
    } catch (Throwable byAction) {
      uncaught(byAction);
    }
  }

  /** Called with what nobody else learns of. */
  void uncaught(Throwable thrown) {
    uncaught.accept(thrown);
  }
}
