package dev.picos.domains;

import java.lang.reflect.Method;
import java.util.Iterator;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The table of all virtual threads that the JVM keeps, so that a dump shows them. A thread is taken
 * out when it ends; so one that never runs again stays there, with all that its stack refers to,
 * unless somebody else takes it out.
 *
 * <p>This is not needed to run fibers. Where the JDK has no such table, as with {@code
 * -Djdk.trackAllThreads=false}, or has changed, nothing is taken out.
 */
final class ThreadTable {
  // For maintainers.
  //
  // The table belongs to the container of all threads that were started in the usual way.

  private static final @Nullable ThreadTable INSTANCE = open();

  private final Object root;
  private final Method threads;
  private final Method onExit;

  private ThreadTable() throws ReflectiveOperationException {
    Class<?> container = JdkInternals.type("ThreadContainer");
    root = JdkInternals.method(JdkInternals.type("ThreadContainers"), "root").invoke(null);
    threads = JdkInternals.method(container, "threads");
    onExit = JdkInternals.method(container, "onExit", Thread.class);
  }

  private static @Nullable ThreadTable open() {
    try {
      return new ThreadTable();
    } catch (ReflectiveOperationException | RuntimeException absent) {
      return null;
    }
  }

  /**
   * Takes those virtual threads out that {@code neverRunAgain} holds for. Called in a platform
   * thread. This looks at every virtual thread of the JVM.
   */
  static void remove(Predicate<? super Thread> neverRunAgain) {
    if (INSTANCE != null) {
      try {
        INSTANCE.removeAll(neverRunAgain);
      } catch (ReflectiveOperationException failed) {
        // They stay.
      }
    }
  }

  /**
   * Gives every virtual thread of the JVM to {@code action}; returns whether there is a table of
   * them. Threads that start or end meanwhile may be missed.
   */
  static boolean forEach(Consumer<? super Thread> action) {
    if (INSTANCE == null) {
      return false;
    }
    try {
      INSTANCE.all().forEachRemaining(action);
      return true;
    } catch (ReflectiveOperationException failed) {
      return false;
    }
  }

  private Iterator<Thread> all() throws ReflectiveOperationException {
    return ((Stream<?>) threads.invoke(root))
        .filter(each -> each instanceof Thread thread && thread.isVirtual())
        .map(Thread.class::cast)
        .iterator();
  }

  private void removeAll(Predicate<? super Thread> neverRunAgain)
      throws ReflectiveOperationException {
    Iterator<Thread> all = all();
    while (all.hasNext()) {
      Thread thread = all.next();
      if (neverRunAgain.test(thread)) {
        onExit.invoke(root, thread);
      }
    }
  }
}
