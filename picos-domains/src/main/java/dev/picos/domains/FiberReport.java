package dev.picos.domains;

import dev.picos.core.Fiber;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a fiber was doing at a certain moment.
 *
 * @param fiber the fiber
 * @param number its place in the order in which the fibers of its run were spawned, from 0, which
 *     is the main fiber
 * @param name the name of its thread; empty if nobody has given it one
 * @param status what it was doing
 * @param stack its stack, innermost first
 * @param spawnedAt the stack where it was spawned; empty if that has not been recorded
 * @param monitor the monitor that it waits to enter, or in {@link Object#wait}, and the fiber that
 *     owns it, unless that one is running; {@code null} if it waits for none. The JVM tells this
 *     from JDK 25 on, of fibers that do not block their carriers; otherwise this says no more than
 *     that it waits to enter one
 */
public record FiberReport(
    Fiber fiber,
    long number,
    String name,
    Status status,
    List<StackTraceElement> stack,
    List<StackTraceElement> spawnedAt,
    @Nullable String monitor) {
  private static final int FRAMES = 12;
  private static final int MOST_DESCRIBED = 50;

  /** What a fiber is doing. */
  public enum Status {
    /** It has been spawned, and has not had a turn yet. */
    NEW("has not started"),
    /** It waits for its turn. */
    READY("is ready"),
    /** It computes, on a domain. */
    RUNNING("is running"),
    /** It waits for something. */
    WAITING("waits");

    private final String words;

    Status(String words) {
      this.words = words;
    }
  }

  /**
   * Describes the fiber, with the stacks from where they enter the program: what the JDK and this
   * library have on top of that is left out, but for the operation that the program has called.
   */
  @Override
  public String toString() {
    String operation = operation(stack);
    String report =
        "fiber %d%s %s%s%s%s"
            .formatted(
                number,
                name.isEmpty() ? "" : " \"" + name + "\"",
                status.words,
                operation == null ? "" : " in " + operation,
                monitor == null ? "" : " for the monitor " + monitor,
                status == Status.NEW ? "" : lines(stack));
    return spawnedAt.isEmpty()
        ? report
        : report + System.lineSeparator() + "  and was spawned" + lines(spawnedAt);
  }

  /** Describes the first of {@code fibers}, each on lines of its own, and counts the others. */
  static void describe(List<FiberReport> fibers, long count, StringBuilder message) {
    String newLine = System.lineSeparator();
    int described = Math.min(fibers.size(), MOST_DESCRIBED);
    for (FiberReport each : fibers.subList(0, described)) {
      message.append(newLine).append(each);
    }
    if (count > described) {
      message.append(newLine).append("and ").append(count - described).append(" more fibers");
    }
  }

  /** What the program has called, or {@code null} if the fiber is in code of its own. */
  private static @Nullable String operation(List<StackTraceElement> stack) {
    int outer = countInner(stack);
    if (outer == 0) {
      return null;
    }
    StackTraceElement called = stack.get(outer - 1);
    return called.getClassName() + "." + called.getMethodName();
  }

  private static String lines(List<StackTraceElement> stack) {
    StringBuilder lines = new StringBuilder();
    stack.stream()
        .skip(countInner(stack))
        .limit(FRAMES)
        .forEach(frame -> lines.append(System.lineSeparator()).append("    at ").append(frame));
    return lines.isEmpty() ? " at an unknown place" : lines.toString();
  }

  /** How many frames are on top of the program's; 0 if there are none but such frames. */
  private static int countInner(List<StackTraceElement> stack) {
    for (int i = 0; i < stack.size(); i++) {
      if (!isInner(stack.get(i).getClassName())) {
        return i;
      }
    }
    return 0;
  }

  /** Whether the class of that name is one of the JDK or of this library. */
  static boolean isInner(String name) {
    return name.startsWith("java.lang.")
        || name.startsWith("java.util.concurrent.")
        || name.startsWith("jdk.internal.")
        || name.startsWith("dev.picos.core.")
        || name.startsWith("dev.picos.domains.")
        || name.startsWith("dev.picos.std.")
        || (name.startsWith("dev.picos.sched.") && name.endsWith("Scheduler"));
  }
}
