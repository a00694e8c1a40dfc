package dev.picos.tck;

import dev.picos.core.Body;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What threads are doing, those of fibers included. */
final class Threads {
  // The JDK lists platform threads only, and the only way it has to dump virtual threads, too, has
  // been seen to crash the JVM (25.0.3) while many of them come and go. So fibers note their
  // threads here.

  private static final int MOST = 50;

  /** The threads of fibers, with their rules: several may run at a time, for several schedulers. */
  private static final Map<Thread, Rules> OF_FIBERS = new ConcurrentHashMap<>();

  private static volatile @Nullable Rules latest;

  private Threads() {}

  /** Called when a rule begins. */
  static void begin(Rules rule) {
    latest = rule;
  }

  /** Called when a rule is over; forgets the fibers that it may have left behind. */
  static void end(Rules rule) {
    OF_FIBERS.values().removeIf(each -> each == rule);
  }

  /** The rule that the calling fiber belongs to; a guess where the fiber was not noted. */
  static @Nullable Rules rule() {
    Rules noted = OF_FIBERS.get(Thread.currentThread());
    return noted == null ? latest : noted;
  }

  /** Runs {@code body}; meanwhile, dumps show the calling thread. */
  static <T extends @Nullable Object, E extends Exception> T noted(
      @Nullable Rules rule, Body<? extends T, E> body) throws E {
    Thread thread = Thread.currentThread();
    if (rule != null) {
      OF_FIBERS.put(thread, rule);
    }
    try {
      return body.run();
    } finally {
      OF_FIBERS.remove(thread);
    }
  }

  /** How many platform threads there are in this JVM. */
  static int countPlatform() {
    ThreadGroup all = Thread.currentThread().getThreadGroup();
    while (all.getParent() != null) {
      all = all.getParent();
    }
    return all.activeCount();
  }

  /** Describes every fiber of a rule, and the platform threads that are not mere machinery. */
  static String dump(Rules rule) {
    Stream<String> platform =
        Thread.getAllStackTraces().entrySet().stream()
            .filter(entry -> !OF_FIBERS.containsKey(entry.getKey()))
            .filter(entry -> Stream.of(entry.getValue()).anyMatch(Threads::isOfInterest))
            .map(Threads::describe);
    List<Thread> fibers =
        OF_FIBERS.entrySet().stream()
            .filter(entry -> entry.getValue() == rule)
            .map(Map.Entry::getKey)
            .toList();
    Stream<String> ofFibers =
        fibers.stream().map(thread -> describe(Map.entry(thread, thread.getStackTrace())));
    int more = fibers.size() - MOST;
    return Stream.concat(ofFibers.limit(MOST), platform).collect(Collectors.joining("\n"))
        + (more > 0 ? "\nand " + more + " more threads of fibers" : "");
  }

  /** Whether a frame belongs neither to the JDK nor to what runs tests. */
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
