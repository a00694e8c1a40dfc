package dev.picos.domains;

import java.lang.reflect.Method;
import java.util.Iterator;
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

  private void removeAll(Predicate<? super Thread> neverRunAgain)
      throws ReflectiveOperationException {
    Iterator<?> all = ((Stream<?>) threads.invoke(root)).iterator();
    while (all.hasNext()) {
      if (all.next() instanceof Thread thread && thread.isVirtual() && neverRunAgain.test(thread)) {
        onExit.invoke(root, thread);
      }
    }
  }
}
