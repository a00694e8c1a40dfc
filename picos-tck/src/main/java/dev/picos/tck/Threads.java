package dev.picos.tck;

import dev.picos.core.Body;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What threads are doing, those of fibers included. */
final class Threads {
  // The JDK lists platform threads only, and the one way it has to dump virtual threads too has
  // been seen to crash the JVM (25.0.3) while many of them come and go. So fibers note theirs.

  private static final int MOST = 50;
  private static final Set<Thread> OF_FIBERS = ConcurrentHashMap.newKeySet();

  private Threads() {}

  /** Runs {@code body}, and has the calling thread shown in dumps meanwhile. */
  static <T extends @Nullable Object, E extends Exception> T noted(Body<? extends T, E> body)
      throws E {
    Thread thread = Thread.currentThread();
    OF_FIBERS.add(thread);
    try {
      return body.run();
    } finally {
      OF_FIBERS.remove(thread);
    }
  }

  /** Forgets the fibers that earlier rules have left behind. */
  static void forget() {
    OF_FIBERS.clear();
  }

  /** Describes every fiber, and the platform threads that are not mere machinery. */
  static String dump() {
    Stream<String> platform =
        Thread.getAllStackTraces().entrySet().stream()
            .filter(entry -> !OF_FIBERS.contains(entry.getKey()))
            .filter(entry -> Stream.of(entry.getValue()).anyMatch(Threads::isOfInterest))
            .map(Threads::describe);
    Stream<String> ofFibers =
        OF_FIBERS.stream().map(thread -> describe(Map.entry(thread, thread.getStackTrace())));
    int more = OF_FIBERS.size() - MOST;
    return Stream.concat(ofFibers.limit(MOST), platform).collect(Collectors.joining("\n"))
        + (more > 0 ? "\nand " + more + " more threads of fibers" : "");
  }

  /** Whether a frame is of neither the JDK nor those who run tests. */
  private static boolean isOfInterest(StackTraceElement frame) {
    return Stream.of("java.", "javax.", "jdk.", "sun.", "org.junit.", "org.apache.maven.")
        .noneMatch(frame.getClassName()::startsWith);
  }

  private static String describe(Map.Entry<Thread, StackTraceElement[]> entry) {
    return entry.getKey()
        + " "
        + entry.getKey().getState()
        + "\n"
        + Stream.of(entry.getValue())
            .map(frame -> "    at " + frame + "\n")
            .collect(Collectors.joining());
  }
}
