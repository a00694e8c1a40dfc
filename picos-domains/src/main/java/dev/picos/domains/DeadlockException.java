package dev.picos.domains;

import dev.picos.core.Fiber;
import java.util.List;

/**
 * In a run whose world is closed no fiber can run, and no timeout is set: nothing would ever happen
 * again. Thrown out of the run, and out of what each of its fibers awaits.
 */
public final class DeadlockException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final int FRAMES = 12;

  /**
   * A fiber that waits.
   *
   * @param fiber the fiber
   * @param number in which place it was spawned, from 0, which is the main fiber
   * @param waitsAt its stack, innermost first
   * @param spawnedAt the stack of whoever spawned it
   */
  public record Waiting(
      Fiber fiber,
      long number,
      List<StackTraceElement> waitsAt,
      List<StackTraceElement> spawnedAt) {
    /** Describes the fiber, with the stacks from where they enter the program. */
    @Override
    public String toString() {
      return "fiber %d waits%s%n  and was spawned%s"
          .formatted(number, lines(waitsAt), lines(spawnedAt));
    }

    private static String lines(List<StackTraceElement> stack) {
      StringBuilder lines = new StringBuilder();
      stack.stream()
          .dropWhile(Waiting::isInner)
          .limit(FRAMES)
          .forEach(frame -> lines.append(System.lineSeparator()).append("    at ").append(frame));
      return lines.isEmpty() ? " at an unknown place" : lines.toString();
    }

    private static boolean isInner(StackTraceElement frame) {
      String name = frame.getClassName();
      return name.startsWith("java.lang.")
          || name.equals("java.util.concurrent.locks.LockSupport")
          || name.startsWith("jdk.internal.")
          || name.startsWith("dev.picos.domains.")
          || name.startsWith("dev.picos.core.");
    }
  }

  private final transient List<Waiting> fibers;

  DeadlockException(List<Waiting> fibers) {
    super(describe(fibers));
    this.fibers = fibers;
  }

  private static String describe(List<Waiting> fibers) {
    StringBuilder message = new StringBuilder("no fiber can run, and no timeout is set; ");
    message.append(fibers.size()).append(fibers.size() == 1 ? " waits:" : " wait:");
    for (Waiting each : fibers) {
      message.append(System.lineSeparator()).append(each);
    }
    return message.toString();
  }

  /** Returns the fibers, in the order in which they were spawned. */
  public List<Waiting> fibers() {
    return fibers == null ? List.of() : fibers; // after deserialisation
  }
}
