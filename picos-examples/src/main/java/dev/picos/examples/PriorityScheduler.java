package dev.picos.examples;

import dev.picos.core.Fiber;
import dev.picos.core.FiberLocal;
import dev.picos.core.Scheduler;
import dev.picos.domains.Execution;
import java.util.function.Consumer;
import java.util.function.Function;

// region scheduler
/**
 * Runs the fiber that has the highest {@link #PRIORITY}, and of several such fibers the one that
 * has been ready for longest. Fibers that are woken because they are canceled come before all
 * others. One turn in eight is offered to the priorities in rotation, so that none starves.
 */
public final class PriorityScheduler implements Scheduler {
  /** How urgent a fiber is. */
  public enum Priority {
    HIGH,
    NORMAL,
    LOW
  }

  /**
   * The priority of a fiber, {@code NORMAL} if it has none. Its creator sets it before the fiber is
   * spawned; if the fiber itself sets it, that counts from the next time that it becomes ready.
   */
  public static final FiberLocal<Priority> PRIORITY = new FiberLocal<>();

  private final Function<? super Fiber, Priority> priority;

  public PriorityScheduler() {
    this(fiber -> PRIORITY.getOrDefault(fiber, Priority.NORMAL));
  }

  /** For tests: asks {@code priority} each time that a fiber becomes ready. */
  PriorityScheduler(Function<? super Fiber, Priority> priority) {
    this.priority = priority;
  }

  @Override
  public void run(Fiber fiber, Consumer<? super Fiber> main) {
    new Execution(new Priorities(priority)).run(fiber, main);
  }
}
// endregion
