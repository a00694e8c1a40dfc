package dev.picos.bench;

import java.lang.reflect.Constructor;
import java.util.ArrayDeque;
import java.util.concurrent.Executor;

/**
 * Virtual threads on a queue that the calling thread empties: what the JDK gives to anyone who
 * schedules virtual threads on one thread, with nothing of ours. All threads must be started and
 * unparked from within.
 */
final class OwnExecutor implements Executor {
  private static final Constructor<?> BUILDER;

  static {
    try {
      BUILDER =
          Class.forName("java.lang.ThreadBuilders$VirtualThreadBuilder")
              .getDeclaredConstructor(Executor.class);
      BUILDER.setAccessible(true);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final ArrayDeque<Runnable> ready = new ArrayDeque<>(1024);

  @Override
  public void execute(Runnable slice) {
    ready.add(slice);
  }

  Thread start(Runnable body) {
    Thread thread = unstarted(body);
    thread.start();
    return thread;
  }

  Thread unstarted(Runnable body) {
    try {
      return ((Thread.Builder.OfVirtual) BUILDER.newInstance(this))
          .inheritInheritableThreadLocals(false)
          .unstarted(body);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Runs until nothing is ready. */
  void run() {
    for (Runnable slice = ready.poll(); slice != null; slice = ready.poll()) {
      slice.run();
    }
  }
}
